import { setup } from 'xstate'

/*
 * What two homes may do about a delegation, as their people would tell it. Each event is carried out on two
 * real homes that talk over real sockets, a real community gateway and a real chain (gateways-world.ts); each
 * state says what both homes then show.
 */

export type WatchWorldEvent =
  | { type: 'AWAY_PROPOSES' }
  | { type: 'AWAY_PROPOSES_WHILE_THE_NEIGHBOUR_IS_CUT_OFF' }
  | { type: 'AWAY_ACCEPTS' }
  | { type: 'AWAY_DECLINES' }
  | { type: 'AWAY_OFFERS' }
  | { type: 'AWAY_ENDS' }
  | { type: 'NEAR_ACCEPTS' }
  | { type: 'NEAR_ACCEPTS_WHILE_THE_COMMUNITY_IS_CUT_OFF' }
  | { type: 'NEAR_DECLINES' }
  | { type: 'NEAR_OFFERS' }
  | { type: 'NEAR_ENDS' }
  | { type: 'BOTH_END' }
  | { type: 'THE_TIME_IS_OVER' }

/** What the pages of both homes say of it, and whether the neighbour opens the other's readings. */
export interface WatchMeta {
  readonly away: string
  readonly near: string
  /** Whose answer is waited for. */
  readonly turn: 'away' | 'near' | null
  readonly cares: boolean
}

const both = (state: string, turn: WatchMeta['turn'] = null): WatchMeta => ({
  ...{ away: state, near: state },
  ...{ turn, cares: state === 'active' },
})

const PROPOSALS = {
  AWAY_PROPOSES: 'proposed',
  AWAY_PROPOSES_WHILE_THE_NEIGHBOUR_IS_CUT_OFF: 'proposed',
} as const

export const watchModel = setup({
  types: { events: {} as WatchWorldEvent, meta: {} as WatchMeta },
}).createMachine({
  id: 'watch',
  initial: 'apart',
  states: {
    apart: { on: { AWAY_PROPOSES: 'proposed' } },
    proposed: {
      meta: both('proposed', 'near'),
      on: {
        NEAR_ACCEPTS: 'watched',
        NEAR_ACCEPTS_WHILE_THE_COMMUNITY_IS_CUT_OFF: 'watched',
        NEAR_OFFERS: 'counted',
        NEAR_DECLINES: 'declined',
        AWAY_DECLINES: 'declined',
      },
    },
    /** The neighbour has made an offer of its own. */
    counted: {
      meta: both('negotiating', 'away'),
      on: { AWAY_ACCEPTS: 'watched', AWAY_OFFERS: 'answered', AWAY_DECLINES: 'declined' },
    },
    answered: {
      meta: both('negotiating', 'near'),
      on: { NEAR_ACCEPTS: 'watched', NEAR_OFFERS: 'counted', NEAR_DECLINES: 'declined' },
    },
    watched: {
      meta: both('active'),
      on: { AWAY_ENDS: 'paid', NEAR_ENDS: 'paid', BOTH_END: 'paid', THE_TIME_IS_OVER: 'paid' },
    },
    paid: { meta: both('closed'), on: PROPOSALS },
    declined: { meta: both('declined'), on: PROPOSALS },
  },
})
