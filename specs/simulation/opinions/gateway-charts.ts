import { type Chart, type Facts, inside, num } from './chart.ts'

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const others = ({ away }: Facts, { what }: Facts): unknown[] => list(away).filter((each) => each !== what)
const nextEpoch = ({ epoch }: Facts): number => (epoch === null ? 0 : num(epoch) + 1)

const OPERATING = ['metering.listening', 'reporting.settled', 'alarms.quiet', 'keys.current', 'link.whole']
  .map((leaf) => `operating.${leaf}`)
  .join(' ')

const IN_HOME = `
    metering           | READING_SEALED             | metering.listening | =sealed submitReading
    metering.listening | READING_COMPLETE ?newer    | metering.sealing   | sealReading
    metering.sealing   | READING_COMPLETE ?newer    | -                  | sealReading
    metering.doubting  | READING_COMPLETE ?newer    | metering.sealing   | sealReading
    metering.listening | READING_REFUSED            | metering.doubting  |
    metering.sealing   | READING_REFUSED            | metering.doubting  |
    reporting.settled  | READING_SEALED             | reporting.waiting  |
    reporting.settled  | READING_UNDONE             | reporting.waiting  | =more
    reporting.waiting  | READING_INCLUDED ?last     | reporting.settled  | =fewer
    reporting.waiting  | READING_INCLUDED           | -                  | =fewer
    reporting.waiting  | READING_UNDONE             | -                  | =more
    alarms.quiet       | ALARM_OPENED               | alarms.raised      | =alarm tellPeople
    alarms.raised      | ALARM_OPENED               | -                  | =alarm tellPeople
    alarms.raised      | ALARMS_ACKNOWLEDGED        | alarms.quiet       | =read
    keys.current       | EPOCH_ANNOUNCED ?nextEpoch | keys.renewing      | =key exchangeKeys
    keys.renewing      | EPOCH_ANNOUNCED ?nextEpoch | -                  | =key exchangeKeys
    keys.renewing      | KEY_RECEIVED               | -                  | publishKey
    keys.renewing      | KEY_PUBLISHED ?newestKey   | keys.current       | =key
    link.whole         | AWAY                       | link.degraded      | =away
    link.degraded      | AWAY                       | -                  | =away
    link.degraded      | BACK ?allBack              | link.whole         | =back
    link.degraded      | BACK                       | -                  | =back
`

/** A home: joins, then meters, reports, hears alarms, renews keys and watches its links at the same time. */
export const HOME: Chart = {
  begins: ({ account }) => ({
    leaves: ['joining.finding'],
    context: {
      ...{ account, epoch: null, recipient: null, lastSlot: -1, lastSequence: 0 },
      ...{ waiting: 0, alarmsUnread: 0, away: [], refusal: null },
    },
    asked: [{ name: 'findCommunity', params: null }],
  }),
  lines: `
    joining                | LEAVE           | leaving                | sayGoodbye
    joining.finding        | COMMUNITY_FOUND | joining.introducing    | introduce
    joining.introducing    | JOIN_ACCEPTED   | joining.exchangingKeys | exchangeKeys
    joining.introducing    | JOIN_REFUSED    | joining.refused        | =refusal
    joining.exchangingKeys | KEY_RECEIVED    | joining.registering    | publishKey
    joining.registering    | KEY_PUBLISHED   | ${OPERATING}           | =key
    joining.refused        | COMMUNITY_FOUND | joining.introducing    | introduce
    operating              | LEAVE           | leaving                | sayGoodbye
    leaving                | LEFT            | left                   |
    ${inside('operating', IN_HOME)}
  `,
  conditions: {
    newer: ({ lastSlot }, { slot }) => num(slot) > num(lastSlot),
    last: ({ waiting }) => num(waiting) < 2,
    nextEpoch: (context, { epoch }) => num(epoch) >= nextEpoch(context),
    newestKey: (context, { epoch }) => num(epoch) >= nextEpoch(context) - 1,
    allBack: (context, event) => others(context, event).length === 0,
  },
  keeps: {
    refusal: (_, { reason }) => ({ refusal: reason }),
    key: (_, { epoch, recipient }) => ({ epoch, recipient }),
    sealed: ({ waiting }, { slot, sequence }) => {
      return { lastSlot: slot, lastSequence: sequence, waiting: num(waiting) + 1 }
    },
    more: ({ waiting }) => ({ waiting: num(waiting) + 1 }),
    fewer: ({ waiting }) => ({ waiting: num(waiting) === 0 ? 0 : num(waiting) - 1 }),
    alarm: ({ alarmsUnread }) => ({ alarmsUnread: num(alarmsUnread) + 1 }),
    read: () => ({ alarmsUnread: 0 }),
    away: (context, event) => ({ away: [...others(context, event), event['what']] }),
    back: (context, event) => ({ away: others(context, event) }),
  },
  params: {
    sealReading: (_, { slot }) => ({ slot }),
    submitReading: (_, { slot }) => ({ slot }),
    tellPeople: (_, { number }) => ({ number }),
  },
}

const FOUNDED = [
  'membership.open',
  'keys.current',
  'collecting.waiting',
  'quotaControl.periods.watching',
  'quotaControl.excesses.undisputed',
  'alarms.quiet',
  'priceFeed.fresh',
  'chainWatch.following',
]
  .map((leaf) => `operating.${leaf}`)
  .join(' ')

const lessOf = (all: unknown, ended: number): number => Math.max(0, num(all) - ended)
const openedOf = ({ accepted, faulty }: Facts): number => num(accepted) + num(faulty)
const warning = ({ type }: Facts): unknown =>
  ({ PRICES_STALE: 'price-stale', CHAIN_STALLED: 'chain-stalled', CHAIN_REWOUND: 'chain-rewound' })[
    String(type)
  ]

const IN_COMMUNITY = `
    membership.open                  | JOIN_ASKED                   | membership.admitting             | admit
    membership.admitting             | JOIN_ASKED                   | -                                | admit
    membership.admitting | MEMBER_KEYED | membership.open | allocateQuotas
    membership | MEMBER_KEYED | - | allocateQuotas
    membership | MEMBER_ADMITTED | - | =member
    membership | MEMBER_REVOKED | - | =gone allocateQuotas
    keys.current | EPOCH_DUE ?next | keys.turning | beginEpoch
    keys.turning | KEYS_ANNOUNCED | keys.current | =epoch
    collecting.waiting | RECORDS_SEEN | collecting.opening | =seen openRecords
    collecting.opening | RECORDS_SEEN | - | =seen openRecords
    collecting.opening | READINGS_OPENED ?all | collecting.waiting | =opened
    collecting.opening | READINGS_OPENED | - | =opened
    quotaControl.periods.watching | PERIOD_ENDED ?later | quotaControl.periods.closing | =period closePeriod
    quotaControl.periods.closing | PERIOD_ENDED ?later | - | =period closePeriod
    quotaControl.periods.closing     | PERIOD_CLOSED                | quotaControl.periods.watching    |
    quotaControl.excesses | EXCESSES_TOLD | - | lookAtExcesses
    quotaControl.excesses.undisputed | EXCESSES_LOOKED ?asked       | quotaControl.excesses.demanded   |
    quotaControl.excesses.demanded   | EXCESSES_LOOKED ?asked       | quotaControl.excesses.demanded   |
    quotaControl.excesses.demanded   | EXCESSES_LOOKED              | quotaControl.excesses.undisputed |
    alarms.quiet | ALARMS_DRAFTED | alarms.sending | =drafted publishAlarms
    alarms.sending | ALARMS_DRAFTED | - | =drafted publishAlarms
    alarms.sending | ALARMS_PUBLISHED ?lastAlarms | alarms.quiet | =published
    alarms.sending | ALARMS_PUBLISHED | - | =published publishAlarms
    priceFeed.fresh | PRICES_STALE | priceFeed.stale | warnOperator
    priceFeed.stale                  | PRICES_FRESH                 | priceFeed.fresh                  |
    chainWatch.following | CHAIN_STALLED | chainWatch.stalled | warnOperator
    chainWatch.following | CHAIN_REWOUND | chainWatch.rewound | warnOperator
    chainWatch.stalled               | CHAIN_FOLLOWED               | chainWatch.following             |
    chainWatch.stalled               | CHAIN_REWOUND                | chainWatch.rewound               |
    chainWatch.rewound               | CHAIN_FOLLOWED               | chainWatch.following             |
    chainWatch.rewound               | CHAIN_STALLED                | chainWatch.stalled               |
`

/** The manager's node: founds the community, then does seven things at the same time until it hands over. */
export const COMMUNITY: Chart = {
  begins: ({ account }) => ({
    leaves: ['founding.deploying'],
    context: {
      ...{ account, epoch: null, members: 0, period: -1, alarmsWaiting: 0, unopened: 0, faulty: 0 },
    },
    asked: [{ name: 'deployOrAttach', params: null }],
  }),
  lines: `
    founding.deploying  | CONTRACTS_READY | founding.announcing | announceKeys
    founding.announcing | KEYS_ANNOUNCED  | ${FOUNDED}          | =epoch
    operating           | HAND_OVER       | handingOver         | sayGoodbye
    handingOver         | HANDED_OVER     | handedOver          |
    ${inside('operating', IN_COMMUNITY)}
  `,
  conditions: {
    next: (context, { epoch }) => num(epoch) === nextEpoch(context),
    later: ({ period: last }, { period }) => num(period) > num(last),
    asked: (_, { demanded }) => num(demanded) > 0,
    all: ({ unopened }, event) => lessOf(unopened, openedOf(event)) === 0,
    lastAlarms: ({ alarmsWaiting }, { count }) => lessOf(alarmsWaiting, num(count)) === 0,
  },
  keeps: {
    epoch: (_, { epoch }) => ({ epoch }),
    member: ({ members }) => ({ members: num(members) + 1 }),
    gone: ({ members }) => ({ members: lessOf(members, 1) }),
    seen: ({ unopened }, { count }) => ({ unopened: num(unopened) + num(count) }),
    opened: ({ unopened, faulty }, event) => {
      return { unopened: lessOf(unopened, openedOf(event)), faulty: num(faulty) + num(event['faulty']) }
    },
    period: (_, { period }) => ({ period }),
    drafted: ({ alarmsWaiting }, { count }) => ({ alarmsWaiting: num(alarmsWaiting) + num(count) }),
    published: ({ alarmsWaiting }, { count }) => ({ alarmsWaiting: lessOf(alarmsWaiting, num(count)) }),
  },
  params: {
    admit: (_, { account, peerKey }) => ({ account, peerKey }),
    beginEpoch: (_, { epoch }) => ({ epoch }),
    closePeriod: (_, { period }) => ({ period }),
    warnOperator: (_, event) => ({ code: warning(event) }),
  },
}
