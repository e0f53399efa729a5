import { amountWithin, bondOf, type LotShape, leastPriceOf } from '../lot-price.ts'
import { type Resource, RESOURCES } from '../resource.ts'
import { badField } from '../fault.ts'
import { standingsOf } from './conditions.ts'
import { action, idle, type TradeDecision } from './decision.ts'
import { missingOf, NOTHING_TODAY, surplusOf, type TradeFacts } from './facts.ts'
import { minutesOf, type TradeRule, type TradeRules } from './rule.ts'
import { amountInWords, type Because, hoursInWords, priceInWords, sctInWords } from './words.ts'

/** Percentages of a larger amount would not be exact; it is 70 TWh. */
const FACT_MOST = 2 ** 46
const MINUTE_MS = 60_000

/** What is not yet promised by the rules before. */
interface Spare {
  readonly surplus: Record<Resource, number>
  readonly missing: Record<Resource, number>
  /** What bonds may still take: the free balance less what is kept. */
  bondsMicroSct: number
}

/** An amount that a rule wants, or the reason why there is none. */
type Wanted = { readonly amount: number; readonly because: Because } | { readonly refused: Because }

const because = (code: string, says: string): Because => ({ code, says })

function checkFacts(facts: TradeFacts): void {
  for (const resource of RESOURCES) {
    const { quota, left, likely, usual, offered, buying } = facts.resources[resource]
    for (const [field, value] of Object.entries({ quota, left, likely, usual, offered, buying })) {
      if (!Number.isSafeInteger(value) || value < 0 || value > FACT_MOST) {
        throw badField(`${resource}.${field}`, `an integer from 0 to ${FACT_MOST}`, value)
      }
    }
  }
}

function spareOf(facts: TradeFacts, keepMicroSct: number): Spare {
  const each = <T>(value: (resource: Resource) => T) => ({
    energy: value('energy'),
    power: value('power'),
    water: value('water'),
  })
  return {
    surplus: each((resource) => surplusOf(facts.resources[resource])),
    missing: each((resource) => missingOf(facts.resources[resource])),
    bondsMicroSct: facts.balanceMicroSct - keepMicroSct,
  }
}

/** What the surplus gives for a sale. A home sells nothing else. */
function wantedToSell({ amount: of, resource }: TradeRule, facts: TradeFacts, spare: Spare): Wanted {
  const surplus = spare.surplus[resource]
  const spared = `${amountInWords(resource, surplus)} can be spared`
  if (surplus === 0) return { refused: because('surplus', 'nothing can be spared') }
  switch (of.kind) {
    case 'share':
      return {
        amount: Math.floor((surplus * of.percent) / 100),
        because: because('surplus', `${spared}, of which it offers ${of.percent} %`),
      }
    case 'above': {
      const kept = Math.ceil((of.percent * facts.resources[resource].quota) / 100)
      const keeps = `${of.percent} % of the quota, ${amountInWords(resource, kept)}, is kept back`
      if (surplus <= kept) return { refused: because('surplus', `${spared}, and ${keeps}`) }
      return { amount: surplus - kept, because: because('surplus', `${spared}, and ${keeps}`) }
    }
    default: {
      const amount = of.kind === 'fixed' ? of.amount : surplus
      if (amount > surplus) {
        const asked = `the rule sells ${amountInWords(resource, amount)} or nothing`
        return { refused: because('surplus', `only ${spared}, and ${asked}`) }
      }
      return { amount, because: because('surplus', spared) }
    }
  }
}

function wantedToBuy({ amount: of, resource }: TradeRule, spare: Spare): Wanted {
  if (of.kind === 'fixed') {
    return {
      amount: of.amount,
      because: because('fixed', `it asks for ${amountInWords(resource, of.amount)}`),
    }
  }
  const missing = spare.missing[resource]
  if (missing === 0) return { refused: because('missing', `the quota of ${resource} will likely last`) }
  const says = `${amountInWords(resource, missing)} will likely be missing by the period’s end`
  return { amount: missing, because: because('missing', says) }
}

/** Why a rule must wait whatever it wants: its day is used up, or the home is on the other side already. */
function heldUp(rule: TradeRule, facts: TradeFacts): Because[] {
  const { times } = facts.today[rule.name] ?? NOTHING_TODAY
  const { offered, buying } = facts.resources[rule.resource]
  const found: Because[] = []
  if (times >= rule.perDay.times) {
    found.push(because('times', `it has acted ${times} times today, of ${rule.perDay.times} at most`))
  }
  const open = rule.do === 'sell' ? buying : offered
  if (open > 0) {
    const what = rule.do === 'sell' ? 'is buying' : 'has bids to sell'
    found.push(because('other-side', `the home ${what} ${rule.resource} at this moment`))
  }
  return found
}

/** The window of a purchase of power as a lot, or why it cannot be lent now. */
function shapeOf(rule: TradeRule, facts: TradeFacts): LotShape | { readonly refused: Because } {
  const { resource, window } = rule
  if (window === null) return { resource, slots: 0, sampleMs: 0 }
  if (window === 'rest-of-period') return { resource, slots: 1, sampleMs: facts.periodEndsInMs }
  const hours = hoursInWords(window)
  const ahead = window.fromMinute - facts.local.minute
  if (ahead <= 0) return { refused: because('window', `today’s window, ${hours}, has begun`) }
  const minutes = minutesOf(window)
  if ((ahead + minutes) * MINUTE_MS > facts.periodEndsInMs) {
    return { refused: because('window', `the window, ${hours}, ends after this billing period`) }
  }
  return { resource, slots: minutes, sampleMs: MINUTE_MS }
}

function sell(rule: TradeRule, facts: TradeFacts, spare: Spare, held: readonly Because[]): TradeDecision {
  const wanted = wantedToSell(rule, facts, spare)
  if ('refused' in wanted) return idle(rule, [wanted.refused])
  const { amount } = wanted
  if (amount < rule.leastAmount) return idle(rule, [wanted.because, tooLittle(rule, amount)])
  if (spare.bondsMicroSct <= 0) return idle(rule, [noBond(spare)])
  spare.surplus[rule.resource] -= amount
  const terms = { amount, unitMicroSct: rule.limitMicroSct, bondMicroSct: 0, costMicroSct: 0 }
  return action(rule, { ...terms, because: [...held, wanted.because] })
}

function tooLittle(rule: TradeRule, amount: number): Because {
  const least = amountInWords(rule.resource, rule.leastAmount)
  return because(
    'least',
    `${amountInWords(rule.resource, amount)} is less than the rule’s least lot of ${least}`,
  )
}

function noBond({ bondsMicroSct }: Spare): Because {
  const left = sctInWords(Math.max(0, bondsMicroSct))
  return because('keep', `${left} of the free balance may go into a bond beside what is kept`)
}

/** What the money allows of a purchase: the bond within the free balance, the price within today's budget. */
function affordable(rule: TradeRule, facts: TradeFacts, spare: Spare, shape: LotShape, ceiling: number) {
  const unitMicroSct = Math.min(rule.limitMicroSct, ceiling)
  const byBalance = amountWithin(shape, ceiling, spare.bondsMicroSct)
  const { spentMicroSct } = facts.today[rule.name] ?? NOTHING_TODAY
  const { spendMicroSct } = rule.perDay
  const room = spendMicroSct === null ? null : spendMicroSct - spentMicroSct
  const byBudget = room === null ? Infinity : amountWithin(shape, unitMicroSct, room)
  const says =
    byBudget < byBalance
      ? because('budget', `${sctInWords(Math.max(0, room ?? 0))} is left of today’s budget`)
      : noBond(spare)
  return { unitMicroSct, most: Math.min(byBalance, byBudget), says }
}

function buy(rule: TradeRule, facts: TradeFacts, spare: Spare, held: readonly Because[]): TradeDecision {
  const wanted = wantedToBuy(rule, spare)
  if ('refused' in wanted) return idle(rule, [wanted.refused])
  const ceiling = facts.resources[rule.resource].ceilingMicroSct
  if (ceiling === null) {
    return idle(rule, [because('ceiling', `the manager has set no ceiling price of ${rule.resource}`)])
  }
  const shape = shapeOf(rule, facts)
  if ('refused' in shape) return idle(rule, [shape.refused])
  const { unitMicroSct, most, says } = affordable(rule, facts, spare, shape, ceiling)
  const short = wanted.amount > most
  if (short && (most === 0 || rule.amount.kind === 'fixed')) return idle(rule, [wanted.because, says])
  const amount = Math.min(wanted.amount, most)
  if (amount < rule.leastAmount) return idle(rule, [wanted.because, tooLittle(rule, amount)])
  const lot = { ...shape, amount }
  const bondMicroSct = Number(bondOf(lot, ceiling))
  spare.missing[rule.resource] = Math.max(0, spare.missing[rule.resource] - amount)
  spare.bondsMicroSct -= bondMicroSct
  const costMicroSct = Number(leastPriceOf(lot, unitMicroSct))
  const reasons = [...held, wanted.because, ...(short ? [says] : []), ...cutToCeiling(rule, ceiling)]
  return action(rule, { amount, unitMicroSct, bondMicroSct, costMicroSct, because: reasons })
}

/** A maximum price above the bond would not be taken. */
function cutToCeiling({ resource, limitMicroSct }: TradeRule, ceiling: number): Because[] {
  if (limitMicroSct <= ceiling) return []
  return [because('ceiling', `nobody may pay more than the ceiling of ${priceInWords(resource, ceiling)}`)]
}

function decideOne(rule: TradeRule, facts: TradeFacts, spare: Spare): TradeDecision {
  const standings = standingsOf(rule.when, rule.resource, facts)
  const against = [
    ...heldUp(rule, facts),
    ...standings.filter(({ holds }) => !holds).map(({ code, says }) => because(code, says)),
  ]
  if (against.length > 0) return idle(rule, against)
  const held = standings.map(({ code, says }) => because(code, says))
  return rule.do === 'sell' ? sell(rule, facts, spare, held) : buy(rule, facts, spare, held)
}

/**
 * What a home's rules do now, one decision for each rule in their order, with reasons for acting and for not
 * acting. The same rules and facts always decide the same. Earlier rules come first: what they promise of
 * the surplus and of the balance is not there for later ones. Sales never exceed the surplus; the bonds of
 * purchases leave the balance that is kept; no resource is bought and sold at once (`checkRules`). Throws
 * `bad-field` for facts that are no natural numbers.
 */
export function decide({ rules, keepMicroSct }: TradeRules, facts: TradeFacts): TradeDecision[] {
  checkFacts(facts)
  const spare = spareOf(facts, keepMicroSct)
  return rules.map((rule) => decideOne(rule, facts, spare))
}
