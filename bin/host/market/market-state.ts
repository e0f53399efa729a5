import type { TradeWeights } from '../../../actors/auction/trade-weights.ts'
import type { TradingReads } from '../../../chain/proxy/trading-calls.ts'
import type { Resource } from '../../../protocols/rules/resource.ts'
import { unitPrices, type Purse, type UnitPrices } from './trade-facts.ts'
import type { HomeUse, UseBook } from './use-book.ts'

/** Prices and balances are read anew after so long. */
const READ_AGAIN_MS = 2_000

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

/** Reads the state now and then, however often it is asked for. */
export function stateReader({ reads, uses, weights, account, nowMs }: StateSources) {
  let known: { readonly atMs: number; readonly state: Promise<MarketState> } | null = null
  const read = async (atMs: number): Promise<MarketState> => {
    const [balance, credit, prices, use] = await Promise.all([
      reads.balanceOf(account),
      reads.creditOf(account),
      unitPrices(reads, await weights.now(), atMs),
      uses.at(atMs),
    ])
    return { purse: { balanceMicroSct: balance, creditMicroSct: credit }, prices, use }
  }
  /** As of a moment ago at most. */
  return (): Promise<MarketState> => {
    const atMs = nowMs()
    if (known !== null && atMs - known.atMs < READ_AGAIN_MS) return known.state
    const state = read(atMs)
    known = { atMs, state }
    state.catch(() => {
      known = null
    })
    return state
  }
}
