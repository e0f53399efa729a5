import { UNANSWERED } from '../../../actors/auction/determination/machine.ts'
import type { OwnTradeTable } from '../../../actors/storage/schema.ts'
import { auctionPhase } from '../../../protocols/rules/auction-phase.ts'
import { mostPriceOf } from '../../../protocols/rules/lot-price.ts'
import type { Resource } from '../../../protocols/rules/resource.ts'
import { goingMicroSctOf } from '../../../protocols/rules/weights.ts'
import type { MarketResourceView, RequestView } from '../../../web/market-model.ts'
import { micro, timesOf, type Seen } from './auction-view.ts'
import type { OwnAuction } from './market-rows.ts'
import { lotOf, sizeOf } from './market-times.ts'

type Facts = 'marketMicroSctPerUnit' | 'weightPpm' | 'spare' | 'spareBecause'
type Prices = Readonly<Record<Resource, Pick<MarketResourceView, Facts>>>

function stateOf(own: OwnTradeTable, isOpen: boolean, sealed: boolean): RequestView['state'] {
  if (own.stage === 'determination') return isOpen ? 'open' : 'closed'
  if (own.value !== null) return own.stage === 'over' && !sealed ? 'closed' : 'bid'
  return own.because === UNANSWERED ? 'closed' : 'declined'
}

/** A request of a neighbour that this home was told of; null for trades of its own making. */
export function requestViewOf(trade: OwnAuction, seen: Seen, prices: Prices): RequestView | null {
  const { own, auction, bids } = trade
  if (own.role === 'buyer' || auction === null) return null
  const head = seen.head ?? { number: auction.block, timestampMs: auction.offered_at_ms }
  const isOpen = auctionPhase(timesOf(auction, bids), head, seen.times.blockMs) === 'bids'
  const lot = lotOf(auction, seen.times)
  const { marketMicroSctPerUnit: market, weightPpm, spare, spareBecause } = prices[lot.resource]
  const estimate =
    market === null
      ? null
      : Number(mostPriceOf(sizeOf(auction, seen.times), goingMicroSctOf(BigInt(market), weightPpm)))
  return {
    auctionId: auction.id,
    ...lot,
    buyer: auction.buyer,
    openedAtMs: auction.offered_at_ms,
    closesAtMs: auction.commit_end_ms,
    estimateMicroSct: estimate,
    ceilingMicroSct: Number(auction.bond),
    spare,
    state: stateOf(
      own,
      isOpen,
      bids.some(({ seller }) => seller === seen.account),
    ),
    ownValueMicroSct: micro(own.value),
    // While people are asked, what counts is what can be spared now.
    because: shortened(own.because === null || own.because === '' ? spareBecause : own.because),
  }
}

const LINE = 240
/** A sentence as long as a page takes it. */
export const shortened = (text: string): string =>
  text.length <= LINE ? text : `${text.slice(0, LINE - 1)}…`
