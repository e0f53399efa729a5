import fc from 'fast-check'
import { readTradeRules, type TradeRulesForm } from '../../protocols/messages/trade-rules.ts'
import { codeOf } from '../../protocols/rules/fault.ts'
import type { ResourceFacts, TradeFacts } from '../../protocols/rules/trade-rules/facts.ts'
import { type TradeRules, WEEKDAYS } from '../../protocols/rules/trade-rules/rule.ts'

export type RuleForm = TradeRulesForm['rules'][number]

/** DESIGN's own examples, in the form that a person writes. */
export const SUN: RuleForm = {
  name: 'Sun',
  do: 'sell',
  resource: 'energy',
  when: { marketPriceAtLeastMicroSct: 200_000 },
  amount: { kind: 'above', percent: 20 },
  limitMicroSct: 150_000,
}
export const OVEN: RuleForm = {
  name: 'Oven',
  do: 'buy',
  resource: 'power',
  when: { weekdays: ['saturday'], hours: { from: '09:00', until: '11:30' } },
  amount: { kind: 'fixed', amount: 2_000 },
  limitMicroSct: 300_000,
  window: { from: '12:00', until: '14:00' },
}
export const SHORT: RuleForm = {
  name: 'Short',
  do: 'buy',
  resource: 'energy',
  amount: { kind: 'missing' },
  limitMicroSct: 250_000,
}

export const rulesOf = (rules: readonly RuleForm[], keepMicroSct = 0): TradeRules =>
  readTradeRules({ keepMicroSct, rules })

const NOTHING: ResourceFacts = {
  quota: 10_000,
  left: 5_000,
  likely: 5_000,
  usual: 5_000,
  offered: 0,
  buying: 0,
  marketPriceMicroSct: 210_000,
  ceilingMicroSct: 400_000,
}

type Change = Partial<Omit<TradeFacts, 'resources'>> & {
  readonly energy?: Partial<ResourceFacts>
  readonly power?: Partial<ResourceFacts>
  readonly water?: Partial<ResourceFacts>
}

/** A home whose use is always the same uses what it will hardly exceed. */
const known = (change: Partial<ResourceFacts> = {}): ResourceFacts => {
  const { likely = NOTHING.likely } = change
  return { ...NOTHING, usual: likely, ...change }
}

/** A home at ten on a Saturday, with neither surplus nor want; each spec changes something. */
export function facts({ energy, power, water, ...rest }: Change = {}): TradeFacts {
  return {
    period: 7,
    periodEndsInMs: 86_400_000,
    local: { day: '2026-11-21', weekday: 'saturday', minute: 600 },
    balanceMicroSct: 50_000_000,
    resources: {
      energy: known(energy),
      power: known(power),
      water: known(water),
    },
    today: {},
    ...rest,
  }
}

const amount = fc.nat(30_000)
const usual = fc.oneof(fc.nat(9_000), amount)
const price = fc.nat(500_000)
const time = fc
  .nat(1439)
  .map((m) => `${String(Math.floor(m / 60)).padStart(2, '0')}:${String(m % 60).padStart(2, '0')}`)
const hours = fc.record({ from: time, until: time }).filter(({ from, until }) => from !== until)
const resource = fc.constantFrom('energy' as const, 'power' as const, 'water' as const)
const weekdays = fc.uniqueArray(fc.constantFrom(...WEEKDAYS), { minLength: 1, maxLength: 7 })

const when = fc.record(
  {
    surplusAbovePercent: fc.nat(100),
    quotaLeftBelowPercent: fc.nat(100),
    marketPriceAtLeastMicroSct: price,
    marketPriceAtMostMicroSct: price,
    balanceAtLeastMicroSct: fc.nat(60_000_000),
    hours,
    weekdays,
  },
  { requiredKeys: [] },
)

/** Few conditions, so that rules act often. */
const someWhen = fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: when })
const fixed = fc.record({ kind: fc.constant('fixed' as const), amount: fc.integer({ min: 1, max: 9_000 }) })
const toSell = fc.oneof(
  fixed,
  fc.record({ kind: fc.constant('share' as const), percent: fc.integer({ min: 1, max: 100 }) }),
  fc.record({ kind: fc.constant('above' as const), percent: fc.nat(100) }),
)
const toBuy = fc.oneof(fixed, fc.constant({ kind: 'missing' as const }))
const window = fc.oneof(fc.constant('rest-of-period' as const), hours)
const limitMicroSct = fc.integer({ min: 1, max: 500_000 })
const perDay = fc.record(
  { times: fc.integer({ min: 1, max: 5 }), spendMicroSct: fc.nat(9_000_000) },
  { requiredKeys: [] },
)

const sale = fc.record({
  do: fc.constant('sell' as const),
  resource,
  when: someWhen,
  amount: toSell,
  limitMicroSct,
  perDay,
})
const purchase = fc
  .record({
    do: fc.constant('buy' as const),
    resource,
    when: someWhen,
    amount: toBuy,
    limitMicroSct,
    perDay,
    window,
  })
  .map(({ window: of, ...rule }) => (rule.resource === 'power' ? { ...rule, window: of } : rule))

/** Sets of rules that the door lets in. */
export const tradeRules: fc.Arbitrary<TradeRules> = fc
  .tuple(fc.array(fc.oneof(sale, purchase), { minLength: 1, maxLength: 5 }), fc.nat(20_000_000))
  .map(([list, keepMicroSct]) => ({
    keepMicroSct,
    rules: list.map((rule, i): RuleForm => ({ name: `r${i}`, ...rule })),
  }))
  .filter((form) => faultOf(() => readTradeRules(form)) === '')
  .map((form) => readTradeRules(form))

const seldom = fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: amount })

const resourceFacts: fc.Arbitrary<ResourceFacts> = fc
  .record({
    quota: amount,
    left: amount,
    usual,
    margin: usual,
    offered: seldom,
    buying: seldom,
    marketPriceMicroSct: fc.option(price),
    ceilingMicroSct: fc.option(fc.integer({ min: 1, max: 500_000 }), { freq: 10 }),
  })
  .map(({ margin, ...of }) => ({ ...of, likely: of.usual + margin }))
const done = fc.record({ times: fc.nat(1), spentMicroSct: fc.nat(2_000_000) })

export const anyFacts: fc.Arbitrary<TradeFacts> = fc.record({
  period: fc.nat(3),
  periodEndsInMs: fc.integer({ min: 1, max: 300_000_000 }),
  local: fc.record({
    day: fc.constantFrom('2026-11-21', '2026-11-22'),
    weekday: fc.constantFrom(...WEEKDAYS),
    minute: fc.nat(1439),
  }),
  balanceMicroSct: fc.nat(60_000_000),
  resources: fc.record({ energy: resourceFacts, power: resourceFacts, water: resourceFacts }),
  today: fc.dictionary(fc.constantFrom('r0', 'r1', 'r2'), done),
})

/** The code of the fault that something throws; empty when it throws none. */
export function faultOf(work: () => unknown): string {
  try {
    work()
    return ''
  } catch (thrown) {
    return codeOf(thrown)
  }
}
