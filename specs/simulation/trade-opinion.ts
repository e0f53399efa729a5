import type { Forecast } from '../../protocols/rules/forecast.ts'
import type { Outlook } from '../../protocols/rules/preferences.ts'
import type { Resource } from '../../protocols/rules/resource.ts'
import type { AskedLot, RuleBid } from '../../protocols/rules/trade-rules/bid.ts'
import type { TradeDecision } from '../../protocols/rules/trade-rules/decision.ts'
import type { TradeFacts } from '../../protocols/rules/trade-rules/facts.ts'
import { buyLimitOf, KEPT_MICRO_SCT, sellLimitOf, SHARE_PERCENT } from './gateways/trade-rules.ts'

interface Checker {
  check(invariant: string, holds: boolean, text: () => string): void
}

type Traded = 'energy' | 'water'
const PER_UNIT = { energy: 1_000, water: 1_000_000 } as const
const LEAST = { energy: 100, water: 1_000 } as const
const up = (of: number, by: number): number => Math.ceil(of / by)

const spareOf = ({ left, offered, likely }: TradeFacts['resources']['energy']): number => {
  const rest = left - offered - likely
  return rest > 0 ? rest : 0
}

/** A forecast is never less than what is usual, and what is usual lies within what was ever used. */
export const checkForecast =
  (watch: Checker) =>
  (registers: readonly number[], forecast: Forecast | null): void => {
    const known = registers.length > 1
    const used = (registers.at(-1) ?? 0) - (registers[0] ?? 0)
    const sane =
      forecast === null
        ? true
        : forecast.likely >= forecast.usual && forecast.usual >= 0 && forecast.marginPpm >= 0
    watch.check('a forecast keeps a margin', sane, () => JSON.stringify(forecast))
    // A day's use is foreseen of a day at most, so a home of many days is foreseen less than it ever used.
    const many = registers.length > 49
    const bounded = forecast === null || !many || forecast.usual <= used
    watch.check(
      'a forecast is of what was used',
      bounded && (!known || forecast !== null || used === 0 || registers.length < 3),
      () => {
        return `${JSON.stringify(forecast)} of ${used} in ${registers.length} steps`
      },
    )
  }

/** What the rules of the simulated homes should decide, reckoned without them. */
export const checkDecisions =
  (watch: Checker) =>
  (home: number, facts: TradeFacts, decisions: readonly TradeDecision[]): void => {
    let bonds = facts.balanceMicroSct - KEPT_MICRO_SCT
    const wanted = decisions.map(({ rule, do: verb, resource }): string => {
      if (resource === 'power') return 'idle'
      const of = facts.resources[resource]
      const ceiling = of.ceilingMicroSct ?? 0
      if (verb === 'sell') {
        const amount = Math.floor((spareOf(of) * SHARE_PERCENT) / 100)
        const sells = of.buying === 0 && amount >= LEAST[resource] && bonds > 0
        return sells ? `sell ${amount} at ${sellLimitOf(home, resource)}` : 'idle'
      }
      const lacks = of.usual - of.left - of.buying
      const done = facts.today[rule]?.times ?? 0
      if (done >= 3 || of.offered > 0 || lacks <= 0) return 'idle'
      const most = Math.floor((Math.max(0, bonds) * PER_UNIT[resource]) / ceiling)
      const amount = Math.min(lacks, most)
      if (amount < LEAST[resource]) return 'idle'
      bonds -= up(amount * ceiling, PER_UNIT[resource])
      const cost = up(amount * Math.min(buyLimitOf(resource), ceiling), PER_UNIT[resource])
      return `buy ${amount} for ${cost}`
    })
    const said = decisions.map((decision): string => {
      if (!decision.act) return 'idle'
      const { amount, unitMicroSct, costMicroSct } = decision
      return decision.do === 'sell'
        ? `sell ${amount} at ${unitMicroSct}`
        : `buy ${amount} for ${costMicroSct}`
    })
    watch.check('a home decides by its rules', said.join() === wanted.join(), () => {
      return `home ${home}: decided ${said.join()}, expected ${wanted.join()} by ${JSON.stringify(facts)}`
    })
  }

/** A home is asked for what it can spare, by its neighbours, at a price that can be. */
export const checkMatch =
  (watch: Checker) =>
  (
    home: number,
    { buyer, resource, amount }: { buyer: string; resource: Resource; amount: number },
    { account, ceilingMicroSct }: Outlook,
    facts: TradeFacts,
    matched: boolean,
  ): void => {
    if (resource === 'power') return
    const spare = spareOf(facts.resources[resource])
    const can = buyer !== account && amount >= LEAST[resource] && amount <= spare
    const expected = can && (ceilingMicroSct ?? Infinity) >= sellLimitOf(home, resource)
    watch.check('a home is asked for what it can spare', matched === expected, () => {
      const asked = matched ? 'asked' : 'not asked'
      return `home ${home} was ${asked} for ${amount} of ${resource}, spare ${spare}`
    })
  }

/** A bid is the least price of the whole lot, if the home can spare it and pay the bond. */
export const checkBid =
  (watch: Checker) =>
  (home: number, lot: AskedLot, facts: TradeFacts, bid: RuleBid): void => {
    if (lot.resource === 'power') return
    const resource: Traded = lot.resource
    const of = facts.resources[resource]
    const unit = PER_UNIT[resource]
    const offered = Math.floor((spareOf(of) * SHARE_PERCENT) / 100)
    const bond = up(lot.amount * (of.ceilingMicroSct ?? 0), unit)
    const price = up(lot.amount * sellLimitOf(home, resource), unit)
    const sells = of.buying === 0 && offered >= LEAST[resource] && facts.balanceMicroSct > KEPT_MICRO_SCT
    const can = sells && lot.period === facts.period && lot.amount <= offered && price <= bond
    const expected = can && facts.balanceMicroSct - bond >= KEPT_MICRO_SCT ? price : null
    const said = bid.bid ? bid.lotMicroSct : null
    watch.check('a bid is the least price of the lot', said === expected, () => {
      const about = `${lot.amount} of ${resource}, expected ${expected}`
      return `home ${home} bids ${said} for ${about}: ${JSON.stringify(facts)}`
    })
  }
