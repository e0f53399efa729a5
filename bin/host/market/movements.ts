import type { AuctionTable } from '../../../actors/storage/schema.ts'
import { heldOf } from '../../../protocols/rules/lot-price.ts'
import type { MovementView } from '../../../web/market-model.ts'
import type { OwnAuction } from './market-rows.ts'

/** Who looks, and S. */
interface Looking {
  readonly account: string
  readonly securityBps: number
}

interface Bound {
  readonly bondMicroSct: number
  readonly depositMicroSct: number
}

const move = (kind: MovementView['kind'], text: string, amount: bigint, done: boolean): MovementView[] =>
  amount === 0n ? [] : [{ kind, text, microSct: Number(amount), done }]

const ownBid = ({ bids }: OwnAuction, account: string) => bids.find(({ seller }) => seller === account)

/** The lowest bid that was shown; the winner's. */
function winningBid({ bids }: OwnAuction, { winner }: AuctionTable): bigint {
  return BigInt(bids.find(({ seller }) => seller === winner)?.value ?? 0)
}

/** Whether this home's bond is lost: it did not show what it had sealed. */
function forfeits(trade: OwnAuction, auction: AuctionTable, { account }: Looking): boolean {
  const decided = auction.state !== 'open' && auction.state !== 'shown'
  if (!decided) return false
  if (trade.own.role === 'buyer') return auction.failure === 'no-max-price'
  const bid = ownBid(trade, account)
  return bid !== undefined && bid.value === null && auction.max_price !== null
}

/** What of this home is bound in an auction now: its bond while sealed, its deposit once shown. */
export function boundIn(trade: OwnAuction, auction: AuctionTable, looking: Looking): Bound {
  const none = { bondMicroSct: 0, depositMicroSct: 0 }
  const bond = Number(auction.bond)
  const isBuyer = trade.own.role === 'buyer'
  const bid = ownBid(trade, looking.account)
  if (!isBuyer && bid === undefined) return none
  if (auction.state === 'settled' || forfeits(trade, auction, looking)) return none
  if (auction.state === 'awarded') {
    const wins = isBuyer || auction.winner === looking.account
    if (!wins) return trade.refunded ? none : { ...none, depositMicroSct: bond }
    const kept = isBuyer
      ? BigInt(auction.price ?? 0)
      : heldOf(winningBid(trade, auction), looking.securityBps)
    return { ...none, depositMicroSct: trade.refunded ? Number(kept) : bond }
  }
  if (auction.state === 'failed' && trade.refunded) return none
  const shown = isBuyer ? auction.max_price !== null : bid !== undefined && bid.value !== null
  return shown ? { ...none, depositMicroSct: bond } : { ...none, bondMicroSct: bond }
}

function ofBuyer(trade: OwnAuction, auction: AuctionTable): MovementView[] {
  const bond = BigInt(auction.bond)
  const price = BigInt(auction.price ?? 0)
  const settled = auction.state === 'settled'
  const paid = settled ? BigInt(auction.paid ?? 0) : price
  const missing = settled ? price - paid : 0n
  return [
    ...move('locked', 'The price, until delivery', price, true),
    ...move('returned', 'The rest of your bond', bond - price, trade.refunded),
    ...move('pays', settled ? 'To the seller' : 'To the seller, as far as delivered', paid, settled),
    ...move('returned', 'For what did not come', missing, true),
    ...move('gets', 'From the seller’s deposit', BigInt(auction.penalty ?? 0), true),
  ]
}

function ofWinner(trade: OwnAuction, auction: AuctionTable, { securityBps }: Looking): MovementView[] {
  const bond = BigInt(auction.bond)
  const held = heldOf(winningBid(trade, auction), securityBps)
  const settled = auction.state === 'settled'
  const gets = settled ? BigInt(auction.paid ?? 0) : BigInt(auction.price ?? 0)
  const penalty = settled ? BigInt(auction.penalty ?? 0) : 0n
  return [
    ...move('locked', 'Your deposit, until delivery', held, true),
    ...move('returned', 'The rest of your bond', bond - held, trade.refunded),
    ...move('gets', settled ? 'From the buyer' : 'From the buyer, as far as delivered', gets, settled),
    ...move('returned', 'Your deposit', held - penalty, settled),
    ...move('pays', 'To the buyer, for what did not come', penalty, true),
  ]
}

/** Who pays what, as this home sees it: what is done, and what is still to come. */
export function movementsOf(trade: OwnAuction, auction: AuctionTable, looking: Looking): MovementView[] {
  const bond = BigInt(auction.bond)
  const isBuyer = trade.own.role === 'buyer'
  const onChain = isBuyer || ownBid(trade, looking.account) !== undefined
  if (!onChain) return move('locked', 'Your bond', bond, false)
  if (forfeits(trade, auction, looking)) return move('forfeited', 'Your bond', bond, true)
  const awarded = auction.state === 'awarded' || auction.state === 'settled'
  if (awarded && isBuyer) return ofBuyer(trade, auction)
  if (awarded && auction.winner === looking.account) return ofWinner(trade, auction, looking)
  if (awarded || auction.state === 'failed') return move('returned', 'Your bond', bond, trade.refunded)
  return move('locked', 'Your bond', bond, true)
}
