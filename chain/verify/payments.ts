import { paymentOf } from '../../protocols/rules/lot-price.ts'
import { auctionOf, noteOn, REASON, soldBy, type NoteOn } from './auctions.ts'
import type { ChainEvent, EventOf } from './events.ts'
import { addTo, subjectKey, type AuctionTrail, type Award } from './market-trail.ts'
import { beside, type Moment } from './moment.ts'
import type { Findings } from './report.ts'
import { homeOf, type Trail } from './trail.ts'

const POWER = 2
/** Subjects of an excess from here on are loans of power. */
const FIRST_LOAN = 16
const MS_PER_S = 1_000

type PaymentEvent = Extract<ChainEvent, { name: 'Refunded' | 'ExchangeConfirmed' | 'ForfeitShared' }>

/** Follows the money of an auction that is decided (figure 6): refunds, payment by delivery, forfeits. */
export function paymentEvent(event: PaymentEvent, moment: Moment, trail: Trail, findings: Findings): void {
  const auction = auctionOf(event.args.id, event.name, moment, trail, findings)
  if (auction === null) return
  const note = noteOn(findings, event.args.id)
  if (event.name === 'Refunded') refunded(event.args, auction, moment, trail, note)
  else if (event.name === 'ExchangeConfirmed') confirmed(event.args, auction, moment, trail, note)
  else forfeitShared(event.args, auction, trail, note)
}

function refunded(
  { account, amount }: EventOf<'Refunded'>,
  auction: AuctionTrail,
  moment: Moment,
  trail: Trail,
  note: NoteOn,
): void {
  const due = refundDue(account, auction)
  if (due !== amount || auction.refunds.has(account)) {
    const says = `${account} got ${amount} back, due were ${String(due ?? 'nothing yet')}, and once`
    note('payment', account, 'refund', says)
  }
  const loser = account !== auction.offer.buyer && account !== auction.award?.winner
  if (loser && !released(account, auction, moment)) {
    note('exchange', account, 'lock', `the quota that ${account} had locked was not freed with its refund`)
  }
  auction.refunds.set(account, amount)
  addTo(trail.market.credit, account, amount)
}

function released(account: string, { offer }: AuctionTrail, moment: Moment): boolean {
  const { period, resource, amount } = offer
  const freed = beside(moment, 'QuotaReleased').filter(
    ({ args }) => args.home === account && args.period === period && args.resource === resource,
  )
  return freed.length === 1 && freed[0]?.args.amount === amount
}

/** What an account gets back of its bond; null while nothing is due. */
function refundDue(account: string, { offer, award, failure, reveals }: AuctionTrail): bigint | null {
  const { bond, buyer } = offer
  if (award !== null) {
    if (account === buyer) return bond - award.price
    if (account === award.winner) return bond - award.held
    return reveals.has(account) ? bond : 0n
  }
  if (failure === null) return null
  const unshown = failure === REASON.noMaxPrice
  if (account === buyer) return unshown ? 0n : bond
  return unshown || reveals.has(account) ? bond : 0n
}

function confirmed(
  event: EventOf<'ExchangeConfirmed'>,
  auction: AuctionTrail,
  moment: Moment,
  trail: Trail,
  note: NoteOn,
): void {
  const { seller, buyer, delivered } = event
  const { offer, award } = auction
  if (award === null || auction.settled || award.winner !== seller || offer.buyer !== buyer) {
    note('payment', seller, 'payment', 'it was paid without an award, twice, or to somebody else')
    return
  }
  auction.settled = true
  const due = deliveredBy(auction, award, moment, trail)
  if (due !== delivered) {
    const says = `${String(due ?? 'nothing yet')} was delivered by what was stated, paid were ${delivered}`
    note('payment', seller, 'delivered', says)
  }
  if (delivered > offer.amount) return
  const lot = { amount: offer.amount, priceMicroSct: award.price, heldMicroSct: award.held }
  const payment = paymentOf(lot, delivered)
  if (payment.paid !== event.paid || payment.penalty !== event.penalty) {
    const due = `${payment.paid} and ${payment.penalty}`
    const says = `pro rata are ${due}, paid were ${event.paid} and ${event.penalty}`
    note('payment', seller, 'payment', says)
  }
  addTo(trail.market.credit, seller, payment.paid + payment.returned)
  addTo(trail.market.credit, buyer, payment.spared + payment.penalty)
}

/** What the facts say was delivered of a lot, as of a moment; null while they decide nothing. */
function deliveredBy(auction: AuctionTrail, award: Award, moment: Moment, trail: Trail): bigint | null {
  const { offer } = auction
  const { timestamp, transaction } = moment.sent
  const closesAt = closingOf(auction, trail)
  const closed = offer.resource === POWER || timestamp >= closesAt
  const stated = statedOf(auction, award, moment, trail)
  if (closed && stated === 'unproved') return 0n
  if (closed && typeof stated === 'bigint') {
    const cut = cutOf(stated, auction, award, trail)
    return cut < offer.amount ? offer.amount - cut : 0n
  }
  if (stated === 'silent' && timestamp >= closesAt + trail.market.settings.decisionSeconds) {
    return isMetered(trail, award.winner, offer.period) ? offer.amount : 0n
  }
  return transaction.from === offer.buyer && timestamp < closesAt ? offer.amount : null
}

/** The seller's excess when it stands; else how far it has come. */
function statedOf(
  { offer }: AuctionTrail,
  { winner, place }: Award,
  { sent }: Moment,
  { market }: Trail,
): bigint | 'silent' | 'open' | 'unproved' {
  const subject = offer.resource === POWER ? FIRST_LOAN + (place ?? 0) : offer.resource
  const excess = market.excesses.get(subjectKey(winner, offer.period, subject))
  switch (excess?.status) {
    case undefined:
    case 'void':
      return 'silent'
    case 'unproved':
      return 'unproved'
    case 'standing':
      return excess.excess
    case 'asserted':
      return sent.block > excess.lastBlock ? excess.excess : 'open'
    case 'demanded':
      if (sent.block <= excess.lastBlock) return 'open'
      return excess.byMarket ? 'unproved' : 'silent'
  }
}

/** How much of a lot the excess takes: lots sold later are cut first. */
function cutOf(excess: bigint, { offer }: AuctionTrail, { winner, mark }: Award, trail: Trail): bigint {
  if (offer.resource === POWER) return excess
  const later = soldBy(trail, winner, offer.period, offer.resource) - mark
  return excess > later ? excess - later : 0n
}

/** Whether a home's readings say what it used up to the end of a period. */
function isMetered(trail: Trail, home: string, period: number): boolean {
  const { anchors, voided } = homeOf(trail, home)
  return anchors.some((anchor) => anchor.period === period && !voided.has(anchor.record.slot))
}

function closingOf({ offer }: AuctionTrail, { slotsPerBilling, market }: Trail): number {
  return Math.ceil(((offer.period + 1) * slotsPerBilling * market.settings.sampleMs) / MS_PER_S)
}

/** Bonds that nobody gets back. */
export function forfeitOf({ offer, bids, reveals, award, failure, shown }: AuctionTrail): bigint {
  if (award === null && failure === null) return 0n
  if (failure === REASON.noMaxPrice) return offer.bond
  return shown === null ? 0n : BigInt(bids.size - reveals.size) * offer.bond
}

function forfeitShared(
  { home, amount }: EventOf<'ForfeitShared'>,
  auction: AuctionTrail,
  trail: Trail,
  note: NoteOn,
): void {
  auction.shared += amount
  addTo(trail.market.credit, home, amount)
  const party = home === auction.offer.buyer || auction.bids.has(home)
  if (party || auction.shared > forfeitOf(auction)) {
    note('payment', home, 'forfeit', `${home} got ${amount} of the forfeits that were not its own`)
  }
}

/** What the market still holds for an auction: bonds and deposits that are not given back or paid. */
export function owedBy({ offer, bids, refunds, award, settled, shared }: AuctionTrail): bigint {
  const back = [...refunds.values()].reduce((sum, each) => sum + each, 0n)
  const put = offer.bond * BigInt(1 + bids.size)
  const paid = settled && award !== null ? award.price + award.held : 0n
  return put - back - shared - paid
}
