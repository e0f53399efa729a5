import { z } from 'zod'
import { bidSeal, maxPriceSeal, type SealedValue } from '../../protocols/crypto/auction-seal.ts'
import { clear, type Clearing } from '../../protocols/rules/clear.ts'
import { heldOf } from '../../protocols/rules/lot-price.ts'
import { bytesOf } from './encode.ts'
import { tradingInterface, type ChainEvent, type EventOf } from './events.ts'
import { addTo, type AuctionTrail } from './market-trail.ts'
import { beside, type Moment } from './moment.ts'
import { named } from './named.ts'
import type { FaultCode, Findings } from './report.ts'
import type { Trail } from './trail.ts'

const POWER = 2
/** Blocks after the newest bid, and block periods after the end of the bids, in which nothing is shown. */
const GAP_BLOCKS = 3
const MS_PER_S = 1_000
/** Numbers of ITradingEnabler. */
export const REASON = {
  cancelled: 1,
  noBids: 2,
  noMaxPrice: 3,
  noneUnderMax: 4,
  secondAboveMax: 5,
  tooLate: 6,
}

/** Notes a fault of one auction. */
export type NoteOn = (code: FaultCode, home: string, field: string, says: string) => void

export const noteOn =
  (findings: Findings, id: string): NoteOn =>
  (code, home, field, says) =>
    findings.home(code, home, null, `${field} of auction ${id}`, says)

type NegotiationEvent = Extract<
  ChainEvent,
  { name: 'OfferMade' | 'BidReceived' | 'MaxPriceShown' | 'BidRevealed' | 'AuctionAwarded' | 'AuctionFailed' }
>

/** Follows the negotiation of an auction (figure 5): each step in its phase, each value as it was sealed. */
export function negotiationEvent(
  event: NegotiationEvent,
  moment: Moment,
  trail: Trail,
  findings: Findings,
): void {
  if (event.name === 'OfferMade') return offerMade(event.args, moment, trail, findings)
  const auction = auctionOf(event.args.id, event.name, moment, trail, findings)
  if (auction === null) return
  const note = noteOn(findings, event.args.id)
  switch (event.name) {
    case 'BidReceived':
      return bidReceived(event.args, auction, moment, trail, note)
    case 'MaxPriceShown':
      return maxPriceShown(event.args, auction, moment, trail, note)
    case 'BidRevealed':
      return bidRevealed(event.args, auction, moment, trail, note)
    case 'AuctionAwarded':
      return awarded(event.args, auction, moment, trail, note)
    case 'AuctionFailed':
      return failed(event.args, auction, moment, trail, note)
  }
}

/** The auction of an event; null, and a fault, when nobody offered it. */
export function auctionOf(
  id: string,
  name: string,
  { sent }: Moment,
  { market }: Trail,
  findings: Findings,
): AuctionTrail | null {
  const auction = market.auctions.get(id)
  if (auction !== undefined) return auction
  const says = `${name} of block ${sent.block} is of an auction that nobody offered`
  noteOn(findings, id)('auction', sent.transaction.from, name, says)
  return null
}

function offerMade(event: EventOf<'OfferMade'>, moment: Moment, trail: Trail, findings: Findings): void {
  const { market } = trail
  const note = noteOn(findings, event.id)
  findings.checked.trades += 1
  const call = callOf(moment, trail, 'offer', z.object({ seal: z.string() }))
  if (moment.sent.transaction.from !== event.buyer || call?.seal !== event.seal) {
    note('calldata', event.buyer, 'offer', `${event.buyer} did not sign the offer that the market logged`)
  }
  if (market.auctions.has(event.id)) note('auction', event.buyer, 'offer', 'it was offered twice')
  addTo(market.credit, event.buyer, -event.bond)
  market.auctions.set(event.id, {
    offer: event,
    bids: new Map(),
    reveals: new Map(),
    shown: null,
    award: null,
    failure: null,
    settled: false,
    refunds: new Map(),
    shared: 0n,
  })
}

function bidReceived(
  event: EventOf<'BidReceived'>,
  auction: AuctionTrail,
  moment: Moment,
  trail: Trail,
  note: NoteOn,
): void {
  const { seller, seal, index } = event
  const { offer, bids, shown } = auction
  const call = callOf(moment, trail, 'receiveBid', z.object({ seal: z.string() }))
  if (moment.sent.transaction.from !== seller || call?.seal !== seal) {
    note('calldata', seller, 'sealed bid', `${seller} did not sign the sealed bid that the market logged`)
  }
  const late = moment.sent.timestamp > offer.commitEnd || shown !== null
  if (late || bids.has(seller) || seller === offer.buyer || index !== bids.size + 1) {
    note('auction', seller, 'bid', `the bid of ${seller} came late, twice, out of turn or from the buyer`)
  }
  const { period, resource, amount } = offer
  const locks = beside(moment, 'QuotaLocked').filter(
    ({ args }) => args.home === seller && args.period === period && args.resource === resource,
  )
  if (locks.length !== 1 || locks[0]?.args.amount !== amount) {
    note('exchange', seller, 'lock', `the bid of ${seller} did not lock the lot's ${amount} once`)
  }
  addTo(trail.market.credit, seller, -offer.bond)
  bids.set(seller, { ...event, block: moment.sent.block })
}

const shownArguments = z.object({ salt: z.string() })

function maxPriceShown(
  event: EventOf<'MaxPriceShown'>,
  auction: AuctionTrail,
  moment: Moment,
  trail: Trail,
  note: NoteOn,
): void {
  const { offer, bids } = auction
  const { sent } = moment
  const { blockSeconds } = trail.market.settings
  const newest = Math.max(0, ...[...bids.values()].map(({ block }) => block))
  const early =
    sent.timestamp <= offer.commitEnd + GAP_BLOCKS * blockSeconds || sent.block <= newest + GAP_BLOCKS
  const ends = event.revealEnd === sent.timestamp + offer.revealSeconds
  if (early || sent.timestamp > offer.showEnd || auction.shown !== null || !ends) {
    note('auction', offer.buyer, 'maximum price', 'the maximum price was shown outside its phase, or twice')
  }
  const call = callOf(moment, trail, 'depositMaxPrice', shownArguments)
  const due = sealDue(maxPriceSeal, trail, event.id, offer.buyer, event.maxPrice, call?.salt)
  if (due !== offer.seal || sent.transaction.from !== offer.buyer) {
    note('sealed-value', offer.buyer, 'maximum price', 'the maximum price shown is not the one sealed')
  }
  auction.shown = event
}

function bidRevealed(
  event: EventOf<'BidRevealed'>,
  auction: AuctionTrail,
  moment: Moment,
  trail: Trail,
  note: NoteOn,
): void {
  const { seller, value } = event
  const { bids, reveals, shown } = auction
  const bid = bids.get(seller)
  const timely = shown !== null && moment.sent.timestamp <= shown.revealEnd
  if (!timely || bid === undefined || reveals.has(seller)) {
    note('auction', seller, 'reveal', `${seller} revealed outside its phase, twice, or without a sealed bid`)
  }
  const call = callOf(moment, trail, 'revealBid', shownArguments)
  const due = sealDue(bidSeal, trail, event.id, seller, value, call?.salt)
  if (due !== bid?.seal || moment.sent.transaction.from !== seller) {
    note('sealed-value', seller, 'bid', `the bid that ${seller} revealed is not the one it sealed`)
  }
  reveals.set(seller, value)
}

/** What an auction comes to by its reveals, in the order in which the bids were sealed. */
export function clearingOf({ bids, reveals, shown }: AuctionTrail, strict: boolean): Clearing<bigint> {
  const sealed = [...bids.values()].sort((a, b) => a.index - b.index)
  const offers = sealed.flatMap(({ seller }) => {
    const price = reveals.get(seller)
    return price === undefined ? [] : [{ id: seller, price }]
  })
  return clear(offers, shown?.maxPrice ?? -1n, { strict })
}

function awarded(
  event: EventOf<'AuctionAwarded'>,
  auction: AuctionTrail,
  moment: Moment,
  trail: Trail,
  note: NoteOn,
): void {
  const { winner, price, held } = event
  const { strict, securityBps } = trail.market.settings
  const due = clearingOf(auction, strict)
  decidedOnce(auction, moment, note)
  if (!revealsOver(auction, moment) || moment.sent.timestamp >= moveUntil(auction, trail)) {
    note('auction', winner, 'award', 'it was awarded before its reveals were over, or too late')
  }
  if (due.winner !== winner) {
    note('award', winner, 'winner', `${due.winner ?? 'nobody'} wins it, the market awarded ${winner}`)
  } else if (due.price !== price) {
    note('award', winner, 'price', `its price is ${due.price}, the market says ${price}`)
  } else if (heldOf(due.winningBid, securityBps) !== held) {
    note(
      'award',
      winner,
      'held',
      `${heldOf(due.winningBid, securityBps)} are to be held, the market says ${held}`,
    )
  }
  auction.award = { winner, price, held, ...movedBy(auction, winner, moment, trail, note) }
}

/** Quota moves exactly once, with the award: sold, or lent for a window when it is power. */
function movedBy(
  { offer }: AuctionTrail,
  winner: string,
  moment: Moment,
  trail: Trail,
  note: NoteOn,
): { mark: bigint; place: number | null } {
  const { buyer, period, resource, amount, fromSlot, untilSlot } = offer
  const sales = beside(moment, 'QuotaMoved')
  const loans = beside(moment, 'PowerLent')
  const sale = sales[0]?.args
  const loan = loans[0]?.args
  const lent =
    loan?.lender === winner &&
    loan.borrower === buyer &&
    loan.period === period &&
    loan.amount === amount &&
    loan.fromSlot === fromSlot &&
    loan.untilSlot === untilSlot
  const sold =
    sale?.from === winner &&
    sale.to === buyer &&
    sale.period === period &&
    sale.resource === resource &&
    sale.amount === amount
  const once = resource === POWER ? lent && loans.length === 1 : sold && sales.length === 1
  if (!once || sales.length + loans.length !== 1) {
    note('exchange', winner, 'exchange', `the award did not move its ${amount} to ${buyer} exactly once`)
  }
  if (resource === POWER) return { mark: 0n, place: loan?.lenderPlace ?? null }
  return { mark: soldBy(trail, winner, period, resource), place: null }
}

/** All that a home has sold of a resource in a period so far. */
export function soldBy({ moves }: Trail, home: string, period: number, resource: number): bigint {
  return moves
    .filter((move) => move.from === home && move.period === period && move.resource === resource)
    .reduce((sum, { amount }) => sum + amount, 0n)
}

function failed(
  { reason }: EventOf<'AuctionFailed'>,
  auction: AuctionTrail,
  moment: Moment,
  trail: Trail,
  note: NoteOn,
): void {
  const { buyer } = auction.offer
  decidedOnce(auction, moment, note)
  if (!failsBy(reason, auction, moment, trail)) {
    note('award', buyer, 'failure', `it did not fail for the reason that the market gives (${reason})`)
  }
  if (beside(moment, 'QuotaMoved').length + beside(moment, 'PowerLent').length > 0) {
    note('exchange', buyer, 'exchange', 'quota was moved though nothing was awarded')
  }
  auction.failure = reason
}

function failsBy(reason: number, auction: AuctionTrail, moment: Moment, trail: Trail): boolean {
  const { offer, bids, shown } = auction
  const { timestamp, transaction } = moment.sent
  const cleared = clearingOf(auction, trail.market.settings.strict)
  switch (reason) {
    case REASON.cancelled:
      return bids.size === 0 && transaction.from === offer.buyer
    case REASON.noBids:
      return bids.size === 0 && timestamp > offer.commitEnd
    case REASON.noMaxPrice:
      return bids.size > 0 && shown === null && timestamp > offer.showEnd
    case REASON.noneUnderMax:
      return revealsOver(auction, moment) && ['no-offers', 'none-under-cap'].includes(cleared.reason ?? '')
    case REASON.secondAboveMax:
      return revealsOver(auction, moment) && cleared.reason === 'second-above-cap'
    case REASON.tooLate:
      return cleared.winner !== null && timestamp >= moveUntil(auction, trail)
    default:
      return false
  }
}

function decidedOnce({ award, failure, offer }: AuctionTrail, { sent }: Moment, note: NoteOn): void {
  if (award === null && failure === null) return
  note('auction', offer.buyer, 'decision', `it was decided again in block ${sent.block}`)
}

const revealsOver = ({ bids, reveals, shown }: AuctionTrail, { sent }: Moment): boolean =>
  shown !== null && (reveals.size === bids.size || sent.timestamp > shown.revealEnd)

/** First second at which a lot can no longer be moved. */
function moveUntil({ offer }: AuctionTrail, trail: Trail): number {
  const slot = offer.resource === POWER ? offer.fromSlot : (offer.period + 1) * trail.slotsPerBilling
  return Math.ceil((slot * trail.market.settings.sampleMs) / MS_PER_S)
}

function sealDue(
  seal: typeof bidSeal,
  { chainId, market }: Trail,
  auctionId: string,
  account: string,
  valueMicroSct: bigint,
  salt: string | undefined,
): string | null {
  if (salt === undefined) return null
  const sealed: SealedValue = { auctionId, account, valueMicroSct, salt: bytesOf(salt) }
  return seal({ chainId, trading: market.settings.trading }, sealed)
}

/** The arguments of the market's call that a home signed; null when it signed another one. */
function callOf<T>(
  { sent }: Moment,
  { market }: Trail,
  name: 'offer' | 'receiveBid' | 'depositMaxPrice' | 'revealBid',
  shape: z.ZodType<T>,
): T | null {
  if (sent.transaction.to !== market.settings.trading || !sent.succeeded) return null
  try {
    const values = tradingInterface.decodeFunctionData(name, sent.transaction.input)
    return shape.parse(named(tradingInterface.getFunction(name)?.inputs ?? [], values))
  } catch {
    return null
  }
}
