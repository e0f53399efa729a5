import { assign, setup } from 'xstate'
import { placeholder, type Effect } from '../placeholder.ts'

/** What the community gateway must remember of itself across a crash. */
export interface CommunityGatewayContext {
  readonly account: string
  readonly epoch: number | null
  readonly members: number
  /** Billing period that quota control looks at. */
  readonly period: number
  /** Alarms drafted and not yet seen on the chain. */
  readonly alarmsWaiting: number
  /** Records seen on the chain and not yet opened. */
  readonly unopened: number
  readonly faulty: number
}

export type CommunityGatewayEvent =
  | { type: 'CONTRACTS_READY' }
  | { type: 'KEYS_ANNOUNCED'; epoch: number }
  /** The keys of the newest epoch are old enough: this is the next one. */
  | { type: 'EPOCH_DUE'; epoch: number }
  | { type: 'JOIN_ASKED'; account: string; peerKey: string }
  | { type: 'MEMBER_ADMITTED'; account: string }
  | { type: 'MEMBER_KEYED'; account: string }
  | { type: 'MEMBER_REVOKED'; account: string }
  | { type: 'RECORDS_SEEN'; count: number }
  | { type: 'READINGS_OPENED'; accepted: number; faulty: number }
  | { type: 'PERIOD_ENDED'; period: number }
  | { type: 'PERIOD_CLOSED'; period: number }
  | { type: 'EXCESSES_TOLD' }
  | { type: 'EXCESSES_LOOKED'; demanded: number }
  | { type: 'ALARMS_DRAFTED'; count: number }
  | { type: 'ALARMS_PUBLISHED'; count: number }
  | { type: 'PRICES_STALE' }
  | { type: 'PRICES_FRESH' }
  | { type: 'CHAIN_STALLED' }
  | { type: 'CHAIN_REWOUND'; block: number }
  | { type: 'CHAIN_FOLLOWED' }
  | { type: 'HAND_OVER' }
  | { type: 'HANDED_OVER' }

const admit: Effect<{ account: string; peerKey: string }> = placeholder('admit')
const beginEpoch: Effect<{ epoch: number }> = placeholder('beginEpoch')
const closePeriod: Effect<{ period: number }> = placeholder('closePeriod')
const warnOperator: Effect<{ code: string }> = placeholder('warnOperator')

/**
 * The manager's node (DESIGN §6): it founds the community on the chain, then admits members, collects
 * readings, controls quotas, sends alarms, follows market prices and watches the chain at the same time.
 */
export const communityGatewayMachine = setup({
  types: {
    context: {} as CommunityGatewayContext,
    events: {} as CommunityGatewayEvent,
    input: {} as { account: string },
  },
  actions: {
    deployOrAttach: placeholder('deployOrAttach'),
    announceKeys: placeholder('announceKeys'),
    beginEpoch,
    admit,
    allocateQuotas: placeholder('allocateQuotas'),
    openRecords: placeholder('openRecords'),
    closePeriod,
    lookAtExcesses: placeholder('lookAtExcesses'),
    publishAlarms: placeholder('publishAlarms'),
    warnOperator,
    sayGoodbye: placeholder('sayGoodbye'),
    rememberEpoch: assign(({ event }) => (event.type === 'KEYS_ANNOUNCED' ? { epoch: event.epoch } : {})),
    countMember: assign({ members: ({ context }) => context.members + 1 }),
    uncountMember: assign({ members: ({ context }) => Math.max(0, context.members - 1) }),
    rememberPeriod: assign(({ event }) => (event.type === 'PERIOD_ENDED' ? { period: event.period } : {})),
    countRecords: assign({
      unopened: ({ context, event }) => context.unopened + (event.type === 'RECORDS_SEEN' ? event.count : 0),
    }),
    countOpened: assign(({ context, event }) =>
      event.type === 'READINGS_OPENED'
        ? {
            unopened: Math.max(0, context.unopened - event.accepted - event.faulty),
            faulty: context.faulty + event.faulty,
          }
        : {},
    ),
    countAlarms: assign({
      alarmsWaiting: ({ context, event }) =>
        context.alarmsWaiting + (event.type === 'ALARMS_DRAFTED' ? event.count : 0),
    }),
    uncountAlarms: assign({
      alarmsWaiting: ({ context, event }) =>
        Math.max(0, context.alarmsWaiting - (event.type === 'ALARMS_PUBLISHED' ? event.count : 0)),
    }),
  },
  guards: {
    epochIsNext: ({ context, event }) =>
      event.type === 'EPOCH_DUE' && event.epoch === (context.epoch ?? -1) + 1,
    periodIsNewer: ({ context, event }) => event.type === 'PERIOD_ENDED' && event.period > context.period,
    isDemanded: ({ event }) => event.type === 'EXCESSES_LOOKED' && event.demanded > 0,
    lastAlarms: ({ context, event }) =>
      event.type === 'ALARMS_PUBLISHED' && event.count >= context.alarmsWaiting,
    lastRecords: ({ context, event }) =>
      event.type === 'READINGS_OPENED' && event.accepted + event.faulty >= context.unopened,
  },
}).createMachine({
  id: 'communityGateway',
  context: ({ input }) => ({
    account: input.account,
    epoch: null,
    members: 0,
    period: -1,
    alarmsWaiting: 0,
    unopened: 0,
    faulty: 0,
  }),
  initial: 'founding',
  states: {
    founding: {
      initial: 'deploying',
      states: {
        deploying: { entry: 'deployOrAttach', on: { CONTRACTS_READY: 'announcing' } },
        announcing: {
          entry: 'announceKeys',
          on: { KEYS_ANNOUNCED: { target: '#communityGateway.operating', actions: 'rememberEpoch' } },
        },
      },
    },
    operating: {
      type: 'parallel',
      states: {
        membership: {
          initial: 'open',
          states: {
            open: {
              on: {
                JOIN_ASKED: {
                  target: 'admitting',
                  actions: {
                    type: 'admit',
                    params: ({ event }) => ({ account: event.account, peerKey: event.peerKey }),
                  },
                },
              },
            },
            admitting: {
              on: {
                JOIN_ASKED: {
                  actions: {
                    type: 'admit',
                    params: ({ event }) => ({ account: event.account, peerKey: event.peerKey }),
                  },
                },
                MEMBER_KEYED: { target: 'open', actions: 'allocateQuotas' },
              },
            },
          },
          on: {
            MEMBER_ADMITTED: { actions: 'countMember' },
            MEMBER_KEYED: { actions: 'allocateQuotas' },
            MEMBER_REVOKED: { actions: ['uncountMember', 'allocateQuotas'] },
          },
        },
        keys: {
          initial: 'current',
          states: {
            current: {
              on: {
                EPOCH_DUE: {
                  guard: 'epochIsNext',
                  target: 'turning',
                  actions: { type: 'beginEpoch', params: ({ event }) => ({ epoch: event.epoch }) },
                },
              },
            },
            turning: { on: { KEYS_ANNOUNCED: { target: 'current', actions: 'rememberEpoch' } } },
          },
        },
        collecting: {
          initial: 'waiting',
          states: {
            waiting: {
              on: { RECORDS_SEEN: { target: 'opening', actions: ['countRecords', 'openRecords'] } },
            },
            opening: {
              on: {
                RECORDS_SEEN: { actions: ['countRecords', 'openRecords'] },
                READINGS_OPENED: [
                  { guard: 'lastRecords', target: 'waiting', actions: 'countOpened' },
                  { actions: 'countOpened' },
                ],
              },
            },
          },
        },
        quotaControl: {
          type: 'parallel',
          states: {
            periods: {
              initial: 'watching',
              states: {
                watching: {
                  on: {
                    PERIOD_ENDED: {
                      guard: 'periodIsNewer',
                      target: 'closing',
                      actions: [
                        'rememberPeriod',
                        { type: 'closePeriod', params: ({ event }) => ({ period: event.period }) },
                      ],
                    },
                  },
                },
                closing: {
                  on: {
                    PERIOD_CLOSED: 'watching',
                    PERIOD_ENDED: {
                      guard: 'periodIsNewer',
                      actions: [
                        'rememberPeriod',
                        { type: 'closePeriod', params: ({ event }) => ({ period: event.period }) },
                      ],
                    },
                  },
                },
              },
            },
            // A home may ask for the proof of an excess; until it is shown or taken back it stands open.
            excesses: {
              initial: 'undisputed',
              states: {
                undisputed: { on: { EXCESSES_LOOKED: { guard: 'isDemanded', target: 'demanded' } } },
                demanded: {
                  on: { EXCESSES_LOOKED: [{ guard: 'isDemanded' }, { target: 'undisputed' }] },
                },
              },
              on: { EXCESSES_TOLD: { actions: 'lookAtExcesses' } },
            },
          },
        },
        alarms: {
          initial: 'quiet',
          states: {
            quiet: {
              on: { ALARMS_DRAFTED: { target: 'sending', actions: ['countAlarms', 'publishAlarms'] } },
            },
            sending: {
              on: {
                ALARMS_DRAFTED: { actions: ['countAlarms', 'publishAlarms'] },
                ALARMS_PUBLISHED: [
                  { guard: 'lastAlarms', target: 'quiet', actions: 'uncountAlarms' },
                  { actions: ['uncountAlarms', 'publishAlarms'] },
                ],
              },
            },
          },
        },
        priceFeed: {
          initial: 'fresh',
          states: {
            fresh: {
              on: {
                PRICES_STALE: {
                  target: 'stale',
                  actions: { type: 'warnOperator', params: { code: 'price-stale' } },
                },
              },
            },
            stale: { on: { PRICES_FRESH: 'fresh' } },
          },
        },
        chainWatch: {
          initial: 'following',
          states: {
            following: {
              on: {
                CHAIN_STALLED: {
                  target: 'stalled',
                  actions: { type: 'warnOperator', params: { code: 'chain-stalled' } },
                },
                CHAIN_REWOUND: {
                  target: 'rewound',
                  actions: { type: 'warnOperator', params: { code: 'chain-rewound' } },
                },
              },
            },
            stalled: { on: { CHAIN_FOLLOWED: 'following', CHAIN_REWOUND: 'rewound' } },
            rewound: { on: { CHAIN_FOLLOWED: 'following', CHAIN_STALLED: 'stalled' } },
          },
        },
      },
      on: { HAND_OVER: 'handingOver' },
    },
    handingOver: { entry: 'sayGoodbye', on: { HANDED_OVER: 'handedOver' } },
    handedOver: { type: 'final' },
  },
})
