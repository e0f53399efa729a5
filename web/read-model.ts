import { z } from 'zod'
import { delegationsView } from './delegation-model.ts'
import { marketView } from './market-model.ts'

/**
 * What the pages know: one view per gateway, the role decides which. Everything is an integer with its
 * unit in the name, times are milliseconds since the Unix epoch on the gateway's own clock, and `null`
 * means "not known yet". A key that is not declared here is dropped before a view leaves the gateway, so
 * nothing private slips out.
 */

/** Most points of a power line: 12 h of minutes, or 24 min of two-second slots. */
export const SERIES_LIMIT = 720
/** Most rows of any list of events; older ones are for the history page. */
export const LIST_LIMIT = 100
/** Most members on one page; a community is a few dozen homes. */
export const MEMBERS_LIMIT = 1000

const natural = z.int().min(0)
const moment = z.int().min(0).describe('milliseconds since the Unix epoch')
const watts = z.int().describe('watts; negative while exporting')
const line = z.string().max(240)
const named = z.string().min(1).max(80)
const account = z.string().regex(/^0x[0-9a-fA-F]{40}$/, 'an account: 0x and 40 hexadecimal digits')
const code = z.string().regex(/^[a-z0-9][a-z0-9-]{0,47}$/, 'a code: lower case words joined by hyphens')

export const severity = z.enum(['notice', 'warning', 'critical'])
export type Severity = z.infer<typeof severity>
export const resource = z.enum(['none', 'energy', 'power', 'water'])
export type Resource = z.infer<typeof resource>
export const boardKind = z.enum(['power', 'water', 'comfort'])
export const boardLink = z.enum(['absent', 'connecting', 'authorising', 'live', 'stale', 'calibrating'])
export type BoardLink = z.infer<typeof boardLink>
export const powerControl = z.enum(['normal', 'over', 'warned', 'tripped', 'restored'])
export type PowerControl = z.infer<typeof powerControl>

/** The billing period that quotas belong to. */
export const periodView = z.object({ index: natural, startsAtMs: moment, endsAtMs: moment })
export type PeriodView = z.infer<typeof periodView>

/** One point of a power line: the mean of a slot, at the slot's end. */
export const powerPoint = z.object({ atMs: moment, powerW: watts })
export type PowerPoint = z.infer<typeof powerPoint>

/**
 * What can be calibrated on a board: what it measures now (mV, mA, mW, 0.01 °C or ‰), the least that a gain
 * is told from, and its setting, null while nobody here knows it.
 */
export const calibrationView = z.object({
  quantity: z.enum(['voltage', 'current', 'power', 'temperature', 'humidity']),
  measured: z.int().nullable(),
  least: natural.nullable().describe('null where an offset is set'),
  gainPpm: natural.nullable(),
  offset: z.int().nullable(),
  atMs: moment.nullable().describe('when it was set'),
})
export type CalibrationView = z.infer<typeof calibrationView>

/** A board of the home; `link` and `authorised` mirror its two LEDs. */
export const boardView = z.object({
  kind: boardKind,
  link: boardLink,
  authorised: z.boolean(),
  lastFrameMs: moment.nullable(),
  crcErrors: natural,
  keyed: z.boolean().describe('false for sources without a board key (P1, Modbus)'),
  calibration: z.array(calibrationView).max(3).readonly(),
})
export type BoardView = z.infer<typeof boardView>

/** An alarm that this home has opened, or raised itself. `block` is null until the chain holds it. */
export const alarmView = z.object({
  id: z.string().min(1).max(64).describe('what acknowledge-alarm takes'),
  number: natural.nullable(),
  code,
  severity,
  text: line,
  resource,
  atMs: moment,
  block: natural.nullable(),
  state: z.enum(['new', 'acknowledged']),
})
export type AlarmView = z.infer<typeof alarmView>

/**
 * What was asserted to have been used above a quota in a billing period that is over, and how it stands. Only
 * the home may ask for the proof, up to `lastBlock`.
 */
export const excessView = z.object({
  period: periodView,
  resource: z.enum(['energy', 'power', 'water']),
  amount: natural.describe('above the quota: Wh, W or mL'),
  state: z.enum(['asserted', 'asking', 'demanded', 'opened', 'final', 'withdrawn', 'void']),
  lastBlock: natural.describe('the last block in which the next step can be taken'),
  untilMs: moment.nullable().describe('when that block is to be expected'),
  value: natural.nullable().describe('what was used, once it is shown'),
})
export type ExcessView = z.infer<typeof excessView>

/** Data that was not good enough to be sealed, and why. */
export const refusedView = z.object({ atMs: moment, board: boardKind.nullable(), code, text: line })
export type RefusedView = z.infer<typeof refusedView>

/**
 * The shared ledger as this gateway sees it. `final` is the newest final block, `pending` counts
 * unsent or unincluded records.
 */
export const chainView = z.object({
  state: z.enum(['connecting', 'syncing', 'ready', 'stalled', 'rewound', 'away']),
  chainId: natural.nullable(),
  head: natural.nullable(),
  headAtMs: moment.nullable(),
  lagMs: natural.nullable().describe('how far the newest block known here is behind now'),
  final: natural.nullable(),
  pending: natural,
  notice: line.nullable().describe('why nothing becomes final now, for people; null while all is well'),
})
export type ChainView = z.infer<typeof chainView>

const homeState = z.object({
  phase: z.enum(['joining', 'operating', 'degraded', 'leaving']),
  text: line.describe('one plain sentence for people'),
  away: z.array(z.enum(['chain', 'cgw', 'boards'])).readonly(),
})

/** What a home's page shows. */
export const homeView = z.object({
  role: z.literal('home'),
  name: named,
  account,
  community: z.object({ name: named, account: account.nullable() }),
  state: homeState,
  slot: natural.nullable(),
  sampleMs: z.int().min(1),
  updatedAtMs: moment,
  now: z.object({
    powerW: watts.nullable().describe('mean of the last slot; null before the first reading'),
    peakPowerW: watts.nullable(),
    flowMlPerMin: natural.nullable(),
    temperatureCentiC: z.int().nullable(),
    humidityPermille: natural.nullable(),
  }),
  period: periodView,
  energy: z.object({ usedWh: natural, quotaWh: natural.nullable(), exportedWh: natural }),
  power: z.object({
    contractedW: natural.nullable(),
    control: powerControl,
    relayClosed: z.boolean().nullable(),
    tripsAtMs: moment.nullable().describe('when the switch would open if this load went on'),
  }),
  water: z.object({ usedMl: natural, quotaMl: natural.nullable(), valveOpen: z.boolean().nullable() }),
  series: z.array(powerPoint).max(SERIES_LIMIT).readonly(),
  boards: z.array(boardView).max(12).readonly(),
  alarms: z.array(alarmView).max(LIST_LIMIT).readonly(),
  excesses: z.array(excessView).max(LIST_LIMIT).readonly(),
  refused: z.array(refusedView).max(LIST_LIMIT).readonly(),
  market: marketView.nullable().describe('null while the home has no market'),
  delegations: delegationsView.nullable().describe('null until the home belongs to a community'),
  chain: chainView,
  counts: z.object({
    samples: natural,
    sealed: natural,
    rejected: natural,
    submitted: natural,
    final: natural,
  }),
})
export type HomeView = z.infer<typeof homeView>

/** A home as the community gateway sees it, in the current billing period. */
export const memberView = z.object({
  name: named,
  account,
  online: z.boolean(),
  lastSlot: natural.nullable(),
  lastSeenMs: moment.nullable(),
  powerW: watts.nullable(),
  peakPowerW: watts.nullable(),
  quotaPowerW: natural.nullable(),
  usedEnergyWh: natural,
  quotaEnergyWh: natural.nullable(),
  usedWaterMl: natural,
  quotaWaterMl: natural.nullable(),
  alarms: natural,
  watch: z
    .object({ delegation: natural, by: named, untilMs: moment })
    .nullable()
    .describe('who reads this home for its people, agreed or running'),
})
export type MemberView = z.infer<typeof memberView>

/** An alarm as its sender shows it: which and to whom; the words stay sealed. */
export const sentAlarmView = z.object({
  number: natural,
  code,
  severity,
  resource,
  home: account,
  homeName: named.nullable(),
  atMs: moment,
  block: natural.nullable(),
})
export type SentAlarmView = z.infer<typeof sentAlarmView>

/** A published total of one billing period over the homes present at both of its ends. */
export const totalView = z.object({
  period: natural,
  homes: natural,
  importWh: natural,
  exportWh: natural,
  waterMl: natural,
  block: natural.nullable(),
})
export type TotalView = z.infer<typeof totalView>

export const blockView = z.object({
  number: natural,
  hash: z.string().regex(/^0x[0-9a-f]{64}$/, 'a block hash: 0x and 64 hexadecimal digits'),
  timeMs: moment,
  transactions: natural,
  gasUsed: natural,
})
export type BlockView = z.infer<typeof blockView>

/** What the ledger holds of market prices, and whether new ones come. */
export const pricesView = z.object({
  source: line.describe('where the prices are read'),
  token: z
    .object({ buyMicroEur: natural, sellMicroEur: natural })
    .nullable()
    .describe('what one SCT costs and brings; null before the first price'),
  market: z
    .array(
      z.object({
        resource: z.enum(['energy', 'power', 'water']),
        microEur: natural.describe('per kWh, per kW and hour, per m³'),
        postedAtMs: moment,
        validUntilMs: moment,
      }),
    )
    .max(3)
    .readonly(),
  alarm: z.boolean().describe('no new price of energy came for too long'),
  notice: line.nullable().describe('what is wrong, for people'),
})
export type PricesView = z.infer<typeof pricesView>

const amounts = z.object({ energyWh: natural, powerW: natural, waterMl: natural })
/** An amount of each resource: the community contract, or what was allocated of it. */
export type Amounts = z.infer<typeof amounts>

const communityState = z.object({
  phase: z.enum(['founding', 'operating', 'degraded', 'handing-over']),
  text: line.describe('one plain sentence for people'),
  away: z.array(z.enum(['chain', 'homes'])).readonly(),
})

/** What the manager's page shows. */
export const communityView = z.object({
  role: z.literal('community'),
  name: named,
  account,
  state: communityState,
  slot: natural.nullable(),
  sampleMs: z.int().min(1),
  updatedAtMs: moment,
  now: z.object({ powerW: watts.nullable().describe('sum over the homes of their newest slots') }),
  members: z.array(memberView).max(MEMBERS_LIMIT).readonly(),
  prices: pricesView.nullable().describe('null while the feed is being started'),
  contract: amounts.nullable(),
  allocated: amounts,
  used: z.object({ energyWh: natural, waterMl: natural }),
  period: periodView,
  totals: z.array(totalView).max(LIST_LIMIT).readonly(),
  series: z.array(powerPoint).max(SERIES_LIMIT).readonly(),
  blocks: z.array(blockView).max(LIST_LIMIT).readonly(),
  alarmsSent: z.array(sentAlarmView).max(LIST_LIMIT).readonly(),
  chain: chainView,
  counts: z.object({
    included: natural,
    decrypted: natural,
    final: natural,
    refused: natural,
    voided: natural.describe('refused readings that are void on the ledger, with the proof'),
    alarmsSent: natural,
  }),
  warnings: z.array(line).max(LIST_LIMIT).readonly(),
})
export type CommunityView = z.infer<typeof communityView>

export const view = z.discriminatedUnion('role', [homeView, communityView])
/** What one gateway's page shows. */
export type View = z.infer<typeof view>
