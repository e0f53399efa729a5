import { z } from 'zod'

/**
 * What the market pages know, and what a home may ask of its market. Money is in micro-SCT (a millionth of a
 * token) or micro-euro; an amount of energy is in Wh, of power in W within a window, of water in mL. Prices
 * of a unit are per kWh, per kW and hour, or per m³. Prices of a lot are for the whole lot.
 */

/** Most rows of a list; the CSV file holds all of them. */
export const MARKET_LIST_LIMIT = 100
/** Most sealed bids shown one by one: one of each home in a large community. */
export const SEALS_LIMIT = 64
/** A home states a few dozen rules at most; more would be a program. */
export const RULES_LIMIT = 32
/** The contract's largest amount of a lot. */
export const AMOUNT_MOST = 2 ** 48 - 1
/** 999,999,999.999999 SCT: 15 digits, which every reader of JSON keeps. */
export const MICRO_MOST = 999_999_999_999_999

const natural = z.int().min(0)
const moment = z.int().min(0).describe('milliseconds since the Unix epoch')
const line = z.string().max(240)
const micro = z.int().min(0).max(MICRO_MOST)
const account = z.string().regex(/^0x[0-9a-fA-F]{40}$/, 'an account: 0x and 40 hexadecimal digits')
const auctionId = z
  .string()
  .regex(/^[0-9a-z-]{1,80}$/, 'the id of an auction in the view')
  .describe('the number of the auction on the chain; another word until the chain has it')
const ppm = z.int().describe('millionths: 1,000,000 is once')

export const marketResource = z.enum(['energy', 'power', 'water'])
export type MarketResource = z.infer<typeof marketResource>
export const marketRole = z.enum(['buyer', 'seller'])
export type MarketRole = z.infer<typeof marketRole>

/** What the home owns. SCT lie in the token, as free credit in the market, or are locked there. */
export const walletView = z.object({
  balanceMicroSct: micro.describe('in the token contract'),
  creditMicroSct: micro.describe('in the market, free: withdraw takes it out'),
  lockedMicroSct: micro.describe('in the market, as bonds and deposits of auctions'),
  nativeWei: z.string().regex(/^\d{1,60}$/, 'a decimal number'),
  sctBuyMicroEur: micro.nullable().describe('what one SCT costs'),
  sctSellMicroEur: micro.nullable().describe('what one SCT brings'),
  pricesAtMs: moment.nullable(),
  pricesStale: z.boolean().describe('true while the feed is older than its age limit: no exchange'),
})
export type WalletView = z.infer<typeof walletView>

/** One resource of the home in the current billing period, and its prices. */
export const marketResourceView = z.object({
  resource: marketResource,
  quota: natural.nullable(),
  used: natural.describe('of the period; for power the highest slot'),
  likelyByEnd: natural.nullable().describe('the forecast of what will be used by the end of the period'),
  spare: natural.nullable().describe('what the home could sell without selling itself short'),
  spareBecause: line,
  marketMicroEurPerUnit: micro.nullable(),
  marketMicroSctPerUnit: micro.nullable(),
  tradingMicroSctPerUnit: micro.nullable().describe('average of the newest trades of the community'),
  weightPpm: ppm.describe('W of equations 8, 10 and 11 now'),
  ceilingMicroSctPerUnit: micro.nullable().describe('the public ceiling: bond = amount at this price'),
})
export type MarketResourceView = z.infer<typeof marketResourceView>

const lot = {
  resource: marketResource,
  amount: natural,
  fromMs: moment.describe('begin of the period, or of the window of power'),
  untilMs: moment,
}

/** Somebody's request for quota, that matches what this home likes to be asked. */
export const requestView = z.object({
  auctionId,
  ...lot,
  buyer: account,
  openedAtMs: moment,
  closesAtMs: moment,
  estimateMicroSct: micro.nullable().describe('M of the lot'),
  ceilingMicroSct: micro.describe('most the lot can cost, and the bond of a bid'),
  spare: natural.nullable(),
  state: z.enum(['open', 'bid', 'declined', 'closed']),
  ownValueMicroSct: micro.nullable(),
  because: line.describe('what the home can spare and why, or why it did not bid'),
})
export type RequestView = z.infer<typeof requestView>

export const auctionPhase = z.enum([
  'offering',
  'bidding',
  'gap',
  'showing',
  'revealing',
  'settling',
  'delivering',
  'paid',
  'failed',
])
export type AuctionPhase = z.infer<typeof auctionPhase>

/** Why nothing was exchanged; the first six are the contract's own. */
export const auctionFailure = z.enum([
  'cancelled',
  'no-bids',
  'no-max-price',
  'none-under-max',
  'second-above-max',
  'too-late',
  'refused',
])
export type AuctionFailure = z.infer<typeof auctionFailure>

/** A sealed bid: a lock until its seller reveals. */
export const sealView = z.object({
  account,
  own: z.boolean(),
  valueMicroSct: micro.nullable().describe('null while sealed'),
})
export type SealView = z.infer<typeof sealView>

/** A movement of SCT of one auction, as this home sees it. */
export const movementView = z.object({
  text: line,
  kind: z.enum(['locked', 'pays', 'gets', 'returned', 'forfeited']),
  microSct: micro,
  done: z.boolean(),
})
export type MovementView = z.infer<typeof movementView>

/** An auction that this home takes part in. */
export const auctionView = z.object({
  id: auctionId,
  role: marketRole,
  ...lot,
  buyer: account.nullable(),
  seller: account.nullable().describe('the winner, once there is one'),
  openedAtMs: moment,
  phase: auctionPhase,
  phaseStartsAtMs: moment.nullable(),
  phaseEndsAtMs: moment.nullable(),
  failure: auctionFailure.nullable(),
  bids: natural,
  reveals: natural,
  seals: z.array(sealView).max(SEALS_LIMIT).readonly(),
  bondMicroSct: micro,
  depositMicroSct: micro,
  ownValueMicroSct: micro.nullable().describe('what this home sealed: its bid, or its maximum price'),
  maxPriceMicroSct: micro.nullable().describe('once the buyer has shown it'),
  won: z.boolean().nullable(),
  priceMicroSct: micro.nullable(),
  delivered: natural.nullable(),
  movements: z.array(movementView).max(12).readonly(),
  cancellable: z.boolean(),
  byRule: z.boolean().describe('true when a rule of the home did it'),
  text: line,
})
export type AuctionView = z.infer<typeof auctionView>

/** A trade that is over. */
export const tradeView = z.object({
  id: auctionId,
  role: marketRole,
  ...lot,
  delivered: natural,
  priceMicroSct: micro,
  paidMicroSct: micro.describe('what went from the buyer to the seller'),
  compensationMicroSct: micro.describe('what the seller paid the buyer for what was not delivered'),
  againstTradingPpm: ppm.nullable().describe('price against the trading price of then; negative: under it'),
  counterparty: account,
  atMs: moment,
  outcome: z.enum(['delivered', 'partly', 'failed']),
  text: line,
})
export type TradeView = z.infer<typeof tradeView>

/** One line of a bill: positive is what the home owes, negative what it gets. */
export const billRowView = z.object({
  text: line,
  resource: marketResource.nullable(),
  amount: natural.nullable(),
  microSct: z.int(),
  microEur: z.int().nullable(),
})
export type BillRowView = z.infer<typeof billRowView>

export const billView = z.object({
  period: natural,
  startsAtMs: moment,
  endsAtMs: moment,
  closed: z.boolean().describe('false while the period runs or a delivery of it is not decided'),
  rows: z.array(billRowView).max(MARKET_LIST_LIMIT).readonly(),
  totalMicroSct: z.int(),
  totalMicroEur: z.int().nullable(),
})
export type BillView = z.infer<typeof billView>

const unitPrice = z
  .int({ error: 'a whole number of micro-SCT' })
  .min(0, 'nothing or more')
  .max(MICRO_MOST, 'at most 999,999,999.999999 SCT')
const percent = z.int({ error: 'a whole number of percent' }).min(0, '0 or more').max(100, 'at most 100')
const ruleAmount = z
  .int({ error: 'a whole number of Wh, W or mL' })
  .min(1, 'more than nothing')
  .max(AMOUNT_MOST, 'at most 2^48 - 1')

export const weekday = z.enum(['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'])
export type Weekday = z.infer<typeof weekday>

const timeOfDay = z.string().regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, 'a time as 18:30')
/** A part of the day at the home's own place; past midnight when it ends before it begins. */
export const ruleHours = z.strictObject({ from: timeOfDay, until: timeOfDay })
export type RuleHours = z.infer<typeof ruleHours>

/** What must be so for a rule to act; all that are given must hold. Prices are of a unit. */
export const ruleConditions = z.strictObject({
  surplusAbovePercent: percent.optional(),
  quotaLeftBelowPercent: percent.optional(),
  marketPriceAtLeastMicroSct: unitPrice.optional(),
  marketPriceAtMostMicroSct: unitPrice.optional(),
  balanceAtLeastMicroSct: unitPrice.optional(),
  balanceAtMostMicroSct: unitPrice.optional(),
  hours: ruleHours.optional(),
  weekdays: z.array(weekday).min(1, 'at least one day').max(7).optional(),
})

/** A rule as a home writes it; the gateway reads it by `readTradeRules`, together with the others. */
export const ruleForm = z.strictObject({
  name: z.string().min(1, 'a name').max(60, 'at most 60 characters'),
  do: z.enum(['sell', 'buy']),
  resource: marketResource,
  when: ruleConditions,
  amount: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('fixed'), amount: ruleAmount }).describe('so much or nothing'),
    z
      .strictObject({ kind: z.literal('share'), percent: percent.min(1, '1 or more') })
      .describe('of the surplus'),
    z.strictObject({ kind: z.literal('above'), percent }).describe('the surplus above a part of the quota'),
    z.strictObject({ kind: z.literal('missing') }).describe('what the quota will likely lack'),
  ]),
  leastAmount: ruleAmount.optional(),
  limitMicroSct: unitPrice
    .min(1, 'more than nothing')
    .describe('per unit: sells for no less, buys for no more'),
  window: z
    .union([z.literal('rest-of-period'), ruleHours])
    .nullable()
    .optional()
    .describe('for when power is bought'),
  perDay: z
    .strictObject({
      times: z.int().min(1, 'at least once').max(96, 'at most 96 times').optional(),
      spendMicroSct: unitPrice.nullable().optional(),
    })
    .optional(),
})
export type RuleForm = z.infer<typeof ruleForm>

/** Most neighbours that a home does not trade with. */
const BLOCKED_LIMIT = 256

/** Which requests of one resource a home wants to be asked about; it is not asked about the others. */
export const preferenceForm = z.strictObject({
  resource: marketResource,
  leastAmount: ruleAmount.optional(),
  mostAmount: ruleAmount.optional(),
  leastUnitMicroSct: unitPrice.optional().describe('per unit: not worth less to this home'),
  hours: ruleHours.optional(),
  keptSurplus: z
    .int({ error: 'a whole number of Wh, W or mL' })
    .min(0, '0 or more')
    .max(AMOUNT_MOST, 'at most 2^48 - 1')
    .optional()
    .describe('what of the spare amount is not for sale'),
})
export type PreferenceForm = z.infer<typeof preferenceForm>

/** What a home likes to be asked; it stays in the home. */
export const preferencesForm = z.strictObject({
  preferences: z.array(preferenceForm).max(3, 'each resource once').readonly(),
  blocked: z.array(account).max(BLOCKED_LIMIT, `at most ${BLOCKED_LIMIT} accounts`).readonly(),
})
export type PreferencesForm = z.infer<typeof preferencesForm>

const ruleId = z.string().regex(/^[0-9a-z-]{1,40}$/, 'the id of a rule in the view')

export const ruleView = z.object({ id: ruleId, enabled: z.boolean(), rule: ruleForm })
export type RuleView = z.infer<typeof ruleView>

/** What a rule decided, and why, in words. */
export const decisionView = z.object({
  atMs: moment,
  rule: z.string().max(60).nullable().describe('its name; null when no rule answers'),
  resource: marketResource.nullable(),
  acted: z.boolean(),
  text: line,
})
export type DecisionView = z.infer<typeof decisionView>

export const marketView = z.object({
  state: z.object({
    phase: z.enum(['starting', 'open', 'closing', 'paused', 'frozen']),
    text: line.describe('one plain sentence for people'),
  }),
  leadMs: natural.describe('least time from an offer to its award'),
  strict: z.boolean().describe('the paper’s rule: fails when the second lowest is above the maximum price'),
  wallet: walletView,
  resources: z.array(marketResourceView).max(3).readonly(),
  requests: z.array(requestView).max(MARKET_LIST_LIMIT).readonly(),
  auctions: z.array(auctionView).max(MARKET_LIST_LIMIT).readonly(),
  history: z.array(tradeView).max(MARKET_LIST_LIMIT).readonly(),
  bills: z.array(billView).max(24).readonly().describe('the newest first'),
  preferences: preferencesForm,
  rules: z.array(ruleView).max(RULES_LIMIT).readonly(),
  keepMicroSct: micro.describe('no rule binds the last so many SCT'),
  decisions: z.array(decisionView).max(MARKET_LIST_LIMIT).readonly(),
})
export type MarketView = z.infer<typeof marketView>
