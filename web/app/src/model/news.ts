import type { DelegationsView, DelegationView } from '../../../delegation-model.ts'
import type { AuctionView, MarketView } from '../../../market-model.ts'
import type { View } from '../../../read-model.ts'
import { lotText, sct } from '../words/money.ts'
import { shortHex } from '../words/format.ts'

/** What a newer view tells that an older one did not, for a screen reader to say; empty when nothing. */
export function newsOf(before: View | null, told: View): string {
  if (before === null || before.role !== 'home' || told.role !== 'home') return ''
  const neighbours = neighbourNews(before.delegations, told.delegations)
  if (neighbours !== '' || before.market === null || told.market === null) return neighbours
  const request = requestNews(before.market, told.market)
  return request === '' ? auctionNews(before.market, told.market) : request
}

function neighbourNews(before: DelegationsView | null, told: DelegationsView | null): string {
  if (before === null || told === null) return ''
  const alarms = new Set(before.caring.flatMap(({ alarms }) => alarms.map(({ number }) => number)))
  const alarm = told.caring.flatMap((care) => care.alarms).find(({ number }) => !alarms.has(number))
  if (alarm !== undefined) return `A neighbour’s home: ${alarm.text}`
  const turned = told.list.filter((each) => {
    const earlier = before.list.find(({ negotiation }) => negotiation === each.negotiation)
    return earlier === undefined || earlier.state !== each.state || earlier.ourTurn !== each.ourTurn
  })
  return turned.map(handoverText).find((text) => text !== '') ?? ''
}

function handoverText({ role, peer, state, ourTurn }: DelegationView): string {
  const who = shortHex(peer)
  if (ourTurn)
    return role === 'delegatee' ? `${who} asks you to watch their home.` : `${who} offers other terms.`
  const whose = role === 'delegator' ? 'this home' : `the home of ${who}`
  if (state === 'active')
    return role === 'delegator' ? `${who} watches this home now.` : `You watch ${whose} now.`
  if (state === 'ended') return `The watch over ${whose} has ended.`
  return state === 'declined' ? `Nothing was agreed with ${who}.` : ''
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
