import { assign, setup } from 'xstate'
import { placeholder } from '../placeholder.ts'

/** What the community gateway must remember of itself across a crash. */
export interface CommunityGatewayContext {
  readonly account: string
  readonly epoch: number | null
  readonly members: number
  /** Billing period that quota control looks at. */
  readonly period: number
  /** Alarms drafted and not yet seen on the chain. */
  readonly alarmsWaiting: number
  readonly chainHead: number
}

export type CommunityGatewayEvent =
  | { type: 'CONTRACTS_READY' }
  | { type: 'KEYS_ANNOUNCED'; epoch: number }
  | { type: 'JOIN_ASKED'; account: string }
  | { type: 'MEMBER_ADMITTED'; account: string }
  | { type: 'MEMBER_KEYED'; account: string }
  | { type: 'MEMBER_REVOKED'; account: string }
  | { type: 'RECORD_SEEN'; home: string; slot: number }
  | { type: 'READING_ACCEPTED'; home: string; slot: number }
  | { type: 'READING_FAULTY'; home: string; slot: number; code: string }
  | { type: 'PERIOD_BEGUN'; period: number }
  | { type: 'ALLOCATION_CLOSED'; revision: number }
  | { type: 'ALARM_DRAFTED'; home: string; code: string }
  | { type: 'ALARM_PUBLISHED'; number: number }
  | { type: 'HEAD'; block: number }
  | { type: 'CHAIN_STALLED' }
  | { type: 'CHAIN_REWOUND'; block: number }
  | { type: 'HAND_OVER' }
  | { type: 'HANDED_OVER' }

/**
 * The manager's node (DESIGN §6): it founds the community on the chain, then admits members, collects readings,
 * controls quotas, sends alarms and watches the chain at the same time.
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
    admit: placeholder('admit'),
    allocateQuotas: placeholder('allocateQuotas'),
    openRecord: placeholder('openRecord'),
    controlQuota: placeholder('controlQuota'),
    closePeriod: placeholder('closePeriod'),
    reportBadData: placeholder('reportBadData'),
    publishAlarm: placeholder('publishAlarm'),
    warnOperator: placeholder('warnOperator'),
    sayGoodbye: placeholder('sayGoodbye'),
    rememberEpoch: assign(({ event }) => (event.type === 'KEYS_ANNOUNCED' ? { epoch: event.epoch } : {})),
    countMember: assign({ members: ({ context }) => context.members + 1 }),
    uncountMember: assign({ members: ({ context }) => Math.max(0, context.members - 1) }),
    rememberPeriod: assign(({ event }) => (event.type === 'PERIOD_BEGUN' ? { period: event.period } : {})),
    countAlarm: assign({ alarmsWaiting: ({ context }) => context.alarmsWaiting + 1 }),
    uncountAlarm: assign({ alarmsWaiting: ({ context }) => Math.max(0, context.alarmsWaiting - 1) }),
    rememberHead: assign(({ event }) =>
      event.type === 'HEAD' || event.type === 'CHAIN_REWOUND' ? { chainHead: event.block } : {},
    ),
  },
  guards: {
    periodIsNewer: ({ context, event }) => event.type === 'PERIOD_BEGUN' && event.period > context.period,
    lastAlarm: ({ context }) => context.alarmsWaiting <= 1,
  },
}).createMachine({
  id: 'communityGateway',
  context: ({ input }) => ({
    account: input.account,
    epoch: null,
    members: 0,
    period: -1,
    alarmsWaiting: 0,
    chainHead: 0,
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
                JOIN_ASKED: { target: 'admitting', actions: 'admit' },
                MEMBER_ADMITTED: { actions: 'countMember' },
                MEMBER_KEYED: { actions: 'allocateQuotas' },
                MEMBER_REVOKED: { actions: ['uncountMember', 'allocateQuotas'] },
              },
            },
            admitting: {
              on: {
                JOIN_ASKED: { actions: 'admit' },
                MEMBER_ADMITTED: { target: 'open', actions: 'countMember' },
                MEMBER_KEYED: { actions: 'allocateQuotas' },
                MEMBER_REVOKED: { actions: ['uncountMember', 'allocateQuotas'] },
              },
            },
          },
        },
        collecting: {
          initial: 'waiting',
          states: {
            waiting: { on: { RECORD_SEEN: { target: 'opening', actions: 'openRecord' } } },
            opening: {
              on: {
                RECORD_SEEN: { actions: 'openRecord' },
                READING_ACCEPTED: { target: 'waiting', actions: 'controlQuota' },
                READING_FAULTY: { target: 'waiting', actions: 'reportBadData' },
              },
            },
          },
        },
        quotaControl: {
          initial: 'watching',
          states: {
            watching: {
              on: {
                PERIOD_BEGUN: {
                  guard: 'periodIsNewer',
                  target: 'closing',
                  actions: ['closePeriod', 'rememberPeriod'],
                },
              },
            },
            closing: { always: 'watching' },
          },
        },
        alarms: {
          initial: 'quiet',
          states: {
            quiet: { on: { ALARM_DRAFTED: { target: 'sending', actions: ['countAlarm', 'publishAlarm'] } } },
            sending: {
              on: {
                ALARM_DRAFTED: { actions: ['countAlarm', 'publishAlarm'] },
                ALARM_PUBLISHED: [
                  { guard: 'lastAlarm', target: 'quiet', actions: 'uncountAlarm' },
                  { actions: 'uncountAlarm' },
                ],
              },
            },
          },
        },
        chainWatch: {
          initial: 'following',
          states: {
            following: {
              on: {
                HEAD: { actions: 'rememberHead' },
                CHAIN_STALLED: { target: 'stalled', actions: 'warnOperator' },
                CHAIN_REWOUND: { target: 'rewound', actions: ['rememberHead', 'warnOperator'] },
              },
            },
            stalled: {
              on: {
                HEAD: { target: 'following', actions: 'rememberHead' },
                CHAIN_REWOUND: { target: 'rewound', actions: ['rememberHead', 'warnOperator'] },
              },
            },
            rewound: {
              on: {
                HEAD: { target: 'following', actions: 'rememberHead' },
                CHAIN_STALLED: { target: 'stalled', actions: 'warnOperator' },
              },
            },
          },
        },
      },
      on: { HAND_OVER: 'handingOver' },
    },
    handingOver: { entry: 'sayGoodbye', on: { HANDED_OVER: 'handedOver' } },
    handedOver: { type: 'final' },
  },
})
