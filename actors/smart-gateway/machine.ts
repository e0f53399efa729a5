import { assign, setup } from 'xstate'
import { placeholder, type Effect } from '../placeholder.ts'

/** What may be away from a home; the home goes on metering and keeps what it could not send. */
export type Neighbour = 'chain' | 'community' | 'boards'

/** What a smart gateway must remember of itself across a crash. */
export interface SmartGatewayContext {
  readonly account: string
  readonly epoch: number | null
  /** Key id that readings are sealed to. */
  readonly recipient: string | null
  readonly lastSlot: number
  readonly lastSequence: number
  /** Slots sealed and not yet seen on the chain. */
  readonly waiting: number
  readonly alarmsUnread: number
  readonly away: readonly Neighbour[]
  readonly refusal: string | null
}

export type SmartGatewayEvent =
  | { type: 'COMMUNITY_FOUND' }
  | { type: 'JOIN_ACCEPTED' }
  | { type: 'JOIN_REFUSED'; reason: string }
  | { type: 'KEY_RECEIVED'; epoch: number }
  | { type: 'KEY_PUBLISHED'; epoch: number; recipient: string }
  | { type: 'EPOCH_ANNOUNCED'; epoch: number; recipient: string }
  | { type: 'READING_COMPLETE'; slot: number }
  | { type: 'READING_REFUSED'; slot: number; reason: string }
  | { type: 'READING_SEALED'; slot: number; sequence: number }
  | { type: 'READING_INCLUDED'; slot: number }
  | { type: 'READING_UNDONE'; slot: number }
  | { type: 'ALARM_OPENED'; number: number }
  | { type: 'ALARMS_ACKNOWLEDGED' }
  | { type: 'AWAY'; what: Neighbour }
  | { type: 'BACK'; what: Neighbour }
  | { type: 'LEAVE' }
  | { type: 'LEFT' }

const sealReading: Effect<{ slot: number }> = placeholder('sealReading')
const submitReading: Effect<{ slot: number }> = placeholder('submitReading')
const tellPeople: Effect<{ number: number }> = placeholder('tellPeople')

const without = (list: readonly Neighbour[], what: Neighbour): Neighbour[] =>
  list.filter((each) => each !== what)

/**
 * A home's node (DESIGN §6): it joins the community, then meters, reports, listens for alarms and watches its
 * links at the same time, until it leaves.
 */
export const smartGatewayMachine = setup({
  types: {
    context: {} as SmartGatewayContext,
    events: {} as SmartGatewayEvent,
    input: {} as { account: string },
  },
  actions: {
    findCommunity: placeholder('findCommunity'),
    introduce: placeholder('introduce'),
    exchangeKeys: placeholder('exchangeKeys'),
    publishKey: placeholder('publishKey'),
    sealReading,
    submitReading,
    tellPeople,
    sayGoodbye: placeholder('sayGoodbye'),
    rememberKey: assign(({ event }) =>
      event.type === 'KEY_PUBLISHED' || event.type === 'EPOCH_ANNOUNCED'
        ? { epoch: event.epoch, recipient: event.recipient }
        : {},
    ),
    rememberSealed: assign(({ context, event }) =>
      event.type === 'READING_SEALED'
        ? { lastSlot: event.slot, lastSequence: event.sequence, waiting: context.waiting + 1 }
        : {},
    ),
    countIncluded: assign({ waiting: ({ context }) => Math.max(0, context.waiting - 1) }),
    countUndone: assign({ waiting: ({ context }) => context.waiting + 1 }),
    countAlarm: assign({ alarmsUnread: ({ context }) => context.alarmsUnread + 1 }),
    clearAlarms: assign({ alarmsUnread: 0 }),
    rememberRefusal: assign({
      refusal: ({ event }) => (event.type === 'JOIN_REFUSED' ? event.reason : null),
    }),
    noteAway: assign({
      away: ({ context, event }) =>
        event.type === 'AWAY' ? [...without(context.away, event.what), event.what] : context.away,
    }),
    noteBack: assign({
      away: ({ context, event }) =>
        event.type === 'BACK' ? without(context.away, event.what) : context.away,
    }),
  },
  guards: {
    slotIsNewer: ({ context, event }) => event.type === 'READING_COMPLETE' && event.slot > context.lastSlot,
    lastWaiting: ({ context }) => context.waiting <= 1,
    lastAway: ({ context, event }) => event.type === 'BACK' && without(context.away, event.what).length === 0,
    keyIsNewest: ({ context, event }) =>
      event.type === 'KEY_PUBLISHED' && event.epoch >= (context.epoch ?? -1),
    epochIsNewer: ({ context, event }) =>
      event.type === 'EPOCH_ANNOUNCED' && event.epoch > (context.epoch ?? -1),
  },
}).createMachine({
  id: 'smartGateway',
  context: ({ input }) => ({
    account: input.account,
    epoch: null,
    recipient: null,
    lastSlot: -1,
    lastSequence: 0,
    waiting: 0,
    alarmsUnread: 0,
    away: [],
    refusal: null,
  }),
  initial: 'joining',
  states: {
    joining: {
      initial: 'finding',
      states: {
        finding: { entry: 'findCommunity', on: { COMMUNITY_FOUND: 'introducing' } },
        introducing: {
          entry: 'introduce',
          on: {
            JOIN_ACCEPTED: 'exchangingKeys',
            JOIN_REFUSED: { target: 'refused', actions: 'rememberRefusal' },
          },
        },
        exchangingKeys: { entry: 'exchangeKeys', on: { KEY_RECEIVED: 'registering' } },
        registering: {
          entry: 'publishKey',
          on: { KEY_PUBLISHED: { target: '#smartGateway.operating', actions: 'rememberKey' } },
        },
        refused: { on: { COMMUNITY_FOUND: 'introducing' } },
      },
      on: { LEAVE: 'leaving' },
    },
    operating: {
      type: 'parallel',
      states: {
        metering: {
          initial: 'listening',
          states: {
            listening: {
              on: {
                READING_COMPLETE: {
                  guard: 'slotIsNewer',
                  target: 'sealing',
                  actions: { type: 'sealReading', params: ({ event }) => ({ slot: event.slot }) },
                },
                READING_REFUSED: 'doubting',
              },
            },
            // A slower machine may complete the next slot before it has sealed this one.
            sealing: {
              on: {
                READING_COMPLETE: {
                  guard: 'slotIsNewer',
                  actions: { type: 'sealReading', params: ({ event }) => ({ slot: event.slot }) },
                },
                READING_REFUSED: 'doubting',
              },
            },
            doubting: {
              on: {
                READING_COMPLETE: {
                  guard: 'slotIsNewer',
                  target: 'sealing',
                  actions: { type: 'sealReading', params: ({ event }) => ({ slot: event.slot }) },
                },
              },
            },
          },
          on: {
            READING_SEALED: {
              target: '.listening',
              actions: [
                'rememberSealed',
                { type: 'submitReading', params: ({ event }) => ({ slot: event.slot }) },
              ],
            },
          },
        },
        reporting: {
          initial: 'settled',
          states: {
            settled: {
              on: {
                READING_SEALED: 'waiting',
                READING_UNDONE: { target: 'waiting', actions: 'countUndone' },
              },
            },
            waiting: {
              on: {
                READING_INCLUDED: [
                  { guard: 'lastWaiting', target: 'settled', actions: 'countIncluded' },
                  { actions: 'countIncluded' },
                ],
                READING_UNDONE: { actions: 'countUndone' },
              },
            },
          },
        },
        alarms: {
          initial: 'quiet',
          states: {
            quiet: {
              on: {
                ALARM_OPENED: {
                  target: 'raised',
                  actions: [
                    'countAlarm',
                    { type: 'tellPeople', params: ({ event }) => ({ number: event.number }) },
                  ],
                },
              },
            },
            raised: {
              on: {
                ALARM_OPENED: {
                  actions: [
                    'countAlarm',
                    { type: 'tellPeople', params: ({ event }) => ({ number: event.number }) },
                  ],
                },
                ALARMS_ACKNOWLEDGED: { target: 'quiet', actions: 'clearAlarms' },
              },
            },
          },
        },
        keys: {
          initial: 'current',
          states: {
            current: {
              on: {
                EPOCH_ANNOUNCED: {
                  guard: 'epochIsNewer',
                  target: 'renewing',
                  actions: ['rememberKey', 'exchangeKeys'],
                },
              },
            },
            renewing: {
              on: {
                KEY_RECEIVED: { actions: 'publishKey' },
                KEY_PUBLISHED: { guard: 'keyIsNewest', target: 'current', actions: 'rememberKey' },
                // The next epoch began before the key of this one was on the chain.
                EPOCH_ANNOUNCED: { guard: 'epochIsNewer', actions: ['rememberKey', 'exchangeKeys'] },
              },
            },
          },
        },
        link: {
          initial: 'whole',
          states: {
            whole: { on: { AWAY: { target: 'degraded', actions: 'noteAway' } } },
            degraded: {
              on: {
                AWAY: { actions: 'noteAway' },
                BACK: [{ guard: 'lastAway', target: 'whole', actions: 'noteBack' }, { actions: 'noteBack' }],
              },
            },
          },
        },
      },
      on: { LEAVE: 'leaving' },
    },
    leaving: { entry: 'sayGoodbye', on: { LEFT: 'left' } },
    left: { type: 'final' },
  },
})
