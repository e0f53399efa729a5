import { assign, setup } from 'xstate'
import type { PowerHeat } from '../../protocols/rules/power-control.ts'
import {
  heatAt,
  heatWhenRestored,
  isOverridden,
  overrideUntil,
  powerLevel,
} from '../../protocols/rules/power-control.ts'
import type { TripProfileName } from '../../protocols/rules/trip-curve.ts'
import { placeholder } from '../placeholder.ts'

export interface PowerControlInput {
  readonly profile: TripProfileName
  readonly contractedW: number
  /** A silence longer than this is not counted; three sample periods are a good value. */
  readonly maxGapMs: number
}

export interface PowerControlContext extends PowerHeat {
  /** Power of the last reading, W; negative while exporting. */
  readonly powerW: number
  readonly slot: number
  /** How often the relay did not do what it was told since it last did. */
  readonly relayFailures: number
}

/** A reading of the home's power board: wall time comes inside it. */
export interface PowerControlReading {
  readonly type: 'READING'
  readonly t: number
  readonly slot: number
  readonly powerW: number
  readonly relayClosed: boolean
}

export type PowerControlEvent =
  | PowerControlReading
  | { readonly type: 'CONTRACT'; readonly contractedW: number; readonly profile?: TripProfileName }
  | { readonly type: 'RELAY_OPENED' }
  | { readonly type: 'RELAY_CLOSED' }
  | { readonly type: 'RELAY_FAILED'; readonly reason: string }
  | { readonly type: 'RESTORE' }
  | { readonly type: 'OVERRIDE'; readonly t: number; readonly untilMs: number }
  | { readonly type: 'OVERRIDE_END' }

const setupPowerControl = setup({
  types: {
    context: {} as PowerControlContext,
    events: {} as PowerControlEvent,
    input: {} as PowerControlInput,
  },
  actions: {
    openRelay: placeholder('openRelay'),
    closeRelay: placeholder('closeRelay'),
    tellWarned: placeholder('tellWarned'),
    tellTripped: placeholder('tellTripped'),
    tellRestored: placeholder('tellRestored'),
    tellRelayFailed: placeholder('tellRelayFailed'),
    accumulate: assign(({ context, event }) =>
      event.type === 'READING'
        ? { heat: heatAt(context, event), lastT: event.t, powerW: event.powerW, slot: event.slot }
        : {},
    ),
    halveHeat: assign({ heat: ({ context }) => heatWhenRestored(context.heat) }),
    takeContract: assign(({ context, event }) =>
      event.type === 'CONTRACT'
        ? { contractedW: event.contractedW, profile: event.profile ?? context.profile }
        : {},
    ),
    takeOverride: assign({
      overrideUntilMs: ({ event }) =>
        event.type === 'OVERRIDE' ? overrideUntil(event.t, event.untilMs) : null,
    }),
    endOverride: assign({ overrideUntilMs: null }),
    countFailure: assign({ relayFailures: ({ context }) => context.relayFailures + 1 }),
    clearFailures: assign({ relayFailures: 0 }),
  },
  guards: {
    trips: ({ context, event }) => event.type === 'READING' && powerLevel(context, event) === 'trip',
    warns: ({ context, event }) => event.type === 'READING' && powerLevel(context, event) === 'warned',
    isOver: ({ context, event }) => event.type === 'READING' && powerLevel(context, event) === 'over',
    relayClosed: ({ event }) => event.type === 'READING' && event.relayClosed,
    lasts: ({ event }) => event.type === 'OVERRIDE' && event.untilMs > event.t,
    overrideOver: ({ context, event }) => event.type === 'READING' && !isOverridden(context, event.t),
  },
})

/**
 * The switch that UNE 20317 asks of a home (§5.1): it accumulates what is drawn above the contracted power,
 * warns, opens the board's relay, and closes it when a person restores. It fails safe: a silence counts for
 * nothing, a relay that does not close leaves the supply off, one that does not open is told again at every
 * reading.
 */
export const powerControlMachine = setupPowerControl.createMachine({
  id: 'powerControl',
  context: ({ input }) => ({
    ...input,
    heat: 0,
    lastT: null,
    overrideUntilMs: null,
    powerW: 0,
    slot: 0,
    relayFailures: 0,
  }),
  type: 'parallel',
  on: { CONTRACT: { actions: 'takeContract' } },
  states: {
    supply: {
      initial: 'normal',
      states: {
        normal: {
          on: {
            READING: [
              { guard: 'trips', target: 'tripped', actions: 'accumulate' },
              { guard: 'warns', target: 'warned', actions: 'accumulate' },
              { guard: 'isOver', target: 'over', actions: 'accumulate' },
              { actions: 'accumulate' },
            ],
          },
        },
        over: {
          on: {
            READING: [
              { guard: 'trips', target: 'tripped', actions: 'accumulate' },
              { guard: 'warns', target: 'warned', actions: 'accumulate' },
              { guard: 'isOver', actions: 'accumulate' },
              { target: 'normal', actions: 'accumulate' },
            ],
          },
        },
        warned: {
          entry: 'tellWarned',
          on: {
            READING: [
              { guard: 'trips', target: 'tripped', actions: 'accumulate' },
              { guard: 'warns', actions: 'accumulate' },
              { guard: 'isOver', target: 'over', actions: 'accumulate' },
              { target: 'normal', actions: 'accumulate' },
            ],
          },
        },
        tripped: {
          initial: 'opening',
          entry: 'tellTripped',
          on: {
            RESTORE: 'restored',
            OVERRIDE: { guard: 'lasts', target: 'restored' },
          },
          states: {
            opening: {
              entry: 'openRelay',
              on: {
                RELAY_OPENED: { target: 'open', actions: 'clearFailures' },
                RELAY_FAILED: { target: 'failing', actions: 'countFailure' },
                READING: [
                  { guard: 'relayClosed', target: 'opening', reenter: true, actions: 'accumulate' },
                  { target: 'open', actions: ['accumulate', 'clearFailures'] },
                ],
              },
            },
            failing: {
              entry: 'tellRelayFailed',
              on: {
                READING: [
                  { guard: 'relayClosed', target: 'opening', actions: 'accumulate' },
                  { target: 'open', actions: ['accumulate', 'clearFailures'] },
                ],
              },
            },
            open: {
              on: {
                READING: [
                  { guard: 'relayClosed', target: 'opening', actions: 'accumulate' },
                  { actions: 'accumulate' },
                ],
              },
            },
          },
        },
        restored: {
          initial: 'closing',
          entry: 'halveHeat',
          states: {
            closing: {
              entry: 'closeRelay',
              on: {
                RELAY_CLOSED: { target: 'closed', actions: 'clearFailures' },
                RELAY_FAILED: { target: '#powerControl.supply.stuck', actions: 'countFailure' },
                READING: [
                  { guard: 'relayClosed', target: 'closed', actions: ['accumulate', 'clearFailures'] },
                  { target: 'closing', reenter: true, actions: 'accumulate' },
                ],
              },
            },
            closed: {
              entry: 'tellRestored',
              on: {
                READING: [
                  { guard: 'trips', target: '#powerControl.supply.tripped', actions: 'accumulate' },
                  { guard: 'warns', target: '#powerControl.supply.warned', actions: 'accumulate' },
                  { guard: 'isOver', target: '#powerControl.supply.over', actions: 'accumulate' },
                  { target: '#powerControl.supply.normal', actions: 'accumulate' },
                ],
              },
            },
          },
        },
        stuck: {
          entry: 'tellRelayFailed',
          on: {
            RESTORE: 'restored',
            OVERRIDE: { guard: 'lasts', target: 'restored' },
            READING: [
              { guard: 'relayClosed', target: 'restored.closed', actions: 'accumulate' },
              { actions: 'accumulate' },
            ],
          },
        },
      },
    },
    hand: {
      initial: 'automatic',
      states: {
        automatic: { on: { OVERRIDE: { guard: 'lasts', target: 'overridden', actions: 'takeOverride' } } },
        overridden: {
          on: {
            OVERRIDE: { guard: 'lasts', actions: 'takeOverride' },
            OVERRIDE_END: { target: 'automatic', actions: 'endOverride' },
            READING: { guard: 'overrideOver', target: 'automatic', actions: 'endOverride' },
          },
        },
      },
    },
  },
})

/**
 * The state of the supply, as people are shown it: `stuck` is a supply that a relay keeps off against orders.
 */
export type SupplyState = 'normal' | 'over' | 'warned' | 'tripped' | 'restored' | 'stuck'

const SUPPLY_STATES: readonly SupplyState[] = ['normal', 'over', 'warned', 'tripped', 'restored', 'stuck']

/** Reads the supply's state from a snapshot of the machine. */
export function supplyState(snapshot: { readonly value: { readonly supply: unknown } }): SupplyState {
  const { supply } = snapshot.value
  const name = typeof supply === 'object' && supply !== null ? Object.keys(supply)[0] : supply
  return SUPPLY_STATES.find((state) => state === name) ?? 'normal'
}
