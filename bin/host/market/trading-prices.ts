import type { AuctionTable } from '../../../actors/storage/schema.ts'
import { mostPriceOf } from '../../../protocols/rules/lot-price.ts'
import { RESOURCES, type Resource } from '../../../protocols/rules/resource.ts'
import { sizeOf, type MarketTimes } from './market-times.ts'

/** The trading price is what so many of the newest trades of a resource cost, large ones counting more. */
const TRADES_AVERAGED = 20
const MICRO = 1_000_000n

/** What neighbours paid by unit, micro-SCT; null before the first trade. */
export interface TradingPrices {
  readonly now: Readonly<Record<Resource, number | null>>
  /** As it was when an auction was decided. */
  before(auctionId: string): number | null
}

/** A lot in millionths of what prices are for. */
const microUnits = (trade: AuctionTable, times: MarketTimes): bigint =>
  mostPriceOf(sizeOf(trade, times), MICRO)

/** What one unit cost in a trade, micro-SCT; null for a lot too small to say. */
export function unitPaid(trade: AuctionTable, times: MarketTimes): number | null {
  const units = microUnits(trade, times)
  return units === 0n ? null : Number((BigInt(trade.price ?? 0) * MICRO) / units)
}

function averageOf(trades: readonly AuctionTable[], times: MarketTimes): number | null {
  const units = trades.reduce((sum, trade) => sum + microUnits(trade, times), 0n)
  const paid = trades.reduce((sum, { price }) => sum + BigInt(price ?? 0), 0n)
  return units === 0n ? null : Number((paid * MICRO) / units)
}

/** Trading prices from the awards of the whole community, the newest first. */
export function tradingPrices(awards: readonly AuctionTable[], times: MarketTimes): TradingPrices {
  const before = new Map<string, number | null>()
  const newest = new Map<number, AuctionTable[]>()
  for (const trade of [...awards].reverse()) {
    const window = newest.get(trade.resource) ?? []
    before.set(trade.id, averageOf(window, times))
    newest.set(trade.resource, [...window, trade].slice(-TRADES_AVERAGED))
  }
  const [energy = null, power = null, water = null] = RESOURCES.map((_, index) =>
    averageOf(newest.get(index + 1) ?? [], times),
  )
  return { now: { energy, power, water }, before: (auctionId) => before.get(auctionId) ?? null }
}
