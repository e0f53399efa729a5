import { assign, setup } from 'xstate'
import type { UseLimits } from '../../protocols/rules/care-limits.ts'
import { placeholder } from '../placeholder.ts'

/** What a neighbour's home is held against; null where no limit is known. */
export interface CaringLimits {
  /** Its quota of power in this period. */
  readonly peakPowerW: number | null
  /** Water that may run in one sample period. */
  readonly waterMlPerSlot: number | null
  /** Slots without a reading after which somebody should look. */
  readonly silentSlots: number
}

/** One slot of the neighbour's home, opened with the delegation's key. */
export interface CaredSlot {
  readonly slot: number
  readonly peakPowerW: number
  readonly waterMl: number
}

export interface CaringContext {
  readonly delegation: number
  readonly limits: CaringLimits
  /** The newest reading; null before the first. */
  readonly newest: CaredSlot | null
  /** Every slot up to this one is acknowledged; what comes for it afterwards changes nothing. */
  readonly watchedTo: number | null
  /** Slots in a row that brought nothing. */
  readonly missed: number
  readonly opened: number
  readonly unseenAlarms: number
}

export type CaringEvent =
  | ({ type: 'READING' } & CaredSlot)
  /** The slot is over and brought nothing, or nothing that opens. */
  | { type: 'NOTHING_CAME'; slot: number }
  /** What the community lets that home use from now on. */
  | ({ type: 'QUOTA_KNOWN' } & UseLimits)
  | { type: 'ALARM'; number: number }
  | { type: 'PERSON_SAW' }
  | { type: 'CARE_ENDS' }

const isLater = (slot: number, { watchedTo }: CaringContext): boolean =>
  watchedTo === null || slot > watchedTo

const limitsAt = (before: CaringLimits, { peakPowerW, waterMlPerSlot }: UseLimits): CaringLimits => ({
  ...before,
  peakPowerW,
  waterMlPerSlot,
})

/** Where slots are missing their water ran in them too: each has its part of what is between two readings. */
function waterPerSlot(newest: CaredSlot | null, { slot, waterMl }: CaredSlot): number {
  return newest === null ? 0 : (waterMl - newest.waterMl) / (slot - newest.slot)
}

function exceeds({ limits, newest }: CaringContext, reading: CaredSlot): boolean {
  const ran = waterPerSlot(newest, reading)
  const tooMuchPower = limits.peakPowerW !== null && reading.peakPowerW > limits.peakPowerW
  return tooMuchPower || (limits.waterMlPerSlot !== null && ran > limits.waterMlPerSlot)
}

/**
 * The local control of a neighbour's home at the delegatee (paper §4.2): it opens each E^t, holds it against
 * that home's quotas of power and water, hears the alarms, and acknowledges every slot, whether something
 * came or not. It switches nothing: relays and valves obey only their own home.
 */
export const caringMachine = setup({
  types: {
    context: {} as CaringContext,
    events: {} as CaringEvent,
    input: {} as { delegation: number; limits: CaringLimits },
  },
  actions: {
    acknowledge: placeholder('acknowledge'),
    tellOverLimit: placeholder('tellOverLimit'),
    tellBackToNormal: placeholder('tellBackToNormal'),
    tellSilence: placeholder('tellSilence'),
    tellAlarm: placeholder('tellAlarm'),
    forget: placeholder('forget'),
    keepReading: assign(({ context, event }) => {
      if (event.type !== 'READING') return {}
      const { slot, peakPowerW, waterMl } = event
      const newest = { slot, peakPowerW, waterMl }
      return { newest, watchedTo: slot, missed: 0, opened: context.opened + 1 }
    }),
    countMissed: assign(({ context, event }) =>
      event.type === 'NOTHING_CAME' ? { missed: context.missed + 1, watchedTo: event.slot } : {},
    ),
    keepQuota: assign(({ context, event }) =>
      event.type === 'QUOTA_KNOWN' ? { limits: limitsAt(context.limits, event) } : {},
    ),
    countAlarm: assign(({ context }) => ({ unseenAlarms: context.unseenAlarms + 1 })),
    clearAlarms: assign({ unseenAlarms: 0 }),
  },
  guards: {
    isNewAndOver: ({ context, event }) =>
      event.type === 'READING' && isLater(event.slot, context) && exceeds(context, event),
    isNew: ({ context, event }) => event.type === 'READING' && isLater(event.slot, context),
    isNewSilence: ({ context, event }) => event.type === 'NOTHING_CAME' && isLater(event.slot, context),
    isTooSilent: ({ context, event }) =>
      event.type === 'NOTHING_CAME' &&
      isLater(event.slot, context) &&
      context.missed + 1 >= context.limits.silentSlots,
  },
}).createMachine({
  id: 'caring',
  context: ({ input }) => ({
    ...input,
    newest: null,
    watchedTo: null,
    missed: 0,
    opened: 0,
    unseenAlarms: 0,
  }),
  initial: 'watching',
  states: {
    watching: {
      type: 'parallel',
      states: {
        use: {
          initial: 'normal',
          states: {
            normal: {
              on: {
                READING: [
                  {
                    guard: 'isNewAndOver',
                    target: 'over',
                    actions: ['keepReading', 'acknowledge', 'tellOverLimit'],
                  },
                  { guard: 'isNew', actions: ['keepReading', 'acknowledge'] },
                ],
              },
            },
            over: {
              on: {
                READING: [
                  { guard: 'isNewAndOver', actions: ['keepReading', 'acknowledge'] },
                  {
                    guard: 'isNew',
                    target: 'normal',
                    actions: ['keepReading', 'acknowledge', 'tellBackToNormal'],
                  },
                ],
              },
            },
          },
        },
        hearing: {
          initial: 'heard',
          states: {
            heard: {
              on: {
                NOTHING_CAME: [
                  {
                    guard: 'isTooSilent',
                    target: 'silent',
                    actions: ['countMissed', 'acknowledge', 'tellSilence'],
                  },
                  { guard: 'isNewSilence', actions: ['countMissed', 'acknowledge'] },
                ],
              },
            },
            silent: {
              on: {
                READING: { guard: 'isNew', target: 'heard' },
                NOTHING_CAME: { guard: 'isNewSilence', actions: ['countMissed', 'acknowledge'] },
              },
            },
          },
        },
        attention: {
          initial: 'none',
          states: {
            none: { on: { ALARM: { target: 'wanted', actions: ['countAlarm', 'tellAlarm'] } } },
            wanted: {
              on: {
                ALARM: { actions: ['countAlarm', 'tellAlarm'] },
                PERSON_SAW: { target: 'none', actions: 'clearAlarms' },
              },
            },
          },
        },
      },
      on: { QUOTA_KNOWN: { actions: 'keepQuota' }, CARE_ENDS: 'over' },
    },
    over: { type: 'final', entry: 'forget' },
  },
})
