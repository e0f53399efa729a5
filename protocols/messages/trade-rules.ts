import { z } from 'zod'
import { badField } from '../rules/fault.ts'
import { RESOURCES } from '../rules/resource.ts'
import { checkRules, RULES_MOST } from '../rules/trade-rules/check.ts'
import { type TradeRule, type TradeRules, WEEKDAYS } from '../rules/trade-rules/rule.ts'
import { hoursField } from './hours.ts'
import { expectedOf, naturalField } from './json-message.ts'

/** Money in a rule: up to a billion SCT, which a number of JSON holds exactly. */
const MICRO_SCT_MOST = 1_000_000_000_000_000
/** A lot in a rule: 70 TWh, 70 TW, 70 million m³. */
const AMOUNT_MOST = 2 ** 46
/** A rule that acts more often than every quarter of an hour is no rule of a home. */
const TIMES_MOST = 96
const SALES_A_DAY = 24

const microSct = () => naturalField(MICRO_SCT_MOST)
const percent = () => naturalField(100)
const amount = () => naturalField(AMOUNT_MOST).min(1)

const whenSchema = z.strictObject({
  surplusAbovePercent: percent().optional(),
  quotaLeftBelowPercent: percent().optional(),
  marketPriceAtLeastMicroSct: microSct().optional(),
  marketPriceAtMostMicroSct: microSct().optional(),
  balanceAtLeastMicroSct: microSct().optional(),
  balanceAtMostMicroSct: microSct().optional(),
  hours: hoursField().optional(),
  weekdays: z.array(z.enum(WEEKDAYS)).min(1).max(7).optional(),
})

const amountSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('fixed'), amount: amount() }),
  z.strictObject({ kind: z.literal('share'), percent: percent().min(1) }),
  z.strictObject({ kind: z.literal('above'), percent: percent() }),
  z.strictObject({ kind: z.literal('missing') }),
])

const perDaySchema = z.strictObject({
  times: naturalField(TIMES_MOST).min(1).optional(),
  spendMicroSct: microSct().nullable().optional(),
})

const ruleSchema = z
  .strictObject({
    name: z.string().min(1).max(60),
    do: z.enum(['sell', 'buy']),
    resource: z.enum(RESOURCES),
    when: whenSchema.default({}),
    amount: amountSchema,
    leastAmount: amount().default(1),
    limitMicroSct: microSct().min(1),
    window: z
      .union([z.literal('rest-of-period'), hoursField()])
      .nullable()
      .default(null),
    perDay: perDaySchema.default({}),
  })
  .transform(({ perDay, ...rule }): TradeRule => {
    // What is bought in a fixed lot is wanted once; a sale answers whoever asks.
    const usual = rule.do === 'buy' && rule.amount.kind === 'fixed' ? 1 : SALES_A_DAY
    const { times = usual, spendMicroSct = null } = perDay
    return { ...rule, perDay: { times, spendMicroSct } }
  })

const rulesSchema = z.strictObject({
  keepMicroSct: microSct().default(0),
  rules: z.array(ruleSchema).max(RULES_MOST),
})

/** What a person writes: `z.input` of the schema, for pages and documents. */
export type TradeRulesForm = z.input<typeof rulesSchema>

function at(json: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => {
    return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
  }, json)
}

/** A rule by the name that its author gave it, or by its place. */
function nameOf(json: unknown, path: readonly PropertyKey[]): string {
  if (path[0] !== 'rules' || path.length < 2) return ['rules', ...path.slice(1)].join('.')
  const name = at(json, [...path.slice(0, 2), 'name'])
  const of = path.slice(2).join('.')
  const rule = typeof name === 'string' && name !== '' ? `rule "${name}"` : `rule ${Number(path[1]) + 1}`
  return of === '' ? rule : `${rule}, ${of}`
}

/**
 * A home's rules from plain JSON: `{keepMicroSct, rules: [{name, do, resource, when, amount, limitMicroSct,
 * …}]}`, amounts in Wh, W or mL, prices in micro-SCT per kWh, per kW and hour, or per m³, hours as "18:30".
 * @throws Fault `bad-field`, `duplicate-rule`, `rules-conflict`; the message names the rule and the field.
 */
export function readTradeRules(json: unknown): TradeRules {
  const read = rulesSchema.safeParse(json)
  if (!read.success) {
    const path = read.error.issues[0]?.path ?? []
    throw badField(nameOf(json, path), expectedOf(read.error), at(json, path), 'correct the rule')
  }
  checkRules(read.data)
  return read.data
}
