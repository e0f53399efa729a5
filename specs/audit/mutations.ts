import type { Lie } from '../verify/lying-node.ts'
import { another, more, retold } from '../verify/retold.ts'

/** One event changed: what it is about, the fault that must name it, and the node that tells it. */
export const MUTATIONS: readonly (readonly [string, string, () => Lie])[] = [
  ['a bid', 'seal', retold('trading', 'BidRevealed', { value: more })],
  ['a maximum price', 'calldata', retold('trading', 'MaxPriceShown', { maxPrice: more })],
  ['a price', 'price', retold('trading', 'AuctionAwarded', { price: more })],
  ['a winner', 'winner', retold('trading', 'AuctionAwarded', { winner: another })],
  ['a bidder', 'sender', retold('trading', 'BidReceived', { seller: another })],
  // Not the end of the bids: the first offer of a run may have found none.
  ['the end of the reveals', 'phase', retold('trading', 'MaxPriceShown', { revealEnd: more })],
  ['a refund', 'refund', retold('trading', 'Refunded', { amount: more })],
  ['a payment', 'payment', retold('trading', 'ExchangeConfirmed', { paid: more })],
  ['a deposit', 'credit', retold('trading', 'Deposited', { amount: more })],
  ['an exchange', 'quota-moved', retold('quota', 'QuotaMoved', { amount: more })],
  ['a home’s part', 'quota-sum', retold('quota', 'QuotaAllocated', { energyWh: more })],
  ['a transfer', 'supply', retold('token', 'Transfer', { value: more })],
]
