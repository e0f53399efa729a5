/**
 * An auction as the chain has it, at every gateway. Amounts of money are micro-SCT in decimal digits: they do
 * not fit a number. The columns named …_block tell since which block a fact holds, so that a fork can take it
 * back.
 */
export interface AuctionTable {
  /** 0x hex of 32 bytes. */
  id: string
  buyer: string
  resource: number
  period: number
  from_slot: number
  until_slot: number
  /** Wh, W or mL. */
  amount: number
  bond: string
  /** Of the maximum price: tells a home's own offer from one that another of its devices made. */
  seal: string
  commit_end_ms: number
  show_end_ms: number
  reveal_s: number
  offered_at_ms: number
  block: number
  max_price: string | null
  reveal_end_ms: number | null
  shown_block: number | null
  state: 'open' | 'shown' | 'awarded' | 'failed' | 'settled'
  winner: string | null
  price: string | null
  failure: string | null
  decided_at_ms: number | null
  decided_block: number | null
  delivered: number | null
  paid: string | null
  penalty: string | null
  settled_at_ms: number | null
  settled_block: number | null
}

/** A sealed bid of an auction. */
export interface AuctionBidTable {
  auction: string
  seller: string
  position: number
  block: number
  value: string | null
  revealed_block: number | null
}

/** What an account got back of what it had put down in an auction. */
export interface AuctionRefundTable {
  auction: string
  account: string
  amount: string
  block: number
}

/** Home: an auction that it takes part in, or thought about. */
export interface OwnTradeTable {
  /** A buyer's order, or the auction's id for a seller. */
  subject: string
  role: 'buyer' | 'seller'
  auction: string | null
  stage: 'determination' | 'negotiation' | 'payment' | 'over'
  /** JSON of the order, for a buyer. */
  request: string | null
  /** The sealed maximum price or bid: it must be found again after a crash. */
  value: string | null
  salt: Uint8Array | null
  because: string | null
  /** What its offer or bid takes from the credit; null while no such call was asked for. */
  bond: string | null
  /** How often the offer was sent. */
  attempts: number
  /** How often the chain took back what the trade had come to; each round has machines of its own. */
  round: number
  created_at_ms: number
}
