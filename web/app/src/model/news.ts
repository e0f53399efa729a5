import type { AuctionView, MarketView } from '../../../market-model.ts'
import type { View } from '../../../read-model.ts'
import { lotText, sct } from '../words/money.ts'

/** What a newer view tells that an older one did not, for a screen reader to say; empty when nothing. */
export function newsOf(before: View | null, told: View): string {
  if (before === null || before.role !== 'home' || told.role !== 'home') return ''
  if (before.market === null || told.market === null) return ''
  const request = requestNews(before.market, told.market)
  return request === '' ? auctionNews(before.market, told.market) : request
}

function requestNews(before: MarketView, told: MarketView): string {
  const known = new Set(before.requests.map(({ auctionId }) => auctionId))
  const fresh = told.requests.find(({ auctionId, state }) => state === 'open' && !known.has(auctionId))
  return fresh === undefined ? '' : `A neighbour asks for ${lotText(fresh.resource, fresh.amount)}.`
}

function auctionNews(before: MarketView, told: MarketView): string {
  const turned = told.auctions.filter(({ id, phase }) => {
    const earlier = before.auctions.find((auction) => auction.id === id)
    return earlier !== undefined && earlier.phase !== phase
  })
  return turned.map(turnText).find((text) => text !== '') ?? ''
}

function turnText({ role, resource, amount, phase, won, priceMicroSct }: AuctionView): string {
  const lot = lotText(resource, amount)
  if (phase === 'failed') return `The auction of ${lot} failed.`
  if (phase !== 'delivering' || won !== true || priceMicroSct === null) return ''
  return `You ${role === 'buyer' ? 'bought' : 'sold'} ${lot} for ${sct(priceMicroSct)}.`
}
