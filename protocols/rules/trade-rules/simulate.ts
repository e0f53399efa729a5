import type { Resource } from '../resource.ts'
import { type AskedLot, bidOn } from './bid.ts'
import { decide } from './decide.ts'
import type { TradeAction, TradeDecision } from './decision.ts'
import { type DoneToday, NOTHING_TODAY, type TradeFacts } from './facts.ts'
import type { TradeRule, TradeRules } from './rule.ts'
import { amountInWords, type Because, sctInWords } from './words.ts'

/** A moment of a home's past: what it knew, and what its neighbours asked for then. */
export interface PastMoment {
  readonly atMs: number
  readonly facts: Omit<TradeFacts, 'today'>
  readonly asked: readonly AskedLot[]
}

/** What one rule would have done over the whole past. */
export interface RuleOutcome {
  readonly rule: string
  readonly times: number
  /** Wh, W or mL, all lots together. */
  readonly amount: number
  /** What was earned at least, or paid at most. */
  readonly microSct: number
  readonly sentence: string
}

export interface Simulation {
  readonly outcomes: readonly RuleOutcome[]
  /** Every moment at which a rule acted, with its reasons. */
  readonly acts: readonly { readonly atMs: number; readonly rule: string; readonly sentence: string }[]
}

/** How far the simulated home has moved away from what was. */
interface Drift {
  period: number | null
  balanceMicroSct: number
  readonly left: Map<Resource, number>
  day: string | null
  readonly today: Map<string, DoneToday>
}

interface Tally {
  readonly rule: TradeRule
  times: number
  amount: number
  microSct: number
  /** How often each reason stood against it, with its latest words. */
  readonly against: Map<string, { count: number; says: string }>
}

function factsAt({ facts }: PastMoment, drift: Drift): TradeFacts {
  if (facts.period !== drift.period) drift.left.clear()
  if (facts.local.day !== drift.day) drift.today.clear()
  drift.period = facts.period
  drift.day = facts.local.day
  const moved = (resource: Resource) => {
    const of = facts.resources[resource]
    const by = drift.left.get(resource) ?? 0
    const change = { quota: Math.max(0, of.quota + by), left: Math.max(0, of.left + by) }
    return { ...of, ...change }
  }
  return {
    ...facts,
    balanceMicroSct: facts.balanceMicroSct + drift.balanceMicroSct,
    resources: { energy: moved('energy'), power: moved('power'), water: moved('water') },
    today: Object.fromEntries(drift.today),
  }
}

/** One trade of a rule, as if it had been made at the rule's own limit. */
function trade(drift: Drift, tally: Tally, amount: number, microSct: number): void {
  const { name, resource, do: verb } = tally.rule
  const sign = verb === 'buy' ? 1 : -1
  drift.left.set(resource, (drift.left.get(resource) ?? 0) + sign * amount)
  drift.balanceMicroSct -= sign * microSct
  const done = drift.today.get(name) ?? NOTHING_TODAY
  const spent = verb === 'buy' ? microSct : 0
  drift.today.set(name, { times: done.times + 1, spentMicroSct: done.spentMicroSct + spent })
  tally.times += 1
  tally.amount += amount
  tally.microSct += microSct
}

function countAgainst({ against }: Tally, because: readonly Because[]): void {
  for (const { code, says } of because) {
    against.set(code, { count: (against.get(code)?.count ?? 0) + 1, says })
  }
}

const timesInWords = (times: number) => (times === 1 ? 'once' : `${times} times`)

function outcomeOf({ rule, times, amount, microSct, against }: Tally): RuleOutcome {
  const { name, resource, do: verb } = rule
  const [mostly] = [...against.values()].sort((a, b) => b.count - a.count)
  const why = mostly === undefined ? 'nobody asked for what it sells' : `mostly because ${mostly.says}`
  const did = `would have ${verb === 'buy' ? 'bought' : 'sold'} ${amountInWords(resource, amount)}`
  const sum = `${verb === 'buy' ? 'for at most' : 'for at least'} ${sctInWords(microSct)}`
  const sentence =
    times === 0
      ? `"${name}" would not have traded, ${why}.`
      : `"${name}" ${did}, ${timesInWords(times)}, ${sum} together.`
  return { rule: name, times, amount, microSct, sentence }
}

type Tallies = ReadonlyMap<string, Tally>

/** The purchases of a moment are made; the sales answer what was asked, each lot on what is then left. */
function live(
  rules: TradeRules,
  moment: PastMoment,
  drift: Drift,
  tallies: Tallies,
): { readonly rule: string; readonly sentence: string }[] {
  const decisions: TradeDecision[] = decide(rules, factsAt(moment, drift))
  const bought = decisions.filter((one): one is TradeAction => one.act && one.do === 'buy')
  for (const decision of decisions) {
    const tally = tallies.get(decision.rule)
    if (tally === undefined) continue
    if (!decision.act) countAgainst(tally, decision.because)
    else if (decision.do === 'buy') trade(drift, tally, decision.amount, decision.costMicroSct)
  }
  const bids = moment.asked.map((lot) => {
    const facts = factsAt(moment, drift)
    const bid = bidOn(lot, rules, facts, decide(rules, facts))
    const tally = bid.bid ? tallies.get(bid.rule) : undefined
    if (bid.bid && tally !== undefined) trade(drift, tally, lot.amount, bid.lotMicroSct)
    return bid
  })
  return [...bought, ...bids.flatMap((bid) => (bid.bid ? [bid] : []))]
}

/**
 * What rules would have done over a past, before they are switched on. It is reckoned as if every purchase
 * had been made at the rule's own limit and every bid had won at its own price: the market would have been
 * cheaper to buy from and dearer to sell to, and would have passed over some bids. `history` is in order.
 */
export function simulateRules(rules: TradeRules, history: readonly PastMoment[]): Simulation {
  const drift: Drift = { period: null, balanceMicroSct: 0, left: new Map(), day: null, today: new Map() }
  const tallies: Tallies = new Map(
    rules.rules.map((rule) => [rule.name, { rule, times: 0, amount: 0, microSct: 0, against: new Map() }]),
  )
  const acts = history.flatMap((moment) =>
    live(rules, moment, drift, tallies).map(({ rule, sentence }) => ({ atMs: moment.atMs, rule, sentence })),
  )
  return { outcomes: [...tallies.values()].map(outcomeOf), acts }
}
