import { setup } from 'xstate'

/*
 * What may happen to a home, as a person would tell it. Each event is carried out on a real home, a real
 * community gateway and a real chain (gateways-world.ts); each state says what the home's machine then shows.
 */

export type HomeWorldEvent =
  | { type: 'COMES_WITH_A_WRONG_INVITE' }
  | { type: 'COMES_WITH_AN_INVITE' }
  | { type: 'COMES_BACK_WITH_AN_INVITE' }
  | { type: 'IS_TOLD_TO_LEAVE' }
  | { type: 'METERS' }
  | { type: 'METERS_WHILE_THE_CHAIN_STANDS' }
  | { type: 'FRAMES_ARE_REFUSED' }
  | { type: 'FRAMES_ARE_REFUSED_WHILE_IT_SEALS' }
  | { type: 'METERS_SLOTS_AT_ONCE' }
  | { type: 'IS_ALARMED' }
  | { type: 'IS_ALARMED_AGAIN' }
  | { type: 'PEOPLE_SAW_THE_ALARMS' }
  | { type: 'EPOCH_BEGINS' }
  | { type: 'TWO_EPOCHS_BEGIN' }
  | { type: 'CHAIN_AWAY' }
  | { type: 'COMMUNITY_AWAY_TOO' }
  | { type: 'ONE_IS_BACK' }
  | { type: 'BOTH_ARE_BACK' }
  | { type: 'READING_UNDONE' }
  | { type: 'IS_REVOKED' }
  | { type: 'HAS_SAID_GOODBYE' }

/** Leaf states that the machine must come to; of the others it may be in any. */
export type HomeMeta = readonly string[]

const operating = (...leaves: string[]): string[] => leaves.map((leaf) => `operating.${leaf}`)

export const homeModel = setup({
  types: { events: {} as HomeWorldEvent, meta: {} as HomeMeta },
}).createMachine({
  id: 'home',
  initial: 'outside',
  states: {
    outside: {
      on: {
        COMES_WITH_A_WRONG_INVITE: 'refused',
        COMES_WITH_AN_INVITE: 'member',
      },
    },
    refused: {
      meta: ['joining.refused'],
      on: { COMES_BACK_WITH_AN_INVITE: 'member', IS_TOLD_TO_LEAVE: 'leaving' },
    },
    member: {
      meta: operating('metering.listening', 'reporting.settled', 'keys.current', 'link.whole'),
      on: {
        METERS: 'member',
        METERS_WHILE_THE_CHAIN_STANDS: 'member',
        METERS_SLOTS_AT_ONCE: 'member',
        FRAMES_ARE_REFUSED: 'doubting',
        FRAMES_ARE_REFUSED_WHILE_IT_SEALS: 'member',
        IS_ALARMED: 'alarmed',
        EPOCH_BEGINS: 'member',
        TWO_EPOCHS_BEGIN: 'member',
        CHAIN_AWAY: 'degraded',
        READING_UNDONE: 'member',
        IS_REVOKED: 'leaving',
      },
    },
    doubting: { meta: operating('metering.doubting'), on: { METERS: 'member' } },
    alarmed: {
      meta: operating('alarms.raised'),
      on: { IS_ALARMED_AGAIN: 'alarmed', PEOPLE_SAW_THE_ALARMS: 'member' },
    },
    degraded: {
      meta: operating('link.degraded'),
      on: { COMMUNITY_AWAY_TOO: 'cutOff', ONE_IS_BACK: 'member' },
    },
    cutOff: { meta: operating('link.degraded'), on: { BOTH_ARE_BACK: 'member' } },
    leaving: { meta: ['leaving'], on: { HAS_SAID_GOODBYE: 'left' } },
    left: { type: 'final', meta: ['left'] },
  },
})
