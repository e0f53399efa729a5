import { type Ledger, Table } from '../ledger.ts'
import {
  type Auction,
  auctionIdOf,
  type Bid,
  BPS,
  ceilDiv,
  counted,
  forfeitOf,
  GAP_BLOCKS,
  lotOf,
  MOST_AMOUNT,
  NEW_AUCTION,
  NO_BID,
  phasesOf,
  REASON,
  requireSeal,
  type State,
  TRADING_AT,
  type TradingSettings,
  wrongState,
} from './auction.ts'
import { type Caller, type LotTerms, Refused } from './call.ts'
import { Credits } from './credits.ts'
import type { Monitoring } from './monitoring.ts'
import type { ExcessStatus, Quota } from './quota.ts'
import type { Token } from './token.ts'

/** The market's contract for lots of energy and water: a reverse Vickrey auction under seal. */
export class Trading {
  readonly settings: TradingSettings
  readonly #monitoring: Monitoring
  readonly #quota: Quota
  readonly #token: Token
  readonly #address: string
  readonly #auctions: Table<string, Auction>
  readonly bids: Table<string, Bid>
  readonly #credits: Credits
  readonly #offers: Table<string, number>
  readonly #ceilings: Table<number, number>
  readonly #shared: Table<string, true>

  constructor(
    ledger: Ledger,
    others: { monitoring: Monitoring; quota: Quota; token: Token },
    settings: TradingSettings,
    address = TRADING_AT,
  ) {
    this.settings = settings
    this.#monitoring = others.monitoring
    this.#quota = others.quota
    this.#token = others.token
    this.#address = address
    this.#auctions = new Table(ledger)
    this.bids = new Table(ledger)
    this.#credits = new Credits(ledger)
    this.#offers = new Table(ledger)
    this.#ceilings = new Table(ledger)
    this.#shared = new Table(ledger)
  }

  auction(id: string): Auction | undefined {
    return this.#auctions.get(id)
  }

  auctions(): IterableIterator<[string, Auction]> {
    return this.#auctions.entries()
  }

  bidOf(id: string, seller: string): Bid | undefined {
    return this.bids.get(`${id}:${seller}`)
  }

  creditOf(account: string): bigint {
    return this.#credits.of(account)
  }

  credits(): bigint {
    return this.#credits.sum()
  }

  offersOf(buyer: string): number {
    return this.#offers.get(buyer) ?? 0
  }

  bondFor(resource: number, amount: number): bigint {
    const ceiling = this.#ceilings.get(resource) ?? 0
    if (resource !== 1 && resource !== 3) throw new Refused('trading', 'ResourceUnknown', [resource])
    if (ceiling === 0) throw new Refused('trading', 'NoCeiling', [resource])
    return ceilDiv(BigInt(amount) * BigInt(ceiling), resource === 3 ? 1_000_000n : 1_000n)
  }

  heldFor(bid: bigint): bigint {
    return ceilDiv(bid * BigInt(this.settings.securityBps), BPS)
  }

  setCeiling(by: Caller, resource: number, price: number): void {
    this.#monitoring.requireManager(by)
    this.#ceilings.set(resource, price)
    by.tell('trading', { name: 'CeilingSet', resource, price })
  }

  deposit(by: Caller, amount: bigint): void {
    this.#token.take(by, this.#address, by.sender, amount)
    this.#credits.give(by.sender, amount)
    by.tell('trading', { name: 'Deposited', account: by.sender, amount })
  }

  withdraw(by: Caller, amount: bigint): void {
    this.#credits.take(by.sender, amount)
    by.tell('trading', { name: 'Withdrawn', account: by.sender, amount })
    this.#token.move(by, this.#address, by.sender, amount)
  }

  offer(by: Caller, number: number, terms: LotTerms, seal: string): void {
    this.#requireAdmitted(by)
    const buyer = by.sender
    const next = this.offersOf(buyer) + 1
    if (number !== next) throw new Refused('trading', 'OfferNumber', [number, next])
    const { resource, period, amount } = terms
    if (amount === 0 || amount > MOST_AMOUNT) throw new Refused('trading', 'AmountOutOfRange', [amount])
    const id = auctionIdOf(buyer, number)
    const partiesPart = this.#quota.admitOffer(by, buyer, { resource, period, amount })
    const bond = this.bondFor(resource, amount)
    const { commitEnd, showEnd } = phasesOf(
      by.timeS,
      terms,
      this.settings.blockSeconds,
      this.closesAt(terms.period),
    )
    this.#credits.take(buyer, bond)
    this.#offers.set(buyer, number)
    const { revealSeconds } = terms
    const asked = { buyer, resource, period, amount, bond, seal, commitEnd, showEnd, revealSeconds }
    this.#auctions.set(id, { ...NEW_AUCTION, ...asked, partiesPart })
    by.tell('trading', { name: 'OfferMade', id, ...asked })
  }

  receiveBid(by: Caller, id: string, seal: string): void {
    const kept = this.#in(id, 'open')
    if (by.timeS > kept.commitEnd) throw new Refused('trading', 'BidsAreOver', [kept.commitEnd])
    this.#requireAdmitted(by)
    if (by.sender === kept.buyer) throw new Refused('trading', 'OwnAuction', [id])
    if (this.bidOf(id, by.sender) !== undefined) {
      throw new Refused('trading', 'AlreadyBid', [id, by.sender])
    }
    const index = kept.bids + 1
    this.#credits.take(by.sender, kept.bond)
    const part = this.#quota.lock(by, by.sender, lotOf(kept))
    this.bids.set(`${id}:${by.sender}`, { seal, index, state: 'sealed' })
    const partiesPart = kept.partiesPart + part
    this.#auctions.set(id, { ...kept, bids: index, newestBidBlock: by.height, partiesPart })
    by.tell('trading', { name: 'BidReceived', id, seller: by.sender, index, seal })
  }

  cancel(by: Caller, id: string): void {
    const kept = this.#in(id, 'open')
    this.#requireBuyer(by, kept)
    if (kept.bids !== 0) throw new Refused('trading', 'BidsAreIn', [id, kept.bids])
    this.#fail(by, id, { ...kept, buyerRefunded: true }, REASON.cancelled)
    this.#refund(by, id, kept.buyer, kept.bond)
  }

  depositMaxPrice(by: Caller, id: string, maxPrice: bigint, salt: string): void {
    const kept = this.#in(id, 'open')
    this.#requireBuyer(by, kept)
    const height = kept.newestBidBlock + GAP_BLOCKS + 1
    const time = kept.commitEnd + this.#gapSeconds() + 1
    if (by.timeS < time || by.height < height) throw new Refused('trading', 'GapNotOver', [time, height])
    if (by.timeS > kept.showEnd) throw new Refused('trading', 'ShowingIsOver', [kept.showEnd])
    requireSeal(this.settings.maxPriceSeal(id, kept.buyer, maxPrice, salt), kept.seal)
    if (maxPrice > kept.bond) throw new Refused('trading', 'MaxPriceAboveBond', [maxPrice, kept.bond])
    const revealEnd = by.timeS + kept.revealSeconds
    this.#auctions.set(id, { ...kept, state: 'shown', revealEnd, lowest: NO_BID, maxPrice, second: maxPrice })
    by.tell('trading', { name: 'MaxPriceShown', id, maxPrice, revealEnd })
  }

  revealBid(by: Caller, id: string, value: bigint, salt: string): void {
    const kept = this.#in(id, 'shown')
    if (by.timeS > kept.revealEnd) throw new Refused('trading', 'RevealsAreOver', [kept.revealEnd])
    const bid = this.bidOf(id, by.sender)
    if (bid === undefined) throw new Refused('trading', 'NoBid', [id, by.sender])
    if (bid.state === 'revealed') throw new Refused('trading', 'AlreadyRevealed', [id, by.sender])
    requireSeal(this.settings.bidSeal(id, by.sender, value, salt), bid.seal)
    this.bids.set(`${id}:${by.sender}`, { ...bid, state: 'revealed' })
    this.#auctions.set(id, counted({ ...kept, reveals: kept.reveals + 1 }, by.sender, bid, value))
    by.tell('trading', { name: 'BidRevealed', id, seller: by.sender, value })
  }

  checkWinner(by: Caller, id: string): void {
    const kept = this.#kept(id)
    if (kept.state === 'shown') this.#decide(by, id, kept)
    else if (kept.state !== 'open') throw wrongState(kept.state, 'shown')
    else if (kept.bids === 0) this.#failAfter(by, id, kept, REASON.noBids, kept.commitEnd)
    else this.#failAfter(by, id, kept, REASON.noMaxPrice, kept.showEnd)
  }

  refundSucceed(by: Caller, id: string, account: string): void {
    const kept = this.#kept(id)
    if (kept.state !== 'awarded' && kept.state !== 'settled') throw wrongState(kept.state, 'awarded')
    if (account === kept.buyer) {
      this.#refundBuyer(by, id, kept, kept.bond - kept.second)
      return
    }
    const bid = this.#toRefund(id, account)
    const won = account === kept.winner
    if (!won) this.#quota.release(by, account, lotOf(kept))
    const lost = bid.state === 'revealed' ? kept.bond : 0n
    this.bids.set(`${id}:${account}`, { ...bid, state: 'refunded' })
    this.#refund(by, id, account, won ? kept.bond - this.heldFor(kept.lowest) : lost)
  }

  refundFail(by: Caller, id: string, account: string): void {
    const kept = this.#in(id, 'failed')
    const unshown = kept.reason === REASON.noMaxPrice
    if (account === kept.buyer) {
      this.#refundBuyer(by, id, kept, unshown ? 0n : kept.bond)
      return
    }
    const bid = this.#toRefund(id, account)
    this.#quota.release(by, account, lotOf(kept))
    this.bids.set(`${id}:${account}`, { ...bid, state: 'refunded' })
    this.#refund(by, id, account, unshown || bid.state === 'revealed' ? kept.bond : 0n)
  }

  assertDelivery(by: Caller, id: string, excess: number): void {
    this.#monitoring.requireManager(by)
    const kept = this.#in(id, 'awarded')
    this.#requireClosed(by, kept)
    this.#quota.assertForMarket(by, kept.winner ?? '', kept.period, kept.resource, excess)
  }

  challengeDelivery(by: Caller, id: string): void {
    const kept = this.#in(id, 'awarded')
    const { decided, status } = this.decision(by, kept)
    if (decided && (status === 'none' || status === 'void')) {
      throw new Refused('trading', 'DecidedBySilence', [this.#silentUntil(kept)])
    }
    this.#requireClosed(by, kept)
    const winner = kept.winner ?? ''
    if (by.sender === winner) this.#quota.demandForHome(by, winner, kept.period, kept.resource)
    else if (by.sender === kept.buyer) this.#quota.demandForMarket(by, winner, kept.period, kept.resource)
    else throw new Refused('trading', 'NotAParty', [by.sender])
  }

  confirm(by: Caller, id: string): void {
    const kept = this.#in(id, 'awarded')
    const { decided, delivered, status } = this.decision(by, kept)
    const accepted = by.sender === kept.buyer && by.timeS < this.closesAt(kept.period)
    if (!decided && !accepted) {
      throw new Refused('trading', 'NotDecided', [status, this.#silentUntil(kept)])
    }
    this.#auctions.set(id, { ...kept, state: 'settled' })
    this.#pay(by, id, kept, decided ? delivered : kept.amount)
  }

  decision(by: Pick<Caller, 'timeS' | 'height'>, kept: Auction) {
    const winner = kept.winner ?? ''
    const { amount: excess, status } = this.#quota.excessOf(winner, kept.period, kept.resource, by.height)
    const undecided = { decided: false, delivered: 0, status }
    if (by.timeS < this.closesAt(kept.period)) return undecided
    if (status === 'final' || status === 'opened') {
      return { decided: true, delivered: kept.amount - this.#cut(kept, excess), status }
    }
    if (status === 'unproved') return { decided: true, delivered: 0, status }
    const silent: ExcessStatus[] = ['none', 'void']
    if (!silent.includes(status) || by.timeS < this.#silentUntil(kept)) return undecided
    const metered = this.#quota.metered(winner, kept.period)
    return { decided: true, delivered: metered ? kept.amount : 0, status }
  }

  claimForfeit(by: Caller, id: string): void {
    const kept = this.#kept(id)
    if (this.#monitoring.currentPeriod(by) <= kept.period) {
      throw new Refused('trading', 'PeriodNotOver', [kept.period])
    }
    const amount = this.shareOf(id, by.sender)
    if (amount === 0n) throw new Refused('trading', 'NothingToShare', [id, by.sender])
    this.#shared.set(`${id}:${by.sender}`, true)
    this.#credits.give(by.sender, amount)
    by.tell('trading', { name: 'ForfeitShared', id, account: by.sender, amount })
  }

  shareOf(id: string, home: string): bigint {
    const kept = this.#kept(id)
    const isParty = home === kept.buyer || this.bidOf(id, home) !== undefined
    if (isParty || this.#shared.has(`${id}:${home}`)) return 0n
    const part = this.#quota.partOf(home, kept.period, kept.resource)
    const whole = this.#quota.contractAt(kept.period)[kept.resource - 1] ?? 0
    return part === 0 ? 0n : (forfeitOf(kept) * BigInt(part)) / BigInt(whole - kept.partiesPart)
  }

  closesAt(period: number): number {
    const { slotsPerBilling, sampleMs } = this.#monitoring.settings
    return Math.ceil(((period + 1) * slotsPerBilling * sampleMs) / 1000)
  }

  #pay(by: Caller, id: string, kept: Auction, delivered: number): void {
    const { buyer, winner, second: price } = kept
    const held = this.heldFor(kept.lowest)
    const [amount, got] = [BigInt(kept.amount), BigInt(delivered)]
    const missing = amount - got
    const paid = (price * got) / amount
    const penalty = (held * missing) / amount
    this.#credits.give(winner ?? '', paid + (held * got) / amount)
    this.#credits.give(buyer, (price * missing) / amount + penalty)
    by.tell('trading', {
      name: 'ExchangeConfirmed',
      id,
      seller: winner ?? '',
      buyer,
      delivered,
      paid,
      penalty,
    })
  }

  #decide(by: Caller, id: string, kept: Auction): void {
    const silent = kept.bids - kept.reveals
    if (silent !== 0) {
      if (by.timeS <= kept.revealEnd) throw new Refused('trading', 'TooEarly', [kept.revealEnd])
      by.tell('trading', { name: 'BondsForfeited', id, count: silent })
    }
    if (kept.winner === null) return this.#fail(by, id, kept, REASON.noneUnderMax)
    if (by.timeS >= this.closesAt(kept.period)) return this.#fail(by, id, kept, REASON.tooLate)
    const mark = this.#quota.move(by, kept.winner, kept.buyer, lotOf(kept))
    this.#auctions.set(id, { ...kept, state: 'awarded', mark })
    const { winner, buyer, second: price } = kept
    by.tell('trading', { name: 'AuctionAwarded', id, winner, buyer, price, held: this.heldFor(kept.lowest) })
  }

  #failAfter(by: Caller, id: string, kept: Auction, reason: number, end: number): void {
    if (by.timeS <= end) throw new Refused('trading', 'TooEarly', [end])
    if (reason === REASON.noMaxPrice) by.tell('trading', { name: 'BondsForfeited', id, count: 1 })
    this.#fail(by, id, kept, reason)
  }

  #fail(by: Caller, id: string, kept: Auction, reason: number): void {
    this.#auctions.set(id, { ...kept, state: 'failed', reason })
    by.tell('trading', { name: 'AuctionFailed', id, reason })
  }

  #refundBuyer(by: Caller, id: string, kept: Auction, amount: bigint): void {
    if (kept.buyerRefunded) throw new Refused('trading', 'NothingToRefund', [id, kept.buyer])
    this.#auctions.set(id, { ...kept, buyerRefunded: true })
    this.#refund(by, id, kept.buyer, amount)
  }

  #refund(by: Caller, id: string, account: string, amount: bigint): void {
    this.#credits.give(account, amount)
    by.tell('trading', { name: 'Refunded', id, account, amount })
  }

  #toRefund(id: string, account: string): Bid {
    const bid = this.bidOf(id, account)
    if (bid !== undefined && bid.state !== 'refunded') return bid
    throw new Refused('trading', 'NothingToRefund', [id, account])
  }

  /** Last sold, first cut: an excess takes from the lots that were sold later first. */
  #cut(kept: Auction, excess: number): number {
    const { sold } = this.#quota.exchangedOf(kept.winner ?? '', kept.period, kept.resource)
    return Math.min(kept.amount, Math.max(0, excess - (sold - kept.mark)))
  }

  #gapSeconds(): number {
    return GAP_BLOCKS * this.settings.blockSeconds
  }

  #silentUntil(kept: Auction): number {
    return this.closesAt(kept.period) + this.settings.decisionSeconds
  }

  #requireClosed(by: Caller, kept: Auction): void {
    const closing = this.closesAt(kept.period)
    if (by.timeS < closing) throw new Refused('trading', 'NotClosed', [closing])
  }

  #requireBuyer(by: Caller, kept: Auction): void {
    if (by.sender !== kept.buyer) throw new Refused('trading', 'NotTheBuyer', [by.sender, kept.buyer])
  }

  #requireAdmitted(by: Caller): void {
    if (!this.#monitoring.homeOf(by.sender).admitted) {
      throw new Refused('trading', 'NotAdmitted', [by.sender])
    }
  }

  #kept(id: string): Auction {
    const kept = this.#auctions.get(id)
    if (kept === undefined) throw new Refused('trading', 'NoAuction', [id])
    return kept
  }

  #in(id: string, expected: State): Auction {
    const kept = this.#kept(id)
    if (kept.state !== expected) throw wrongState(kept.state, expected)
    return kept
  }
}
