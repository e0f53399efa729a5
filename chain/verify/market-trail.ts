import type { EventOf } from './events.ts'

/** How the market was set when it was deployed. */
export interface MarketSettings {
  /** Lower-case address: part of every seal. */
  readonly trading: string
  readonly blockSeconds: number
  readonly securityBps: number
  readonly strict: boolean
  readonly decisionSeconds: number
  readonly sampleMs: number
}

/** What became of an auction; `mark` is all that the winner had sold of the resource with this lot. */
export interface Award {
  readonly winner: string
  readonly price: bigint
  readonly held: bigint
  readonly mark: bigint
  /** The lender's place of a loan of power; null for the rest. */
  readonly place: number | null
}

/** All that happened in an auction, in order. */
export interface AuctionTrail {
  readonly offer: EventOf<'OfferMade'>
  readonly bids: Map<string, EventOf<'BidReceived'> & { readonly block: number }>
  readonly reveals: Map<string, bigint>
  shown: EventOf<'MaxPriceShown'> | null
  award: Award | null
  /** The contract's number of the reason. */
  failure: number | null
  settled: boolean
  readonly refunds: Map<string, bigint>
  /** What of the forfeited bonds was shared. */
  shared: bigint
}

/** How far an excess has come: the newest word of it. */
export type ExcessTrail =
  | { readonly status: 'asserted'; readonly excess: bigint; readonly lastBlock: number }
  | { readonly status: 'demanded'; readonly byMarket: boolean; readonly lastBlock: number }
  | { readonly status: 'standing'; readonly excess: bigint }
  | { readonly status: 'unproved' | 'void' }

/** What the history of the market amounts to. */
export interface MarketTrail {
  readonly settings: MarketSettings
  /** By 0x hex id. */
  readonly auctions: Map<string, AuctionTrail>
  /** By home, period and subject. */
  readonly excesses: Map<string, ExcessTrail>
  /** By home, period and resource: what is locked, loans of power included. */
  readonly locked: Map<string, { home: string; period: number; resource: number; amount: bigint }>
  /** Micro-SCT: free credit in the market, and balances of the token, by account. */
  readonly credit: Map<string, bigint>
  readonly balances: Map<string, bigint>
  supply: bigint
}

/** A market in which nothing has happened. */
export function beginMarket(settings: MarketSettings): MarketTrail {
  return {
    settings,
    auctions: new Map(),
    excesses: new Map(),
    locked: new Map(),
    credit: new Map(),
    balances: new Map(),
    supply: 0n,
  }
}

/** Adds to a sum that is kept by name. */
export function addTo(sums: Map<string, bigint>, name: string, amount: bigint): void {
  sums.set(name, (sums.get(name) ?? 0n) + amount)
}

/** Names an excess, or a lock, in its map. */
export const subjectKey = (home: string, period: number, subject: number): string =>
  `${home} ${period} ${subject}`

/** Counts what is locked of a home's quota; freed is less than nothing. */
export function lockMore(
  { market }: { readonly market: MarketTrail },
  { home, period, resource, amount }: { home: string; period: number; resource: number; amount: bigint },
): void {
  const key = subjectKey(home, period, resource)
  const before = market.locked.get(key)?.amount ?? 0n
  market.locked.set(key, { home, period, resource, amount: before + amount })
}
