import { AUCTION_FAILURES } from '../../../actors/auction/negotiation/machine.ts'
import { UNDECIDED } from '../../../actors/auction/undecided.ts'
import type { AuctionBidTable, AuctionTable } from '../../../actors/storage/market-tables.ts'
import type { HeardFact } from '../chain/heard.ts'

const MS = 1_000

/** An auction as a home knows it from the chain. */
export interface KnownAuction {
  readonly auction: AuctionTable
  readonly bids: readonly AuctionBidTable[]
  readonly refunded: boolean
  /** The newest block that said something of it. */
  readonly touched: number
}

type Offer = HeardFact['told'] & { name: 'OfferMade' }

/** What the facts of one block made of what was known; neighbours know alike. */
const made = new Map<HeardFact, { readonly before: KnownAuction | null; readonly after: KnownAuction }>()
let madeOf = 0

/** An auction after a fact; worked out once for all homes of a street that knew the same before. */
export function afterFact(before: KnownAuction | null, fact: HeardFact): KnownAuction | null {
  if (fact.block !== madeOf) made.clear()
  madeOf = fact.block
  const known = made.get(fact)
  if (known !== undefined && known.before === before) return known.after
  const after = fact.told.name === 'OfferMade' ? offered(fact, fact.told) : changed(before, fact)
  if (after !== null) made.set(fact, { before, after })
  return after
}

function offered({ block, timestampMs }: HeardFact, told: Offer): KnownAuction {
  const { id, buyer, resource, period, amount, bond, seal, commitEnd, showEnd, revealSeconds } = told
  const auction: AuctionTable = {
    ...UNDECIDED,
    from_slot: 0,
    until_slot: 0,
    id,
    buyer,
    resource,
    period,
    amount,
    bond: String(bond),
    seal,
    commit_end_ms: commitEnd * MS,
    show_end_ms: showEnd * MS,
    reveal_s: revealSeconds,
    offered_at_ms: timestampMs,
    block,
  }
  return { auction, bids: [], refunded: false, touched: block }
}

function changed(before: KnownAuction | null, fact: HeardFact): KnownAuction | null {
  if (before === null) return null
  const { auction, refunded } = before
  const bids = bidsAfter(before.bids, fact)
  return { auction: { ...auction, ...told(fact) }, bids, refunded, touched: fact.block }
}

function bidsAfter(bids: readonly AuctionBidTable[], { told, block }: HeardFact): readonly AuctionBidTable[] {
  if (told.name === 'BidReceived') {
    const row = { auction: told.id, seller: told.seller, position: told.index, block }
    return [...bids, { ...row, value: null, revealed_block: null }]
  }
  if (told.name !== 'BidRevealed') return bids
  const { seller, value } = told
  return bids.map((bid) =>
    bid.seller === seller ? { ...bid, value: String(value), revealed_block: block } : bid,
  )
}

function told({ told, block, timestampMs }: HeardFact): Partial<AuctionTable> {
  const decided = { decided_block: block, decided_at_ms: timestampMs }
  switch (told.name) {
    case 'MaxPriceShown': {
      const { maxPrice, revealEnd } = told
      const reveal_end_ms = revealEnd * MS
      return { state: 'shown', max_price: String(maxPrice), reveal_end_ms, shown_block: block }
    }
    case 'AuctionAwarded':
      return { state: 'awarded', winner: told.winner, price: String(told.price), ...decided }
    case 'AuctionFailed':
      return { state: 'failed', failure: AUCTION_FAILURES[told.reason] ?? 'none', ...decided }
    case 'ExchangeConfirmed': {
      const { delivered, paid, penalty } = told
      const settled = { settled_block: block, settled_at_ms: timestampMs }
      return { state: 'settled', delivered, paid: String(paid), penalty: String(penalty), ...settled }
    }
    default:
      return {}
  }
}
