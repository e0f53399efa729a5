import type { HeardFact } from '../chain/heard.ts'
import { Table } from '../ledger.ts'
import type { HeardChain } from './gateway.ts'
import { afterFact, type KnownAuction } from './known-auction.ts'

/** What the market's contract told: auctions that are open, and those in which the home has a part. */
export class MarketBook {
  readonly known: Table<string, KnownAuction>
  /** Offers of neighbours that take bids. */
  readonly open: Table<string, true>
  readonly #account: string
  readonly #takesPart: (id: string) => boolean

  constructor(account: string, heard: HeardChain, takesPart: (id: string) => boolean) {
    this.#account = account
    this.#takesPart = takesPart
    this.known = new Table(heard.ledger)
    this.open = new Table(heard.ledger)
  }

  apply(fact: HeardFact): void {
    const { told, block } = fact
    switch (told.name) {
      case 'OfferMade':
        this.#follow(fact, told.id)
        if (told.buyer !== this.#account) this.open.set(told.id, true)
        return
      case 'MaxPriceShown':
        this.open.delete(told.id)
        return this.#follow(fact, told.id)
      case 'BidReceived':
      case 'BidRevealed':
      case 'ExchangeConfirmed':
        return this.#follow(fact, told.id)
      case 'AuctionAwarded':
      case 'AuctionFailed':
        this.#follow(fact, told.id)
        return this.#letGo(told.id)
      case 'Refunded': {
        const known = this.known.get(told.id)
        if (told.account !== this.#account || known === undefined) return
        this.known.set(told.id, { ...known, refunded: true, touched: block })
      }
    }
  }

  /** Auctions of which blocks from a height on had said something. */
  touchedFrom(block: number): string[] {
    return [...this.known.entries()].filter(([, { touched }]) => touched >= block).map(([id]) => id)
  }

  #follow(fact: HeardFact, id: string): void {
    const after = afterFact(this.known.get(id) ?? null, fact)
    if (after !== null) this.known.set(id, after)
  }

  /** What neighbours trade among themselves need not be kept. */
  #letGo(id: string): void {
    this.open.delete(id)
    if (!this.#takesPart(id)) this.known.delete(id)
  }
}
