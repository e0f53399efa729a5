import { AUCTION_FAILURES } from '../../../actors/auction/negotiation/machine.ts'
import type { AuctionBidTable, AuctionTable } from '../../../actors/storage/market-tables.ts'
import type { HeardFact } from '../chain/heard.ts'
import { Table } from '../ledger.ts'
import type { HeardChain } from './gateway.ts'

const MS = 1_000

/** An auction as a home knows it from the chain. */
export interface KnownAuction {
  readonly auction: AuctionTable
  readonly bids: readonly AuctionBidTable[]
  readonly refunded: boolean
  /** The newest block that said something of it. */
  readonly touched: number
}

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
    const { told, block, timestampMs } = fact
    switch (told.name) {
      case 'OfferMade':
        return this.#offered(fact, told)
      case 'BidReceived': {
        const row = { auction: told.id, seller: told.seller, position: told.index, block }
        const bid = { ...row, value: null, revealed_block: null }
        return this.#change(told.id, block, ({ bids }) => ({ bids: [...bids, bid] }))
      }
      case 'MaxPriceShown':
        this.open.delete(told.id)
        return this.#set(told.id, block, {
          state: 'shown',
          max_price: String(told.maxPrice),
          reveal_end_ms: told.revealEnd * MS,
          shown_block: block,
        })
      case 'BidRevealed':
        return this.#change(told.id, block, ({ bids }) => ({
          bids: bids.map((bid) =>
            bid.seller === told.seller ? { ...bid, value: String(told.value), revealed_block: block } : bid,
          ),
        }))
      case 'AuctionAwarded':
        this.#set(told.id, block, {
          state: 'awarded',
          winner: told.winner,
          price: String(told.price),
          decided_block: block,
          decided_at_ms: timestampMs,
        })
        return this.#letGo(told.id)
      case 'AuctionFailed':
        this.#set(told.id, block, {
          state: 'failed',
          failure: AUCTION_FAILURES[told.reason] ?? 'none',
          decided_block: block,
          decided_at_ms: timestampMs,
        })
        return this.#letGo(told.id)
      case 'Refunded':
        if (told.account !== this.#account) return
        return this.#change(told.id, block, () => ({ refunded: true }))
      case 'ExchangeConfirmed':
        return this.#set(told.id, block, {
          state: 'settled',
          delivered: told.delivered,
          paid: String(told.paid),
          penalty: String(told.penalty),
          settled_block: block,
          settled_at_ms: timestampMs,
        })
    }
  }

  /** Auctions of which blocks from a height on had said something. */
  touchedFrom(block: number): string[] {
    return [...this.known.entries()].filter(([, { touched }]) => touched >= block).map(([id]) => id)
  }

  #offered({ block, timestampMs }: HeardFact, told: HeardFact['told'] & { name: 'OfferMade' }): void {
    const { id, buyer, resource, period, amount, bond, seal, commitEnd, showEnd, revealSeconds } = told
    const lot = { id, buyer, resource, period, from_slot: 0, until_slot: 0, amount, bond: String(bond), seal }
    const times = { commit_end_ms: commitEnd * MS, show_end_ms: showEnd * MS, reveal_s: revealSeconds }
    const auction: AuctionTable = { ...lot, ...times, ...UNDECIDED, offered_at_ms: timestampMs, block }
    this.known.set(id, { auction, bids: [], refunded: false, touched: block })
    if (buyer !== this.#account) this.open.set(id, true)
  }

  #set(id: string, block: number, by: Partial<AuctionTable>): void {
    this.#change(id, block, ({ auction }) => ({ auction: { ...auction, ...by } }))
  }

  #change(id: string, block: number, by: (known: KnownAuction) => Partial<KnownAuction>): void {
    const known = this.known.get(id)
    if (known !== undefined) this.known.set(id, { ...known, ...by(known), touched: block })
  }

  /** What neighbours trade among themselves need not be kept. */
  #letGo(id: string): void {
    this.open.delete(id)
    if (!this.#takesPart(id)) this.known.delete(id)
  }
}

const UNDECIDED = {
  max_price: null,
  reveal_end_ms: null,
  shown_block: null,
  state: 'open',
  winner: null,
  price: null,
  failure: null,
  decided_at_ms: null,
  decided_block: null,
  delivered: null,
  paid: null,
  penalty: null,
  settled_at_ms: null,
  settled_block: null,
} as const
