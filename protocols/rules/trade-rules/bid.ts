import { bondOf, leastPriceOf, type LotSize } from '../lot-price.ts'
import type { TradeAction, TradeDecision } from './decision.ts'
import type { TradeFacts } from './facts.ts'
import type { TradeRules } from './rule.ts'
import { amountInWords, type Because, listInWords, priceInWords, sctInWords } from './words.ts'

/** A lot that a neighbour asks for. */
export interface AskedLot extends LotSize {
  readonly period: number
}

/** A bid by a rule, or why there is none; money is for the whole lot. */
export type RuleBid =
  | {
      readonly bid: true
      readonly rule: string
      readonly lotMicroSct: number
      readonly bondMicroSct: number
      readonly because: readonly Because[]
      readonly sentence: string
    }
  | { readonly bid: false; readonly because: readonly Because[]; readonly sentence: string }

function noBid(lot: AskedLot, because: readonly Because[]): RuleBid {
  const why = listInWords(because.map(({ says }) => says))
  const sentence = `Does not bid on ${amountInWords(lot.resource, lot.amount)}, because ${why}.`
  return { bid: false, because, sentence }
}

function against(sale: TradeAction, lot: AskedLot, lotMicroSct: bigint, bondMicroSct: bigint): Because[] {
  const found: Because[] = []
  if (lot.amount > sale.amount) {
    const most = amountInWords(sale.resource, sale.amount)
    found.push({ code: 'amount', says: `"${sale.rule}" sells ${most} at most` })
  }
  if (lotMicroSct > bondMicroSct) {
    const least = priceInWords(sale.resource, sale.unitMicroSct)
    const says = `"${sale.rule}" asks ${least}, and nobody may pay more than the ceiling`
    found.push({ code: 'ceiling', says })
  }
  return found
}

/**
 * The bid of a home's rules on a lot: the sale that asks least for it of those that hold the whole lot. In a
 * second-price auction the limit itself is the best bid, so that is what is bid. `decisions` are those of
 * `decide` on the same facts; facts are gathered anew after each bid.
 */
export function bidOn(
  lot: AskedLot,
  { keepMicroSct }: TradeRules,
  facts: TradeFacts,
  decisions: readonly TradeDecision[],
): RuleBid {
  const { ceilingMicroSct } = facts.resources[lot.resource]
  if (lot.period !== facts.period || ceilingMicroSct === null) {
    const says = ceilingMicroSct === null ? 'there is no ceiling price' : 'it is of another billing period'
    return noBid(lot, [{ code: 'lot', says }])
  }
  const sales = decisions.filter(
    (decision): decision is TradeAction =>
      decision.act && decision.do === 'sell' && decision.resource === lot.resource,
  )
  const bond = bondOf(lot, ceilingMicroSct)
  const priced = sales.map((sale) => {
    const price = leastPriceOf(lot, sale.unitMicroSct)
    return { sale, price, reasons: against(sale, lot, price, bond) }
  })
  const best = priced
    .filter(({ reasons }) => reasons.length === 0)
    .reduce<(typeof priced)[number] | null>(
      (least, next) => (least === null || next.price < least.price ? next : least),
      null,
    )
  if (best === null) {
    const reasons = priced.flatMap((each) => each.reasons)
    return noBid(lot, reasons.length > 0 ? reasons : [{ code: 'rule', says: 'no rule sells it now' }])
  }
  if (BigInt(facts.balanceMicroSct) - bond < BigInt(keepMicroSct)) {
    const kept = sctInWords(keepMicroSct)
    const says = `its bond of ${sctInWords(Number(bond))} would leave less than the ${kept} that is kept`
    return noBid(lot, [{ code: 'keep', says }])
  }
  const lotMicroSct = Number(best.price)
  const { rule, because } = best.sale
  const why = listInWords(because.map(({ says }) => says))
  const bids = `Bids ${sctInWords(lotMicroSct)} for ${amountInWords(lot.resource, lot.amount)}`
  const sentence = `${bids} by "${rule}", because ${why}.`
  return { bid: true, rule, lotMicroSct, bondMicroSct: Number(bond), because, sentence }
}
