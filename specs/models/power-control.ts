import { setup } from 'xstate'

/*
 * What a home's supply goes through, as a person would tell it. Each event is carried out on the live power
 * control with the relay of a power board that runs the real firmware (power-control.spec.ts).
 */

export type SupplyWorldEvent =
  | { type: 'DRAWS_LITTLE' }
  | { type: 'DRAWS_TOO_MUCH' }
  | { type: 'DRAWS_MUCH_TOO_MUCH' }
  | { type: 'DRAWS_TWELVE_TIMES' }
  | { type: 'DRAWS_TWELVE_TIMES_WHILE_THE_ANSWER_IS_LOST' }
  | { type: 'DRAWS_TWELVE_TIMES_WITH_THE_WIRE_CUT' }
  | { type: 'COOLS' }
  | { type: 'CONTRACT_CHANGES' }
  | { type: 'BOARD_REPORTS' }
  | { type: 'RELAY_IS_CLOSED_BY_SOMEBODY' }
  | { type: 'RELAY_IS_OPENED_BY_SOMEBODY' }
  | { type: 'WIRE_IS_MENDED' }
  | { type: 'PERSON_RESTORES' }
  | { type: 'PERSON_RESTORES_WHILE_THE_ANSWER_IS_LOST' }
  | { type: 'PERSON_RESTORES_WITH_THE_WIRE_CUT' }
  | { type: 'PERSON_OVERRIDES' }
  | { type: 'OVERRIDE_IS_LENGTHENED_AND_ENDED' }
  | { type: 'OVERRIDE_IS_OVER' }

/** Leaf states that the machine must be in. */
export type SupplyMeta = readonly string[]

const draws = { DRAWS_LITTLE: 'normal', DRAWS_TOO_MUCH: 'over', DRAWS_MUCH_TOO_MUCH: 'warned' } as const

export const supplyModel = setup({
  types: { events: {} as SupplyWorldEvent, meta: {} as SupplyMeta },
}).createMachine({
  id: 'supplyModel',
  initial: 'normal',
  states: {
    normal: {
      meta: ['supply.normal', 'hand.automatic'],
      on: {
        ...draws,
        CONTRACT_CHANGES: 'normal',
        DRAWS_TWELVE_TIMES: 'open',
        DRAWS_TWELVE_TIMES_WHILE_THE_ANSWER_IS_LOST: 'open',
        DRAWS_TWELVE_TIMES_WITH_THE_WIRE_CUT: 'failing',
        OVERRIDE_IS_LENGTHENED_AND_ENDED: 'normal',
        OVERRIDE_IS_OVER: 'normal',
      },
    },
    over: {
      meta: ['supply.over'],
      on: { ...draws, DRAWS_TWELVE_TIMES: 'open' },
    },
    warned: { meta: ['supply.warned'], on: { COOLS: 'normal', DRAWS_TWELVE_TIMES: 'open' } },
    open: {
      meta: ['supply.tripped.open'],
      on: {
        BOARD_REPORTS: 'open',
        RELAY_IS_CLOSED_BY_SOMEBODY: 'open',
        PERSON_RESTORES: 'closed',
        PERSON_RESTORES_WHILE_THE_ANSWER_IS_LOST: 'closed',
        PERSON_RESTORES_WITH_THE_WIRE_CUT: 'stuck',
        PERSON_OVERRIDES: 'overridden',
      },
    },
    failing: {
      meta: ['supply.tripped.failing'],
      on: { WIRE_IS_MENDED: 'open', RELAY_IS_OPENED_BY_SOMEBODY: 'open' },
    },
    closed: {
      meta: ['supply.restored.closed'],
      on: { ...draws, DRAWS_TWELVE_TIMES: 'open' },
    },
    overridden: {
      meta: ['supply.restored.closed', 'hand.overridden'],
      on: { OVERRIDE_IS_OVER: 'normal' },
    },
    stuck: {
      meta: ['supply.stuck'],
      on: {
        BOARD_REPORTS: 'stuck',
        PERSON_RESTORES: 'closed',
        PERSON_OVERRIDES: 'overridden',
        RELAY_IS_CLOSED_BY_SOMEBODY: 'closed',
      },
    },
  },
})
