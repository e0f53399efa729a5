import type { TradeWeights } from '../../../actors/auction/trade-weights.ts'
import type { TradingReads } from '../../../chain/proxy/trading-calls.ts'
import type { Resource } from '../../../protocols/rules/resource.ts'
import { chainPrices, unitPrices, type Purse, type UnitPrices } from './trade-facts.ts'
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

/** A reading that is kept for a while, and done again when it failed or was forgotten. */
class Kept<Value> {
  readonly #forMs: number
  readonly #read: (atMs: number) => Promise<Value>
  #known: { readonly atMs: number; readonly value: Promise<Value> } | null = null

  constructor(forMs: number, read: (atMs: number) => Promise<Value>) {
    this.#forMs = forMs
    this.#read = read
  }

  at(atMs: number): Promise<Value> {
    const known = this.#known
    if (known !== null && atMs - known.atMs < this.#forMs) return known.value
    const value = this.#read(atMs)
    this.#known = { atMs, value }
    value.catch(() => this.forget())
    return value
  }

  forget(): void {
    this.#known = null
  }
}

export interface StateReader {
  /** As of a moment ago at most. */
  readonly now: () => Promise<MarketState>
  readonly pricesChanged: () => void
}

/** Reads the state now and then, however often it is asked for. */
export function stateReader({ reads, uses, weights, account, nowMs }: StateSources): StateReader {
  const prices = new Kept(PRICES_AGAIN_MS, () => chainPrices(reads))
  const state = new Kept(READ_AGAIN_MS, async (atMs): Promise<MarketState> => {
    const [balance, credit, held, weighed, use] = await Promise.all([
      reads.balanceOf(account),
      reads.creditOf(account),
      prices.at(atMs),
      weights.now(),
      uses.at(atMs),
    ])
    const purse = { balanceMicroSct: balance, creditMicroSct: credit }
    return { purse, prices: unitPrices(held, weighed, atMs), use }
  })
  return {
    now: () => state.at(nowMs()),
    pricesChanged: () => {
      prices.forget()
      state.forget()
    },
  }
}
