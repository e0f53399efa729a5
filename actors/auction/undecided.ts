import type { AuctionTable } from '../storage/market-tables.ts'

/** What is not known of an auction when its offer is made. */
export const UNDECIDED = {
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
} as const satisfies Partial<AuctionTable>
