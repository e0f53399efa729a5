import { assign, setup } from 'xstate'
import { placeholder } from '../../placeholder.ts'
import type { TradeRole } from '../negotiation/machine.ts'

/** What a home may bid, and why. Prices are micro-SCT for the whole lot, in decimal digits. */
export interface BidWish {
  readonly valueMicroSct: string
  readonly because: string
}

export interface DeterminationContext {
  readonly role: TradeRole
  /** Of a buyer: the name of its order; of a seller: the auction's id. */
  readonly subject: string
  readonly auctionId: string | null
  readonly wish: BidWish | null
  /** Why there is no trade for this home, in words. */
  readonly because: string | null
}

export type DeterminationEvent =
  /** The offer is on the chain, under this number. */
  | { type: 'OFFERED'; auctionId: string }
  /** The contract refused the offer; `again` when another try may succeed. */
  | { type: 'OFFER_REFUSED'; reason: string; again: boolean }
  /** The home's preferences, surplus and rules were asked about a request of a neighbour. */
  | { type: 'INTERESTED'; wish: BidWish }
  | { type: 'NOT_INTERESTED'; because: string }
  /** No rule decides: its people may. */
  | { type: 'UNDECIDED'; because: string }
  | { type: 'PERSON_BIDS'; wish: BidWish }
  | { type: 'PERSON_DECLINES' }
  | { type: 'BIDS_CLOSED' }

/** Why nothing came of a request that was put before people. */
export const UNANSWERED = 'Nobody answered before the bids were closed.'

/**
 * The determination phase (paper §5.3): a buyer puts its request on the chain and tells the neighbours; a
 * seller is told only of requests that match its preferences, and decides by its rules or asks its people.
 */
export const determinationMachine = setup({
  types: {
    context: {} as DeterminationContext,
    events: {} as DeterminationEvent,
    input: {} as { role: TradeRole; subject: string; auctionId: string | null },
  },
  actions: {
    placeOffer: placeholder('placeOffer'),
    gossipOffer: placeholder('gossipOffer'),
    judgeRequest: placeholder('judgeRequest'),
    tellPeople: placeholder('tellPeople'),
    rememberAuction: assign(({ event }) => (event.type === 'OFFERED' ? { auctionId: event.auctionId } : {})),
    rememberWish: assign(({ event }) =>
      event.type === 'INTERESTED' || event.type === 'PERSON_BIDS'
        ? { wish: event.wish, because: event.wish.because }
        : {},
    ),
    rememberReason: assign(({ event }) => {
      switch (event.type) {
        case 'OFFER_REFUSED':
          return { because: event.reason }
        case 'NOT_INTERESTED':
        case 'UNDECIDED':
          return { because: event.because }
        case 'PERSON_DECLINES':
          return { because: 'You declined.' }
        case 'BIDS_CLOSED':
          return { because: UNANSWERED }
        default:
          return {}
      }
    }),
  },
  guards: {
    isBuyer: ({ context }) => context.role === 'buyer',
    mayTryAgain: ({ event }) => event.type === 'OFFER_REFUSED' && event.again,
  },
}).createMachine({
  id: 'determination',
  context: ({ input }) => ({ ...input, wish: null, because: null }),
  initial: 'opening',
  states: {
    opening: { always: [{ guard: 'isBuyer', target: 'requesting' }, { target: 'considering' }] },
    requesting: {
      initial: 'offering',
      states: {
        offering: {
          entry: 'placeOffer',
          on: {
            OFFERED: { target: '#determination.offered', actions: 'rememberAuction' },
            OFFER_REFUSED: [
              { guard: 'mayTryAgain', target: 'offering', reenter: true },
              { target: '#determination.refused', actions: 'rememberReason' },
            ],
          },
        },
      },
    },
    considering: {
      initial: 'judging',
      states: {
        judging: {
          entry: 'judgeRequest',
          on: {
            INTERESTED: { target: '#determination.interested', actions: 'rememberWish' },
            NOT_INTERESTED: { target: '#determination.declined', actions: 'rememberReason' },
            UNDECIDED: { target: 'asking', actions: 'rememberReason' },
          },
        },
        asking: { entry: 'tellPeople' },
      },
      on: {
        PERSON_BIDS: { target: 'interested', actions: 'rememberWish' },
        PERSON_DECLINES: { target: 'declined', actions: 'rememberReason' },
        BIDS_CLOSED: { target: 'declined', actions: 'rememberReason' },
      },
    },
    offered: { type: 'final', entry: 'gossipOffer' },
    interested: { type: 'final' },
    declined: { type: 'final' },
    refused: { type: 'final' },
  },
})
