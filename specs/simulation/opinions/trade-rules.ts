import { bidOn } from '../../../protocols/rules/trade-rules/bid.ts'
import { decide } from '../../../protocols/rules/trade-rules/decide.ts'
import type { TradeDecision } from '../../../protocols/rules/trade-rules/decision.ts'
import type { DoneToday, TradeFacts } from '../../../protocols/rules/trade-rules/facts.ts'
import { type TradeRule, WEEKDAYS } from '../../../protocols/rules/trade-rules/rule.ts'
import type { Chance } from '../chance.ts'
import { type Ask, refuse } from './asked.ts'
import { hoursOf, isIn } from './preferences.ts'

const RESOURCES = ['energy', 'power', 'water'] as const
type Resource = (typeof RESOURCES)[number]
const up = (of: bigint, by: bigint): bigint => of / by + (of % by === 0n ? 0n : 1n)

function ruleOf(chance: Chance, index: number): TradeRule {
  const verb = chance.pick(['sell', 'buy'] as const)
  const resource = chance.pick(RESOURCES)
  const fixed = { kind: 'fixed', amount: chance.pick([100, 300]) } as const
  const percent = chance.pick([0, 10, 33, 100])
  const sale = chance.pick([fixed, { kind: 'share', percent }, { kind: 'above', percent }] as const)
  const maybe = <T>(value: T): T | undefined => (chance.hits(200_000) ? value : undefined)
  return {
    ...{ name: `rule ${index}`, do: verb, resource },
    amount: verb === 'sell' ? sale : chance.pick([fixed, { kind: 'missing' }] as const),
    ...{ leastAmount: chance.pick([1, 100, 101]), limitMicroSct: chance.pick([10_000, 50_000, 90_000]) },
    window: verb === 'buy' && resource === 'power' ? windowOf(chance) : null,
    perDay: { times: chance.pick([1, 2, 50]), spendMicroSct: chance.pick([null, 3_000, 9_000]) },
    when: {
      ...{ surplusAbovePercent: maybe(percent), quotaLeftBelowPercent: maybe(percent) },
      ...{ marketPriceAtLeastMicroSct: maybe(50_000), marketPriceAtMostMicroSct: maybe(50_000) },
      ...{ balanceAtLeastMicroSct: maybe(100_000), balanceAtMostMicroSct: maybe(100_000) },
      ...{ hours: maybe(hoursOf(chance)), weekdays: maybe(['monday' as const, 'sunday' as const]) },
    },
  }
}

const windowOf = (chance: Chance) => (chance.hits(300_000) ? ('rest-of-period' as const) : hoursOf(chance))

function factsOf(chance: Chance): TradeFacts {
  const of = () => {
    const quota = chance.pick([0, 1_000, 3_000])
    const left = chance.pick([0, 500, 1_000, 1_300])
    const likely = Math.max(0, chance.pick([0, left - 300, left - 100, left, left + 100]))
    const usual = Math.max(0, chance.pick([0, left, left + 1, left + 100, left + 300]))
    return {
      ...{
        quota,
        left,
        likely,
        usual,
        offered: chance.pick([0, 0, 0, 100]),
        buying: chance.pick([0, 0, 0, 100]),
      },
      marketPriceMicroSct: chance.pick([null, 49_999, 50_000, 50_001]),
      ceilingMicroSct: chance.pick([null, 60_000, 60_000, 60_000]),
    }
  }
  const today: Record<string, DoneToday> = {}
  if (chance.hits(500_000))
    today['rule 0'] = { times: chance.whole(0, 2), spentMicroSct: chance.pick([0, 2_999, 3_000]) }
  return {
    ...{ period: 7, periodEndsInMs: chance.pick([3_600_000, 36_000_000, 86_400_000]) },
    local: {
      day: '2026-01-05',
      weekday: chance.pick(WEEKDAYS),
      minute: chance.pick([0, 59, 60, 61, 480, 1_200]),
    },
    balanceMicroSct: chance.pick([0, 10_000, 10_001, 15_000, 99_999, 100_000, 100_001, 900_000]),
    resources: { energy: of(), power: of(), water: of() },
    today,
  }
}

/** What a lot at a price costs, rounded up. */
function priceOf(resource: Resource, amount: number, unit: number, windowMs: number): bigint {
  const [times, size] =
    resource === 'power'
      ? [BigInt(windowMs), 3_600_000_000n]
      : [1n, resource === 'energy' ? 1_000n : 1_000_000n]
  return up(times * BigInt(amount) * BigInt(unit), size)
}

/** The largest amount that the money pays for. */
function amountFor(resource: Resource, unit: number, money: number, windowMs: number): number {
  if (money <= 0) return 0
  let [low, high] = [0, 2 ** 48]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (priceOf(resource, middle, unit, windowMs) <= BigInt(money)) low = middle
    else high = middle
  }
  return low
}

/** Whether everything that is asked of the moment is so. */
function isMoment({ when, resource }: TradeRule, facts: TradeFacts): boolean {
  const { quota, left, offered, likely, marketPriceMicroSct: price } = facts.resources[resource]
  const surplus = Math.max(0, left - offered - likely)
  const { surplusAbovePercent: above, quotaLeftBelowPercent: below, hours, weekdays } = when
  const within = (value: number | null, low: number | undefined, high: number | undefined): boolean => {
    if (low === undefined && high === undefined) return true
    return value !== null && !(low !== undefined && value < low) && !(high !== undefined && value > high)
  }
  return (
    (above === undefined || surplus / 1 > (above * quota) / 100) &&
    (below === undefined || left / 1 < (below * quota) / 100) &&
    within(price, when.marketPriceAtLeastMicroSct, when.marketPriceAtMostMicroSct) &&
    within(facts.balanceMicroSct, when.balanceAtLeastMicroSct, when.balanceAtMostMicroSct) &&
    (hours === undefined || isIn(hours, facts.local.minute)) &&
    (weekdays === undefined || weekdays.includes(facts.local.weekday))
  )
}

interface Purse {
  readonly surplus: Record<string, number>
  readonly missing: Record<string, number>
  money: number
}
interface Act {
  readonly amount: number
  readonly unit: number
  readonly bond: number
  readonly cost: number
}

function sale(rule: TradeRule, { resources }: TradeFacts, purse: Purse): Act | null {
  const { amount: of, resource, leastAmount } = rule
  const spare = purse.surplus[resource] ?? 0
  const kept = of.kind === 'above' ? up(BigInt(of.percent) * BigInt(resources[resource].quota), 100n) : 0n
  const wanted = {
    share: () => Math.floor((spare * percentOf(rule)) / 100),
    above: () => spare - Number(kept),
  }
  const amount = of.kind === 'fixed' ? of.amount : of.kind === 'missing' ? spare : wanted[of.kind]()
  if (spare === 0 || amount <= 0 || amount > spare || amount < leastAmount || purse.money <= 0) {
    return of.kind === 'share' && amount === 0 && leastAmount === 0 && spare > 0
      ? { amount, unit: 0, bond: 0, cost: 0 }
      : null
  }
  purse.surplus[resource] = spare - amount
  return { amount, unit: rule.limitMicroSct, bond: 0, cost: 0 }
}
const percentOf = ({ amount }: TradeRule): number => ('percent' in amount ? amount.percent : 0)

/** For how long power is bought, ms; null when it cannot be bought now. */
function windowMs({ window, resource }: TradeRule, { local, periodEndsInMs }: TradeFacts): number | null {
  if (resource !== 'power' || window === null) return 0
  if (window === 'rest-of-period') return periodEndsInMs
  const minutes = (window.untilMinute - window.fromMinute + 1_440) % 1_440 || 1_440
  const ahead = window.fromMinute - local.minute
  return ahead < 1 || (ahead + minutes) * 60_000 > periodEndsInMs ? null : minutes * 60_000
}

function purchase(rule: TradeRule, facts: TradeFacts, purse: Purse): Act | null {
  const { resource, amount: of, limitMicroSct, leastAmount, perDay } = rule
  const wanted = of.kind === 'fixed' ? of.amount : (purse.missing[resource] ?? 0)
  const ceiling = facts.resources[resource].ceilingMicroSct
  const forMs = windowMs(rule, facts)
  if (wanted === 0 || ceiling === null || forMs === null) return null
  const unit = Math.min(limitMicroSct, ceiling)
  const spent = facts.today[rule.name]?.spentMicroSct ?? 0
  const byBudget =
    perDay.spendMicroSct === null ? Infinity : amountFor(resource, unit, perDay.spendMicroSct - spent, forMs)
  const most = Math.min(amountFor(resource, ceiling, purse.money, forMs), byBudget)
  if (most === 0 || (of.kind === 'fixed' && most < wanted)) return null
  const amount = Math.min(wanted, most)
  if (amount < leastAmount) return null
  const bond = Number(priceOf(resource, amount, ceiling, forMs))
  purse.missing[resource] = Math.max(0, (purse.missing[resource] ?? 0) - amount)
  purse.money -= bond
  return { amount, unit, bond, cost: Number(priceOf(resource, amount, unit, forMs)) }
}

function expected(rules: readonly TradeRule[], keep: number, facts: TradeFacts) {
  const of = (amount: (resource: Resource) => number) =>
    Object.fromEntries(RESOURCES.map((name) => [name, amount(name)]))
  const { resources, today } = facts
  const purse: Purse = {
    surplus: of((name) =>
      Math.max(0, resources[name].left - resources[name].offered - resources[name].likely),
    ),
    missing: of((name) => Math.max(0, resources[name].usual - resources[name].left - resources[name].buying)),
    money: facts.balanceMicroSct - keep,
  }
  return rules.map((rule) => {
    const { offered, buying } = resources[rule.resource]
    const other = rule.do === 'sell' ? buying : offered
    const may = (today[rule.name]?.times ?? 0) < rule.perDay.times && other === 0 && isMoment(rule, facts)
    return may ? (rule.do === 'sell' ? sale : purchase)(rule, facts, purse) : null
  })
}

const actOf = (decision: TradeDecision): Act | null => {
  if (!decision.act) return null
  const { amount, unitMicroSct: unit, bondMicroSct: bond, costMicroSct: cost } = decision
  return { amount, unit, bond, cost }
}

/** Rules and facts about each other's limits; then a lot that a neighbour asks for. */
export function askTradeRules(ask: Ask, chance: Chance): void {
  const rules = Array.from({ length: chance.whole(1, 4) }, (_, index) => ruleOf(chance, index))
  const facts = factsOf(chance)
  const all = { rules, keepMicroSct: 10_000 }
  const say = () => decide(all, facts).map(actOf)
  ask('trading', { rules, facts }, say, () => expected(rules, 10_000, facts))
  const bad = chance.pick([-1, 0.5, 2 ** 46 + 1, 2 ** 46])
  const spoilt = {
    ...facts,
    resources: { ...facts.resources, water: { ...facts.resources.water, likely: bad } },
  }
  ask(
    'trading',
    bad,
    () => decide({ rules: [], keepMicroSct: 0 }, spoilt),
    () => {
      refuse(bad !== 2 ** 46)
      return []
    },
  )
  askBid(ask, chance, all, facts)
}

function askBid(
  ask: Ask,
  chance: Chance,
  all: { rules: TradeRule[]; keepMicroSct: number },
  facts: TradeFacts,
): void {
  const resource = chance.pick(RESOURCES)
  const decisions = decide(all, facts)
  const sales = decisions.flatMap((one) =>
    one.act && one.do === 'sell' && one.resource === resource ? [one] : [],
  )
  const amount = Math.max(1, (sales[0]?.amount ?? 100) + chance.whole(-1, 1))
  const lot = {
    ...{ resource, amount, period: chance.pick([7, 7, 7, 8]) },
    ...(resource === 'power' ? { slots: 2, sampleMs: 900_000 } : { slots: 0, sampleMs: 0 }),
  }
  const say = () => {
    const bid = bidOn(lot, all, facts, decisions)
    return bid.bid ? [bid.rule, bid.lotMicroSct, bid.bondMicroSct] : null
  }
  ask('bids', { lot, sales, facts }, say, () => {
    const { ceilingMicroSct: ceiling } = facts.resources[resource]
    if (lot.period !== 7 || ceiling === null) return null
    const bond = Number(priceOf(resource, amount, ceiling, 1_800_000))
    const priced = sales.map((one) => ({
      one,
      price: Number(priceOf(resource, amount, one.unitMicroSct, 1_800_000)),
    }))
    const fitting = priced.filter(({ one, price }) => one.amount >= amount && price <= bond)
    const least = Math.min(...fitting.map(({ price }) => price))
    const best = fitting.find(({ price }) => price === least)
    if (best === undefined || facts.balanceMicroSct - 10_000 < bond) return null
    return [best.one.rule, best.price, bond]
  })
}
