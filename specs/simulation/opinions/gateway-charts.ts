import { type Chart, type Facts, num } from './chart.ts'

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const others = ({ away }: Facts, { what }: Facts): unknown[] => list(away).filter((each) => each !== what)
const nextEpoch = ({ epoch }: Facts): number => (epoch === null ? 0 : num(epoch) + 1)

const OPERATING = ['metering.listening', 'reporting.settled', 'alarms.quiet', 'keys.current', 'link.whole']
  .map((leaf) => `operating.${leaf}`)
  .join(' ')

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
    joining                       | LEAVE                       | leaving                        | sayGoodbye
    joining.finding               | COMMUNITY_FOUND             | joining.introducing            | introduce
    joining.introducing           | JOIN_ACCEPTED               | joining.exchangingKeys         | exchangeKeys
    joining.introducing           | JOIN_REFUSED                | joining.refused                | =refusal
    joining.exchangingKeys        | KEY_RECEIVED                | joining.registering            | publishKey
    joining.registering           | KEY_PUBLISHED               | ${OPERATING}                   | =key
    joining.refused               | COMMUNITY_FOUND             | joining.introducing            | introduce
    operating                     | LEAVE                       | leaving                        | sayGoodbye
    operating.metering            | READING_SEALED              | operating.metering.listening   | =sealed submitReading
    operating.metering.listening  | READING_COMPLETE ?newer     | operating.metering.sealing     | sealReading
    operating.metering.sealing    | READING_COMPLETE ?newer     | -                              | sealReading
    operating.metering.doubting   | READING_COMPLETE ?newer     | operating.metering.sealing     | sealReading
    operating.metering.listening  | READING_REFUSED             | operating.metering.doubting    |
    operating.metering.sealing    | READING_REFUSED             | operating.metering.doubting    |
    operating.reporting.settled   | READING_SEALED              | operating.reporting.waiting    |
    operating.reporting.settled   | READING_UNDONE              | operating.reporting.waiting    | =more
    operating.reporting.waiting   | READING_INCLUDED ?last      | operating.reporting.settled    | =fewer
    operating.reporting.waiting   | READING_INCLUDED            | -                              | =fewer
    operating.reporting.waiting   | READING_UNDONE              | -                              | =more
    operating.alarms.quiet        | ALARM_OPENED                | operating.alarms.raised        | =alarm tellPeople
    operating.alarms.raised       | ALARM_OPENED                | -                              | =alarm tellPeople
    operating.alarms.raised       | ALARMS_ACKNOWLEDGED         | operating.alarms.quiet         | =read
    operating.keys.current        | EPOCH_ANNOUNCED ?nextEpoch  | operating.keys.renewing        | =key exchangeKeys
    operating.keys.renewing       | EPOCH_ANNOUNCED ?nextEpoch  | -                              | =key exchangeKeys
    operating.keys.renewing       | KEY_RECEIVED                | -                              | publishKey
    operating.keys.renewing       | KEY_PUBLISHED ?newestKey    | operating.keys.current         | =key
    operating.link.whole          | AWAY                        | operating.link.degraded        | =away
    operating.link.degraded       | AWAY                        | -                              | =away
    operating.link.degraded       | BACK ?allBack               | operating.link.whole           | =back
    operating.link.degraded       | BACK                        | -                              | =back
    leaving                       | LEFT                        | left                           |
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
    founding.deploying             | CONTRACTS_READY              | founding.announcing            | announceKeys
    founding.announcing            | KEYS_ANNOUNCED               | ${FOUNDED}                     | =epoch
    operating                      | HAND_OVER                    | handingOver                    | sayGoodbye
    handingOver                    | HANDED_OVER                  | handedOver                     |
    operating.membership.open      | JOIN_ASKED                   | operating.membership.admitting | admit
    operating.membership.admitting | JOIN_ASKED                   | -                              | admit
    operating.membership.admitting | MEMBER_KEYED                 | operating.membership.open      | allocateQuotas
    operating.membership           | MEMBER_KEYED                 | -                              | allocateQuotas
    operating.membership           | MEMBER_ADMITTED              | -                              | =member
    operating.membership           | MEMBER_REVOKED               | -                              | =gone allocateQuotas
    operating.keys.current         | EPOCH_DUE ?next              | operating.keys.turning         | beginEpoch
    operating.keys.turning         | KEYS_ANNOUNCED               | operating.keys.current         | =epoch
    operating.collecting.waiting   | RECORDS_SEEN                 | operating.collecting.opening   | =seen openRecords
    operating.collecting.opening   | RECORDS_SEEN                 | -                              | =seen openRecords
    operating.collecting.opening   | READINGS_OPENED ?all         | operating.collecting.waiting   | =opened
    operating.collecting.opening   | READINGS_OPENED              | -                              | =opened
    operating.quotaControl.periods.watching | PERIOD_ENDED ?later | operating.quotaControl.periods.closing | =period closePeriod
    operating.quotaControl.periods.closing  | PERIOD_ENDED ?later | -                                      | =period closePeriod
    operating.quotaControl.periods.closing  | PERIOD_CLOSED       | operating.quotaControl.periods.watching |
    operating.quotaControl.excesses         | EXCESSES_TOLD       | -                                      | lookAtExcesses
    operating.quotaControl.excesses.undisputed | EXCESSES_LOOKED ?asked | operating.quotaControl.excesses.demanded |
    operating.quotaControl.excesses.demanded   | EXCESSES_LOOKED ?asked | operating.quotaControl.excesses.demanded |
    operating.quotaControl.excesses.demanded   | EXCESSES_LOOKED        | operating.quotaControl.excesses.undisputed |
    operating.alarms.quiet         | ALARMS_DRAFTED               | operating.alarms.sending       | =drafted publishAlarms
    operating.alarms.sending       | ALARMS_DRAFTED               | -                              | =drafted publishAlarms
    operating.alarms.sending       | ALARMS_PUBLISHED ?lastAlarms | operating.alarms.quiet         | =published
    operating.alarms.sending       | ALARMS_PUBLISHED             | -                              | =published publishAlarms
    operating.priceFeed.fresh      | PRICES_STALE                 | operating.priceFeed.stale      | warnOperator
    operating.priceFeed.stale      | PRICES_FRESH                 | operating.priceFeed.fresh      |
    operating.chainWatch.following | CHAIN_STALLED                | operating.chainWatch.stalled   | warnOperator
    operating.chainWatch.following | CHAIN_REWOUND                | operating.chainWatch.rewound   | warnOperator
    operating.chainWatch.stalled   | CHAIN_FOLLOWED               | operating.chainWatch.following |
    operating.chainWatch.stalled   | CHAIN_REWOUND                | operating.chainWatch.rewound   |
    operating.chainWatch.rewound   | CHAIN_FOLLOWED               | operating.chainWatch.following |
    operating.chainWatch.rewound   | CHAIN_STALLED                | operating.chainWatch.stalled   |
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
