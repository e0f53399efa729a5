import { auctionPhase, type BlockMoment } from '../../protocols/rules/auction-phase.ts'
import type { AuctionBidTable, AuctionTable } from '../storage/market-tables.ts'
import { AUCTION_FAILURES, type AuctionFailure, type NegotiationEvent } from './negotiation/machine.ts'
import type { PaymentEvent } from './payment/machine.ts'

/** Blocks after which the other party makes the call that everybody may make. */
const BACKUP_BLOCKS = 4

/** So long a bid in the newest blocks may not have been heard of. */
const LAST_BID_BLOCKS = 2

/** What the chain says of an auction that a home takes part in, as of the newest block. */
export interface AuctionSight {
  readonly account: string
  readonly auction: AuctionTable
  readonly bids: readonly AuctionBidTable[]
  readonly refunded: boolean
  readonly head: BlockMoment
  /** The newest final block; -1 before the first. */
  readonly finalBlock: number
  readonly blockMs: number
}

/** An event for a machine, with the name under which it is told once. */
export interface Signal<E> {
  readonly id: string
  readonly event: E
}

const failureOf = (name: string | null): AuctionFailure =>
  AUCTION_FAILURES.find((each) => each === name) ?? 'none'

const timesOf = ({ auction, bids }: AuctionSight) => ({
  commitEndMs: auction.commit_end_ms,
  showEndMs: auction.show_end_ms,
  revealEndMs: auction.reveal_end_ms,
  bids: bids.length,
  reveals: bids.filter(({ value }) => value !== null).length,
  newestBidBlock: bids.reduce((newest, { block }) => Math.max(newest, block), auction.block),
  decided: auction.state !== 'open' && auction.state !== 'shown',
})

/** The phase of an auction, as the next block finds it. */
export const phaseOf = (sight: AuctionSight) => auctionPhase(timesOf(sight), sight.head, sight.blockMs)

/** Money and quota are acted on when it is final that they moved (DESIGN §7). */
const isFinal = (block: number | null, { finalBlock }: AuctionSight): boolean =>
  block !== null && block <= finalBlock

function decision(sight: AuctionSight): Signal<NegotiationEvent>[] {
  const { account, auction } = sight
  if (!isFinal(auction.decided_block, sight)) return []
  if (auction.state === 'failed') {
    return [{ id: 'failed', event: { type: 'AUCTION_FAILED', failure: failureOf(auction.failure) } }]
  }
  if (auction.price === null) return []
  const own = auction.winner === account || auction.buyer === account
  return [{ id: 'awarded', event: { type: 'AWARDED', own, priceMicroSct: auction.price } }]
}

function revealsClosed(sight: AuctionSight, reveals: number): Signal<NegotiationEvent>[] {
  const { account, auction, head, blockMs } = sight
  const backupMs = (auction.reveal_end_ms ?? auction.show_end_ms) + BACKUP_BLOCKS * blockMs
  if (auction.buyer !== account && head.timestampMs < backupMs) return []
  if (auction.max_price === null) return [{ id: 'showing-closed', event: { type: 'SHOWING_CLOSED' } }]
  return [{ id: 'reveals-closed', event: { type: 'REVEALS_CLOSED', reveals } }]
}

/**
 * What a home's negotiation is to be told, by what the chain says: always the whole list, in order; who tells
 * it leaves out what was told before.
 */
export function negotiationSignals(sight: AuctionSight): Signal<NegotiationEvent>[] {
  const { account, auction, bids, head, blockMs } = sight
  const times = timesOf(sight)
  const phase = auctionPhase(times, head, blockMs)
  const own = bids.find(({ seller }) => seller === account)
  const signals: Signal<NegotiationEvent>[] = []
  if (own !== undefined) signals.push({ id: 'bid', event: { type: 'BID_SEALED' } })
  if (head.timestampMs > auction.commit_end_ms + LAST_BID_BLOCKS * blockMs) {
    signals.push({ id: 'bids-closed', event: { type: 'BIDS_CLOSED', bids: times.bids } })
  }
  if (phase === 'show') signals.push({ id: 'gap-over', event: { type: 'GAP_OVER' } })
  if (auction.max_price !== null) signals.push({ id: 'shown', event: { type: 'MAX_PRICE_SHOWN' } })
  if (own !== undefined && own.value !== null)
    signals.push({ id: 'revealed', event: { type: 'BID_REVEALED' } })
  if (phase === 'check') signals.push(...revealsClosed(sight, times.reveals))
  return [...signals, ...decision(sight)]
}

/** What is known of a delivery beside the auction itself. */
export interface DeliverySight extends AuctionSight {
  /** When the lot's period, or its window of power, is over. */
  readonly closesAtMs: number
  /** Null while nothing was stated of the seller's excess. */
  readonly fair: boolean | null
  readonly challenged: boolean
  /** The block at which the contract first said that delivery is decided; null before. */
  readonly decidedSince: number | null
}

/** What a home's payment is to be told; as above. */
export function paymentSignals(sight: DeliverySight): Signal<PaymentEvent>[] {
  const { account, auction, head } = sight
  const signals: Signal<PaymentEvent>[] = []
  if (sight.refunded) signals.push({ id: 'refunded', event: { type: 'REFUNDED' } })
  if (head.timestampMs >= sight.closesAtMs)
    signals.push({ id: 'period-over', event: { type: 'PERIOD_OVER' } })
  if (sight.fair !== null) {
    signals.push({ id: 'stated', event: { type: 'DELIVERY_STATED', fair: sight.fair } })
  }
  if (sight.challenged) signals.push({ id: 'challenged', event: { type: 'DELIVERY_CHALLENGED' } })
  const since = sight.decidedSince
  // The seller is paid by this call; the buyer makes it when the seller does not.
  const due = since !== null && (auction.winner === account || head.number >= since + BACKUP_BLOCKS)
  if (due) signals.push({ id: 'decided', event: { type: 'DELIVERY_DECIDED' } })
  if (auction.state === 'settled' && auction.paid !== null && isFinal(auction.settled_block, sight)) {
    const delivered = String(auction.delivered ?? 0)
    signals.push({ id: 'paid', event: { type: 'PAID', delivered, paidMicroSct: auction.paid } })
  }
  return signals
}
