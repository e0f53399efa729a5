import { phaseOf } from '../../../actors/auction/signals.ts'
import type { AuctionBidTable, AuctionTable } from '../../../actors/storage/market-tables.ts'
import type { ChainBlock } from '../../../chain/proxy/block.ts'
import { matches } from '../../../protocols/rules/preferences.ts'
import { resourceNumber, resourceOf } from '../../../protocols/rules/resource.ts'
import { bidOn } from '../../../protocols/rules/trade-rules/bid.ts'
import { decide } from '../../../protocols/rules/trade-rules/decide.ts'
import { surplusOf, type TradeFacts } from '../../../protocols/rules/trade-rules/facts.ts'
import type { EssentialData } from '../../../protocols/rules/reading.ts'
import type { HeardFact } from '../chain/heard.ts'
import { Cell, Table } from '../ledger.ts'
import { factsOf, HomeUse } from './home-use.ts'
import type { HomeGateway } from './home.ts'
import { MarketBook } from './market-book.ts'
import { NEW_TRADE, type OwnTrade } from './own-trade.ts'
import { Sleepers } from './sleepers.ts'
import { preferencesOf, rulesOf } from './trade-rules.ts'
import { TradeRun } from './trade-run.ts'

export interface Sight {
  readonly account: string
  readonly auction: AuctionTable
  readonly bids: readonly AuctionBidTable[]
  readonly refunded: boolean
  readonly head: { readonly number: number; readonly timestampMs: number }
  readonly finalBlock: number
  readonly blockMs: number
}

/** Hours at which a home looks whether it will lack something. */
const LOOKS_AT_HOURS = [8, 13, 18]
/** From an offer to its award at the latest, with time for the calls to come through. */
const LEAD_MS = 45 * 60_000
const HOUR_MS = 3_600_000
const LOOKS_APART_MINUTES = 7
const LOOKS_WITHIN_MINUTES = 12

/** All trades of a home: what it asks for, what it bids on, and the machines of each. */
export class MarketDesk {
  readonly home: HomeGateway
  readonly book: MarketBook
  readonly use: HomeUse
  // ---- On the disk
  readonly trades: Table<string, OwnTrade>
  readonly #unfinished: Table<string, true>
  readonly #ofAuction: Table<string, string>
  readonly #orders: Cell<number>
  readonly #didToday: Table<string, { day: string; times: number; spent: number }>
  // ---- In memory
  #runs = new Map<string, TradeRun>()
  #beginning = new Map<string, Promise<TradeRun | null>>()
  #considered = new Map<string, number>()
  readonly #sleepers = new Sleepers()
  #hourEndsMs = 0
  #touched: readonly string[] = []
  /** What was last found, while no block came and nothing of its own has changed. */
  #facts: { readonly hash: string; readonly atMs: number; readonly facts: TradeFacts } | null = null
  head: { number: number; timestampMs: number } = { number: 0, timestampMs: 0 }

  constructor(home: HomeGateway) {
    const { ledger } = home.store
    this.home = home
    this.use = new HomeUse(home.world)
    this.trades = new Table(ledger)
    this.#unfinished = new Table(ledger)
    this.#ofAuction = new Table(ledger)
    this.#orders = new Cell(ledger, 0)
    this.#didToday = new Table(ledger)
    this.book = new MarketBook(home.account, home.heard, (id) => this.#ofAuction.has(id))
  }

  async begin(): Promise<void> {
    this.#runs = new Map()
    this.#beginning = new Map()
    this.#considered = new Map()
    this.#sleepers.wakeAll()
    this.#facts = null
    for (const subject of this.#unfinished.keys()) await this.#resume(subject)
  }

  isNegotiating(): boolean {
    for (const subject of this.#unfinished.keys()) {
      const stage = this.trades.get(subject)?.stage
      if (stage !== undefined && stage !== 'payment') return true
    }
    return false
  }

  openTrades(): OwnTrade[] {
    return [...this.#unfinished.keys()].flatMap((subject) => this.trades.get(subject) ?? [])
  }

  metered(slot: number, essential: EssentialData): void {
    this.use.metered(slot, essential)
    this.#facts = null
  }

  // ---- What the chain says

  apply(facts: readonly HeardFact[]): void {
    if (facts.length > 0) {
      this.#facts = null
      this.#sleepers.stir()
    }
    for (const fact of facts) {
      this.book.apply(fact)
      if ('id' in fact.told) this.#sleepers.wake(this.#ofAuction.get(String(fact.told.id)))
    }
  }

  /** A fork is about to take back what these auctions were told. */
  undoing(from: number): void {
    this.#touched = this.book.touchedFrom(from)
  }

  /** Their trades begin another round: the chain tells again how far the auction has come. */
  undone(): void {
    this.#sleepers.wakeAll()
    for (const id of this.#touched) {
      const own = this.trades.get(this.#ofAuction.get(id) ?? '')
      if (own === undefined || own.value === null || own.stage === 'determination') continue
      const stage = own.role === 'buyer' && !this.book.known.has(id) ? 'determination' : 'negotiation'
      this.keep({ ...own, stage, round: own.round + 1 })
    }
    this.#touched = []
  }

  looked(block: ChainBlock): void {
    this.head = block
    const { failures } = this.home.store
    if (this.#sleepers.areQuiet(block.timestampMs, failures)) return
    if (!this.home.world.options.trading || !this.home.isOperating()) return
    for (const id of this.book.open.keys()) if (this.#isUnseen(id)) void this.#consider(id)
    for (const subject of this.#unfinished.keys()) if (this.#hasNews(subject)) void this.follow(subject)
    if (block.timestampMs >= this.#hourEndsMs) this.#beginHour(block.timestampMs)
    const { sampleMs } = this.home.world.times
    const slotEndsMs = this.book.open.size === 0 ? Infinity : (this.#slot() + 1) * sampleMs
    this.#sleepers.rest(this.#unfinished.keys(), Math.min(this.#hourEndsMs, slotEndsMs), failures)
  }

  #beginHour(nowMs: number): void {
    const hour = Math.floor((nowMs - this.#looksLaterMs()) / HOUR_MS)
    this.#hourEndsMs = (hour + 1) * HOUR_MS + this.#looksLaterMs()
    if (LOOKS_AT_HOURS.includes(hour % 24)) void this.#buy()
  }

  #slot(): number {
    return Math.floor(this.head.timestampMs / this.home.world.times.sampleMs)
  }

  /** Neighbours look at moments of their own, so that auctions overlap. */
  #looksLaterMs(): number {
    return ((this.home.index * LOOKS_APART_MINUTES) % LOOKS_WITHIN_MINUTES) * 60_000
  }

  sightOf(id: string): Sight | null {
    const known = this.book.known.get(id)
    if (known === undefined) return null
    const { auction, bids, refunded } = known
    const { blockSeconds, finalBlocks } = this.home.world.times
    const { account } = this.home
    const finalBlock = this.head.number + 1 - finalBlocks
    const { head } = this
    return { account, auction, bids, refunded, finalBlock, head, blockMs: blockSeconds * 1000 }
  }

  // ---- What the home wants

  /** Asks for what a rule wants to buy. */
  async #buy(): Promise<void> {
    if (!this.home.world.isTradingTime()) return
    const facts = this.facts()
    if (facts.periodEndsInMs < LEAD_MS) return
    const decisions = decide(rulesOf(this.home.index), facts)
    this.home.world.watch.decided(this.home.index, facts, decisions)
    for (const decision of decisions) {
      if (!decision.act || decision.do !== 'buy') continue
      const { resource, amount, costMicroSct, rule } = decision
      const order = {
        resource: resourceNumber(resource),
        period: facts.period,
        amount,
        maxPriceMicroSct: String(costMicroSct),
      }
      await this.home.store.transaction(this.home.life, () => {
        const number = this.#orders.get() + 1
        this.#orders.set(number)
        this.#note(rule, facts.local.day, costMicroSct)
        this.keep({ ...NEW_TRADE, subject: `buy:${number}`, role: 'buyer', order })
      })
    }
  }

  #note(rule: string, day: string, cost: number): void {
    const before = this.#didToday.get(rule)
    const same = before?.day === day ? before : { day, times: 0, spent: 0 }
    this.#facts = null
    this.#didToday.set(rule, { day, times: same.times + 1, spent: same.spent + cost })
  }

  facts(): TradeFacts {
    const { hash } = this.home.world.chain.head.header
    const known = this.#facts
    if (known?.hash === hash && known.atMs === this.head.timestampMs) return known.facts
    const facts = this.#factsNow()
    this.#facts = { hash, atMs: this.head.timestampMs, facts }
    return facts
  }

  #factsNow(): TradeFacts {
    const { home } = this
    const { contracts } = home.world.chain
    const ceilings = { energy: home.world.money.ceilings[1], water: home.world.money.ceilings[3] }
    const balance = contracts.token.balanceOf(home.account) + contracts.trading.creditOf(home.account)
    const today: Record<string, { times: number; spentMicroSct: number }> = {}
    const day = new Date(this.head.timestampMs).toISOString().slice(0, 10)
    for (const [rule, did] of this.#didToday.entries()) {
      if (did.day === day) today[rule] = { times: did.times, spentMicroSct: did.spent }
    }
    return factsOf(home.world, this.use, {
      nowMs: this.head.timestampMs,
      quota: (resource, period) => contracts.quota.quotaOf(home.account, period, resourceNumber(resource)),
      open: (resource) => this.#openLots(resourceNumber(resource)),
      balanceMicroSct: balance,
      ceilings,
      today,
    })
  }

  #openLots(resource: number): { offered: number; buying: number } {
    let [offered, buying] = [0, 0]
    for (const { role, stage, order, auction } of this.openTrades()) {
      if (stage !== 'determination' && stage !== 'negotiation') continue
      const lot = order ?? this.book.known.get(auction ?? '')?.auction
      if (lot?.resource !== resource) continue
      if (role === 'buyer') buying += lot.amount
      else if (stage === 'negotiation') offered += lot.amount
    }
    return { offered, buying }
  }

  /** The number of this home's next offer: after those on the chain, and after those on their way. */
  nextOffer(): number {
    let most = this.home.world.chain.contracts.trading.offersOf(this.home.account)
    for (const { role, auction } of this.trades.values()) {
      if (role === 'buyer' && auction !== null)
        most = Math.max(most, Number(BigInt.asUintN(64, BigInt(auction))))
    }
    return most + 1
  }

  /** Bonds that own calls on their way will take, and that the contract does not know of yet. */
  promised(except: string): bigint {
    return this.openTrades()
      .filter(({ subject, bond, stage }) => subject !== except && bond !== null && stage !== 'payment')
      .filter(({ role, auction }) => {
        const known = this.book.known.get(auction ?? '')
        if (role === 'buyer') return known === undefined
        return known?.bids.some(({ seller }) => seller === this.home.account) !== true
      })
      .reduce((sum, { bond }) => sum + BigInt(bond ?? 0), 0n)
  }

  /** Whether this slot has not seen yet whether a neighbour's request is one for this home. */
  #isUnseen(id: string): boolean {
    if (this.#ofAuction.has(id)) return false
    const slot = this.#slot()
    if (this.#considered.get(id) === slot) return false
    this.#considered.set(id, slot)
    return true
  }

  /** Looks whether a neighbour's request is one that this home likes to be asked. */
  async #consider(id: string): Promise<void> {
    const sight = this.sightOf(id)
    if (sight === null || phaseOf(sight) !== 'bids' || !this.#welcomes(sight.auction)) return
    await this.home.store.transaction(this.home.life, () => {
      this.keep({ ...NEW_TRADE, subject: id, role: 'seller', auction: id })
    })
    await this.follow(id)
  }

  #welcomes({ buyer, resource: number, amount }: AuctionTable): boolean {
    const resource = resourceOf(number)
    const facts = this.facts()
    const { energy, power, water } = facts.resources
    const surplus = { energy: surplusOf(energy), power: surplusOf(power), water: surplusOf(water) }
    const { ceilingMicroSct } = facts.resources[resource]
    const preferences = preferencesOf(this.home.index)
    const { account } = this.home
    const outlook = { account, minute: facts.local.minute, surplus, goingMicroSct: null, ceilingMicroSct }
    const said = matches(preferences, { buyer, resource, amount, lentFor: null }, outlook)
    this.home.world.watch.matched(this.home.index, { buyer, resource, amount }, outlook, facts, said.matches)
    return said.matches
  }

  /** What the rules say to a neighbour's request: the least price for the whole lot, or nothing. */
  judge({
    resource: number,
    amount,
    period,
  }: AuctionTable): { value: string; because: string } | { because: string } {
    const rules = rulesOf(this.home.index)
    const facts = this.facts()
    const lot = {
      resource: resourceOf(number),
      amount,
      period,
      slots: 0,
      sampleMs: this.home.world.times.sampleMs,
    }
    const bid = bidOn(lot, rules, facts, decide(rules, facts))
    this.home.world.watch.bidJudged(this.home.index, lot, facts, bid)
    return bid.bid ? { value: String(bid.lotMicroSct), because: bid.sentence } : { because: bid.sentence }
  }

  // ---- The trades

  keep(own: OwnTrade): void {
    this.trades.set(own.subject, own)
    this.#facts = null
    this.#sleepers.wake(own.subject)
    if (own.stage === 'over') this.#unfinished.delete(own.subject)
    else this.#unfinished.set(own.subject, true)
    if (own.auction !== null) this.#ofAuction.set(own.auction, own.subject)
  }

  /** The run of a trade's stage; blocks that come while it begins find the same one. */
  #resume(subject: string): Promise<TradeRun | null> {
    const all = this.#beginning
    const known = all.get(subject)
    if (known !== undefined) return known
    const mine = this.#begin(subject).finally(() => all.delete(subject))
    all.set(subject, mine)
    return mine
  }

  async #begin(subject: string): Promise<TradeRun | null> {
    const own = this.trades.get(subject)
    if (own === undefined) return null
    const known = this.#runs.get(subject)
    if (known !== undefined && known.stage === own.stage && known.round === own.round) return known
    const run = await TradeRun.start(this, own)
    if (run === null) this.#runs.delete(subject)
    else this.#runs.set(subject, run)
    return run
  }

  /** Whether a trade is at a stage that has not begun here, or the chain has something for it. */
  #hasNews(subject: string): boolean {
    if (this.#sleepers.isAsleep(subject, this.head.timestampMs, this.home.store.failures)) return false
    const own = this.trades.get(subject)
    const run = this.#runs.get(subject)
    if (this.#beginning.has(subject)) return false
    if (own === undefined || run?.stage !== own.stage || run.round !== own.round) return true
    if (run.hasNews(own)) return true
    this.#sleepers.lay(subject, run.restsUntilMs())
    return false
  }

  /** Tells a trade what there is for it, stage after stage: a bid that waits for a block may be late. */
  async follow(subject: string): Promise<void> {
    for (;;) {
      const run = await this.#resume(subject)
      const own = this.trades.get(subject)
      if (run === null || own === undefined) return
      await run.hear(own)
      const now = this.trades.get(subject)
      if (now === undefined || (now.stage === own.stage && now.round === own.round)) return
    }
  }

  /** Which calls of a trade the contract refused for good. */
  refusedCalls(subject: string, calls: readonly string[], refusals: number) {
    const found: { id: string; call: string; reason: string }[] = []
    const { store } = this.home
    if (store.failed.size === 0) return found
    for (const call of calls) {
      for (let attempt = 0; attempt <= refusals; attempt += 1) {
        const id = attempt === 0 ? `${call}:${subject}` : `${call}:${subject}:${attempt}`
        if (!store.failed.has(id)) continue
        found.push({ id, call, reason: store.intents.get(id)?.error ?? 'revert' })
      }
    }
    return found
  }
}
