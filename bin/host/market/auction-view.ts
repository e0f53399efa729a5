import { orderOf } from '../../../actors/auction/own-trades.ts'
import type { AuctionTable, OwnTradeTable } from '../../../actors/storage/schema.ts'
import {
  auctionPhase,
  GAP_BLOCKS,
  phaseEndMs,
  type AuctionTimes,
  type BlockMoment,
} from '../../../protocols/rules/auction-phase.ts'
import {
  SEALS_LIMIT,
  auctionFailure,
  type AuctionPhase,
  type AuctionView,
} from '../../../web/market-model.ts'
import { auctionText } from './auction-words.ts'
import type { OwnAuction } from './market-rows.ts'
import { lotOf, type MarketTimes } from './market-times.ts'
import { boundIn, movementsOf } from './movements.ts'

/** What an auction is seen with. */
export interface Seen {
  readonly account: string
  readonly times: MarketTimes
  /** The newest block; null before the first. */
  readonly head: BlockMoment | null
  /** S, the seller's security, in 1/10,000. */
  readonly securityBps: number
}

/** What the chain says of the phases of an auction. */
export const timesOf = (auction: AuctionTable, bids: OwnAuction['bids']): AuctionTimes => ({
  commitEndMs: auction.commit_end_ms,
  showEndMs: auction.show_end_ms,
  revealEndMs: auction.reveal_end_ms,
  bids: bids.length,
  reveals: bids.filter(({ value }) => value !== null).length,
  newestBidBlock: bids.reduce((newest, { block }) => Math.max(newest, block), auction.block),
  decided: auction.state !== 'open' && auction.state !== 'shown',
})

const RUNNING = {
  bids: 'bidding',
  gap: 'gap',
  show: 'showing',
  reveals: 'revealing',
  check: 'settling',
} as const

interface Phased {
  readonly phase: AuctionPhase
  readonly phaseStartsAtMs: number | null
  readonly phaseEndsAtMs: number | null
}

function phasedOf(auction: AuctionTable, bids: OwnAuction['bids'], { head, times }: Seen): Phased {
  const over = { phaseStartsAtMs: null, phaseEndsAtMs: null }
  if (auction.state === 'failed') return { phase: 'failed', ...over }
  if (auction.state === 'settled') return { phase: 'paid', ...over }
  if (auction.state === 'awarded') {
    const { untilMs } = lotOf(auction, times)
    // Once the lot's time is over, what was delivered is being decided: nobody knows for how long.
    const isOver = head !== null && head.timestampMs >= untilMs
    return {
      phase: 'delivering',
      phaseStartsAtMs: auction.decided_at_ms,
      phaseEndsAtMs: isOver ? null : untilMs,
    }
  }
  const known = timesOf(auction, bids)
  const now = head ?? { number: auction.block, timestampMs: auction.offered_at_ms }
  const phase = auctionPhase(known, now, times.blockMs)
  if (phase === 'decided') return { phase: 'settling', ...over }
  const starts = {
    bids: auction.offered_at_ms,
    gap: auction.commit_end_ms,
    show: auction.commit_end_ms + GAP_BLOCKS * times.blockMs,
    reveals: auction.reveal_end_ms === null ? null : auction.reveal_end_ms - auction.reveal_s * 1_000,
    check: null,
  }
  const ends = phaseEndMs(known, phase, times.blockMs)
  return { phase: RUNNING[phase], phaseStartsAtMs: starts[phase], phaseEndsAtMs: ends }
}

/** Micro-SCT as pages have them; what the market takes is far below what a number holds. */
export const micro = (digits: string | null): number | null => (digits === null ? null : Number(digits))

/** Whether a rule did it: what people do themselves has no reason. */
function byRule(own: OwnTradeTable): boolean {
  const because = own.role === 'buyer' && own.request !== null ? orderOf(own).because : own.because
  return because !== null && because !== ''
}

/** An offer on its way to the chain, or one that came to nothing before it was there. */
function unseen(own: OwnTradeTable, { account, times }: Seen): AuctionView {
  const { resource, period, fromSlot, untilSlot, amount } = orderOf(own)
  const lot = { resource, period, from_slot: fromSlot, until_slot: untilSlot, amount }
  const refused = own.stage === 'over'
  return {
    id: own.subject,
    role: own.role,
    ...lotOf(lot, times),
    buyer: account,
    seller: null,
    openedAtMs: own.created_at_ms,
    phase: refused ? 'failed' : 'offering',
    phaseStartsAtMs: null,
    phaseEndsAtMs: null,
    failure: refused ? 'refused' : null,
    bids: 0,
    reveals: 0,
    seals: [],
    bondMicroSct: 0,
    depositMicroSct: 0,
    ownValueMicroSct: micro(own.value),
    maxPriceMicroSct: null,
    won: null,
    priceMicroSct: null,
    delivered: null,
    movements: [],
    cancellable: false,
    byRule: byRule(own),
    text: refused ? (own.because ?? '') : 'Your offer is sealed and on its way to the ledger.',
  }
}

function sealsOf({ bids }: OwnAuction, { account }: Seen): AuctionView['seals'] {
  return bids.slice(0, SEALS_LIMIT).map(({ seller, value }) => {
    return { account: seller, own: seller === account, valueMicroSct: micro(value) }
  })
}

/** Whether this home has what it wanted of the auction; null while nobody knows. */
function wonBy({ own }: OwnAuction, auction: AuctionTable, account: string): boolean | null {
  if (auction.state !== 'awarded' && auction.state !== 'settled') return null
  return own.role === 'buyer' || auction.winner === account
}

function failureOf(auction: AuctionTable): AuctionView['failure'] {
  if (auction.state !== 'failed') return null
  return auctionFailure.safeParse(auction.failure).data ?? 'too-late'
}

/** A trade of this home as its page shows it, or null where it only thought about it. */
export function auctionViewOf(trade: OwnAuction, seen: Seen): AuctionView | null {
  const { own, auction, bids } = trade
  if (auction === null) return own.role === 'buyer' ? unseen(own, seen) : null
  if (own.role === 'seller' && own.value === null) return null
  const won = wonBy(trade, auction, seen.account)
  const phased = phasedOf(auction, bids, seen)
  const lost = own.role === 'seller' && won === false
  const view = {
    id: auction.id,
    role: own.role,
    ...lotOf(auction, seen.times),
    buyer: auction.buyer,
    seller: auction.winner,
    openedAtMs: auction.offered_at_ms,
    ...(lost ? { phase: 'paid' as const, phaseStartsAtMs: null, phaseEndsAtMs: null } : phased),
    failure: failureOf(auction),
    bids: bids.length,
    reveals: bids.filter(({ value }) => value !== null).length,
    seals: sealsOf(trade, seen),
    ...boundIn(trade, auction, seen),
    ownValueMicroSct: micro(own.value),
    maxPriceMicroSct: micro(auction.max_price),
    won,
    priceMicroSct: lost ? null : micro(auction.price),
    delivered: lost ? null : auction.delivered,
    movements: movementsOf(trade, auction, seen),
    cancellable:
      own.role === 'buyer' && own.stage === 'negotiation' && bids.length === 0 && phased.phase === 'bidding',
    byRule: byRule(own),
  }
  return { ...view, text: auctionText(view, own.stage) }
}
