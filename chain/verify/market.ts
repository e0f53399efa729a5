import { negotiationEvent } from './auctions.ts'
import type { ChainEvent } from './events.ts'
import { addTo, lockMore, subjectKey, type ExcessTrail } from './market-trail.ts'
import type { Moment } from './moment.ts'
import { owedBy, paymentEvent } from './payments.ts'
import type { Findings } from './report.ts'
import type { Trail } from './trail.ts'

const NOBODY = `0x${'0'.repeat(40)}`
/** Rounding leaves at most so many micro-SCT of an auction in the market. */
const ROUNDING_MOST = 2n

const MARKET_EVENTS = [
  'Transfer',
  'Deposited',
  'Withdrawn',
  'OfferMade',
  'BidReceived',
  'MaxPriceShown',
  'BidRevealed',
  'AuctionAwarded',
  'AuctionFailed',
  'Refunded',
  'ExchangeConfirmed',
  'ForfeitShared',
  'QuotaLocked',
  'QuotaReleased',
] as const
type MarketEvent = Extract<ChainEvent, { name: (typeof MARKET_EVENTS)[number] }>
type ExcessEvent = Extract<
  ChainEvent,
  {
    name:
      'ExcessAsserted' | 'OpeningDemanded' | 'ExcessOpened' | 'ExcessFinal' | 'ExcessUnproved' | 'ExcessVoid'
  }
>

/** Whether an event belongs to the market: its auctions, its money, its locks. */
export const isMarketEvent = (event: ChainEvent): event is MarketEvent =>
  MARKET_EVENTS.some((name) => name === event.name)

/** Follows the market. */
export function marketEvent(event: MarketEvent, moment: Moment, trail: Trail, findings: Findings): void {
  const { market } = trail
  switch (event.name) {
    case 'Transfer':
      return transferred(event.args, trail)
    case 'Deposited':
      return addTo(market.credit, event.args.account, event.args.amount)
    case 'Withdrawn':
      return addTo(market.credit, event.args.account, -event.args.amount)
    case 'QuotaLocked':
      return lockMore(trail, event.args)
    case 'QuotaReleased':
      return lockMore(trail, { ...event.args, amount: -event.args.amount })
    case 'Refunded':
    case 'ExchangeConfirmed':
    case 'ForfeitShared':
      return paymentEvent(event, moment, trail, findings)
    default:
      return negotiationEvent(event, moment, trail, findings)
  }
}

function transferred(
  { from, to, value }: { from: string; to: string; value: bigint },
  { market }: Trail,
): void {
  if (from === NOBODY) market.supply += value
  else addTo(market.balances, from, -value)
  if (to === NOBODY) market.supply -= value
  else addTo(market.balances, to, value)
}

/** Remembers how far an excess has come: deliveries are judged by it. */
export function excessEvent(event: ExcessEvent, { market }: Trail): void {
  const { home, period, resource } = event.args
  market.excesses.set(subjectKey(home, period, resource), excessOf(event))
}

function excessOf(event: ExcessEvent): ExcessTrail {
  switch (event.name) {
    case 'ExcessAsserted':
      return { status: 'asserted', excess: event.args.excess, lastBlock: event.args.lastBlock }
    case 'OpeningDemanded':
      return { status: 'demanded', byMarket: event.args.byMarket, lastBlock: event.args.lastBlock }
    case 'ExcessOpened':
    case 'ExcessFinal':
      return { status: 'standing', excess: event.args.excess }
    case 'ExcessUnproved':
      return { status: 'unproved' }
    case 'ExcessVoid':
      return { status: 'void' }
  }
}

/** Supply = balances + escrow, and the escrow holds what the market owes: credit, bonds and deposits. */
export function checkMarket({ market }: Trail, findings: Findings): void {
  const { supply, balances, credit, auctions, settings } = market
  const all = [...balances.values()].reduce((sum, each) => sum + each, 0n)
  if (all !== supply) {
    findings.chain('tokens', 'supply', `the supply is ${supply}, all balances add up to ${all}`)
  }
  const escrow = balances.get(settings.trading) ?? 0n
  const free = [...credit.values()].reduce((sum, each) => sum + each, 0n)
  const owed = [...auctions.values()].reduce((sum, each) => sum + owedBy(each), free)
  if (escrow < owed || escrow - owed > ROUNDING_MOST * BigInt(auctions.size)) {
    findings.chain('tokens', 'escrow', `the market holds ${escrow} micro-SCT and owes ${owed}`)
  }
}
