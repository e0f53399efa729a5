import type { TradeWeights } from '../../../actors/auction/trade-weights.ts'
import type { TradingReads } from '../../../chain/proxy/trading-calls.ts'
import type { Resource } from '../../../protocols/rules/resource.ts'
import { chainPrices, unitPrices, type ChainPrices, type Purse, type UnitPrices } from './trade-facts.ts'
import type { HomeUse, UseBook } from './use-book.ts'

/** What the home has and used is read anew after so long. */
const READ_AGAIN_MS = 2_000
/** Prices are read when the token's contract tells of new ones, and after so long. */
const PRICES_AGAIN_MS = 30_000

/** What the chain holds of this home's money, and of prices, beside what the home used. */
export interface MarketState {
  readonly purse: Purse
  readonly prices: Readonly<Record<Resource, UnitPrices>>
  readonly use: HomeUse
}

interface StateSources {
  readonly reads: TradingReads
  readonly uses: UseBook
  readonly weights: TradeWeights
  readonly account: string
  readonly nowMs: () => number
}

/** Something read, and when. */
interface Read<Value> {
  readonly atMs: number
  readonly value: Promise<Value>
}

export interface StateReader {
  /** As of a moment ago at most. */
  readonly now: () => Promise<MarketState>
  readonly pricesChanged: () => void
}

/** Reads the state now and then, however often it is asked for. */
export function stateReader({ reads, uses, weights, account, nowMs }: StateSources): StateReader {
  let known: Read<MarketState> | null = null
  let priced: Read<ChainPrices> | null = null
  const prices = (atMs: number): Promise<ChainPrices> => {
    if (priced !== null && atMs - priced.atMs < PRICES_AGAIN_MS) return priced.value
    const value = chainPrices(reads)
    priced = { atMs, value }
    value.catch(() => {
      priced = null
    })
    return value
  }
  const read = async (atMs: number): Promise<MarketState> => {
    const [balance, credit, held, weighed, use] = await Promise.all([
      reads.balanceOf(account),
      reads.creditOf(account),
      prices(atMs),
      weights.now(),
      uses.at(atMs),
    ])
    const purse = { balanceMicroSct: balance, creditMicroSct: credit }
    return { purse, prices: unitPrices(held, weighed, atMs), use }
  }
  return {
    now: () => {
      const atMs = nowMs()
      if (known !== null && atMs - known.atMs < READ_AGAIN_MS) return known.value
      const value = read(atMs)
      known = { atMs, value }
      value.catch(() => {
        known = null
      })
      return value
    },
    pricesChanged: () => {
      priced = null
      known = null
    },
  }
}
