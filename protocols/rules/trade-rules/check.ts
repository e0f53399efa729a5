import { badField, Fault } from '../fault.ts'
import { isWithin, minutesOf, MINUTES_OF_DAY, type TradeRule, type TradeRules, WEEKDAYS } from './rule.ts'

/** More than a person keeps in mind; every rule is evaluated with every reading. */
export const RULES_MOST = 32

const field = ({ name }: TradeRule, of: string) => `rule "${name}", ${of}`

function checkNames(rules: readonly TradeRule[]): void {
  const seen = new Set<string>()
  for (const { name } of rules) {
    if (seen.has(name)) {
      throw new Fault('duplicate-rule', `rule "${name}": expected a name of its own; rename one`, { name })
    }
    seen.add(name)
  }
}

function checkAmount(rule: TradeRule): void {
  const { amount, do: verb } = rule
  if (verb === 'buy' && (amount.kind === 'share' || amount.kind === 'above')) {
    throw badField(field(rule, 'amount'), '"fixed" or "missing" for a purchase', amount.kind)
  }
  if (verb === 'sell' && amount.kind === 'missing') {
    throw badField(field(rule, 'amount'), '"fixed", "share" or "above" for a sale', amount.kind)
  }
  if (amount.kind === 'fixed' && amount.amount < rule.leastAmount) {
    const fix = 'it could never act: make the least amount smaller'
    throw badField(
      field(rule, 'leastAmount'),
      `at most its amount of ${amount.amount}`,
      rule.leastAmount,
      fix,
    )
  }
}

function checkWindow(rule: TradeRule): void {
  const { window, resource, do: verb } = rule
  const wanted = resource === 'power' && verb === 'buy'
  if (wanted && window === null) {
    throw badField(
      field(rule, 'window'),
      'the hours for which power is bought',
      'none',
      'give from and until',
    )
  }
  if (!wanted && window !== null) {
    throw badField(field(rule, 'window'), 'none: only bought power has a window', 'a window', 'remove it')
  }
  if (window !== null && window !== 'rest-of-period' && minutesOf(window) === MINUTES_OF_DAY) {
    throw badField(
      field(rule, 'window'),
      'hours that end at another time',
      'a whole day',
      'give a shorter one',
    )
  }
}

function checkRange(rule: TradeRule, of: 'marketPrice' | 'balance'): void {
  const { [`${of}AtLeastMicroSct` as const]: least, [`${of}AtMostMicroSct` as const]: most } = rule.when
  if (least === undefined || most === undefined || least <= most) return
  const fix = `it could never act: no ${of === 'balance' ? 'balance' : 'price'} is within both bounds`
  throw badField(field(rule, `when.${of}AtMostMicroSct`), `at least ${least}`, most, fix)
}

/** Whether there is a moment of the week at which both rules may act. */
function meetInTime({ when: a }: TradeRule, { when: b }: TradeRule): boolean {
  const onDay = WEEKDAYS.some(
    (day) => (a.weekdays ?? [day]).includes(day) && (b.weekdays ?? [day]).includes(day),
  )
  const atMinute = (minute: number) =>
    [a.hours, b.hours].every((hours) => hours === undefined || isWithin(hours, minute))
  return onDay && Array.from({ length: MINUTES_OF_DAY }, (_, i) => i).some(atMinute)
}

/** Whether there is a market price at which both rules may act. */
function meetInPrice({ when: a }: TradeRule, { when: b }: TradeRule): boolean {
  const least = Math.max(a.marketPriceAtLeastMicroSct ?? 0, b.marketPriceAtLeastMicroSct ?? 0)
  const most = Math.min(a.marketPriceAtMostMicroSct ?? Infinity, b.marketPriceAtMostMicroSct ?? Infinity)
  return least <= most
}

/**
 * A home that buys what it sells pays its neighbours to move quota in a circle. Buying what is missing is no
 * conflict: then there is no surplus.
 */
function conflict(sale: TradeRule, purchase: TradeRule): boolean {
  if (purchase.amount.kind === 'missing') return false
  return meetInTime(sale, purchase) && meetInPrice(sale, purchase)
}

function checkConflicts(rules: readonly TradeRule[]): void {
  for (const sale of rules.filter((rule) => rule.do === 'sell')) {
    const against = rules.find(
      (rule) => rule.do === 'buy' && rule.resource === sale.resource && conflict(sale, rule),
    )
    if (against === undefined) continue
    const both = `"${sale.name}" sells ${sale.resource} while "${against.name}" buys it`
    const apart = 'give them hours, weekdays or market prices apart'
    const fix = `${apart}, or let "${against.name}" buy only what is missing`
    throw new Fault('rules-conflict', `rules: ${both}; ${fix}`, { sells: sale.name, buys: against.name })
  }
}

/**
 * Refuses rules that contradict themselves or each other, before they are switched on. @throws Fault
 * `bad-field`, `duplicate-rule`, `rules-conflict`
 */
export function checkRules({ rules }: TradeRules): void {
  if (rules.length > RULES_MOST) throw badField('rules', `at most ${RULES_MOST} rules`, rules.length)
  checkNames(rules)
  for (const rule of rules) {
    checkAmount(rule)
    checkWindow(rule)
    checkRange(rule, 'marketPrice')
    checkRange(rule, 'balance')
  }
  checkConflicts(rules)
}
