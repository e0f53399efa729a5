import { applyMarketFacts, revertMarketFacts } from '../../../actors/auction/book.ts'
import { openTradingDesk, type TradingDesk } from '../../../actors/auction/desk.ts'
import { ForfeitCollector } from '../../../actors/auction/forfeits.ts'
import type { TradingCalls } from '../../../actors/auction/ports.ts'
import { TradeWeights } from '../../../actors/auction/trade-weights.ts'
import type { AuctionTable } from '../../../actors/storage/schema.ts'
import type { Store } from '../../../actors/storage/store.ts'
import {
  createTradingCalls,
  createTradingReads,
  type TradingReads,
} from '../../../chain/proxy/trading-calls.ts'
import { createAuctionSeals } from '../../../protocols/crypto/auction-seal.ts'
import type { CommunityDescriptor } from '../../../protocols/messages/join.ts'
import type { PeerNode } from '../../../protocols/p2p/node.ts'
import type { BlockMoment } from '../../../protocols/rules/auction-phase.ts'
import type { Allowance } from '../../../protocols/rules/divide.ts'
import { Fault } from '../../../protocols/rules/fault.ts'
import type { TradeFacts } from '../../../protocols/rules/trade-rules/facts.ts'
import { periodOf } from '../../../protocols/rules/units.ts'
import type { MarketView, PreferencesForm, RuleForm } from '../../../web/market-model.ts'
import { systemRandom, wallClock } from '../../clock.ts'
import type { ChainLink } from '../chain-link.ts'
import type { GatewayLog } from '../log.ts'
import { DeliveryJudge } from './delivery-judge.ts'
import { followPrices } from './follow-prices.ts'
import { HomeOffers } from './home-offers.ts'
import { MarketPicture } from './market-picture.ts'
import { stateReader, type MarketState, type StateReader } from './market-state.ts'
import type { MarketTimes } from './market-times.ts'
import { OwnTurn } from './own-turn.ts'
import { PreferenceBook } from './preference-book.ts'
import { recordToOpen } from './record-to-open.ts'
import { RuleBook } from './rule-book.ts'
import { RuleTrader } from './rule-trader.ts'
import { dayOf, tradeFacts } from './trade-facts.ts'
import { UseBook } from './use-book.ts'

/** Shortest phases that the contract takes, in blocks, and one block more for the way there. */
const PHASE_BLOCKS = 10
/** The contract awards at the latest so many blocks before the period's end. */
const LAST_BLOCKS = 3
/** Blocks that the calls of an auction take on their way. */
const SLACK_BLOCKS = 4
const PHASES = 3
/** The number of power among the resources: the one that is lent for a window. */
const POWER = 2
/** A name for an order that no other order has. */
const ORDER_BYTES = 12

const newSubject = (): string => `order-${Buffer.from(systemRandom(ORDER_BYTES)).toString('hex')}`

interface Lot {
  readonly resource: number
  readonly period: number
  readonly until_slot: number
}

export interface HomeMarketOptions {
  readonly store: Store
  readonly node: PeerNode
  readonly descriptor: CommunityDescriptor
  readonly token: string
  readonly trading: string
  readonly chain: ChainLink
  readonly account: string
  /** 32 bytes that the home keeps with its other secrets. */
  readonly saltKey: Uint8Array
  readonly log: GatewayLog
  readonly quota: () => Allowance | null
  /** The home's quota as it was in a slot. */
  readonly quotaAt: (slot: number) => Allowance | null
  /** What the whole community may use; null while nothing was allocated. */
  readonly communityQuota: () => Allowance | null
  /** Community milliseconds per real one. */
  readonly timeScale: number
  /** Rules that a home begins with. */
  readonly rules: readonly RuleForm[]
  readonly onChange: () => void
}

/** A home's part in the market: its desk, its rules, its purse, and what its pages show of them. */
export class HomeMarket {
  readonly options: HomeMarketOptions
  readonly reads: TradingReads
  readonly calls: TradingCalls & ReturnType<typeof createTradingCalls>
  readonly book: RuleBook
  readonly preferences: PreferenceBook
  readonly uses: UseBook
  readonly trader: RuleTrader
  readonly picture: MarketPicture
  readonly times: MarketTimes
  readonly leadMs: number
  readonly weights: TradeWeights
  readonly #judge: DeliveryJudge
  readonly #forfeits: ForfeitCollector
  readonly #state: StateReader
  readonly #looks: OwnTurn
  #desk: TradingDesk | null = null
  #offers: HomeOffers | null = null
  #head: BlockMoment | null = null

  constructor(options: HomeMarketOptions) {
    const { store, descriptor, chain, token, trading, log, account, timeScale } = options
    const { blockTimeS, sampleMs, slotsPerBilling } = descriptor
    this.options = options
    this.#looks = new OwnTurn(account)
    const seconds = Math.ceil(PHASE_BLOCKS * blockTimeS)
    const phases = { commitSeconds: seconds, showSeconds: seconds, revealSeconds: seconds }
    this.calls = createTradingCalls({ token, trading }, phases)
    this.reads = createTradingReads((to, data) => chain.read(to, data), { token, trading })
    this.weights = new TradeWeights({ store, sampleMs, weiPerMicroEuro: () => this.reads.weiPerMicroEuro() })
    this.#judge = new DeliveryJudge({
      store,
      read: (to, data) => chain.read(to, data),
      quota: descriptor.quota,
      account: options.account,
      slotsPerBilling: descriptor.slotsPerBilling,
      closesAtMs: (lot) => this.#closesAtMs(lot),
      silenceMs: () => this.reads.decisionMs(),
      nowMs,
    })
    this.#forfeits = new ForfeitCollector({
      store,
      outbox: chain.outbox,
      account,
      calls: this.calls,
      reads: this.reads,
      onFault: (thrown) => log.fault(thrown, 'forfeits'),
    })
    this.leadMs = (PHASES * seconds + (LAST_BLOCKS + SLACK_BLOCKS) * blockTimeS) * 1_000
    this.times = { sampleMs, slotsPerBilling, blockMs: blockTimeS * 1_000 }
    this.book = new RuleBook(store)
    this.preferences = new PreferenceBook(store)
    this.uses = new UseBook(store, { sampleMs, slotsPerBilling, timeScale })
    this.#state = stateReader({ reads: this.reads, uses: this.uses, weights: this.weights, account, nowMs })
    this.trader = new RuleTrader({
      store,
      book: this.book,
      preferences: this.preferences,
      account,
      sampleMs,
      leadMs: this.leadMs,
      newSubject,
      nowMs,
      facts: () => this.facts(),
      goingMicroSct: async (resource) => (await this.state()).prices[resource].goingMicroSct,
      onDecision: ({ rule, resource, acted, text }) => log.info({ rule, resource, acted }, text),
      onFault: (thrown) => log.fault(thrown, 'rules'),
    })
    this.picture = this.#picture()
  }

  #picture(): MarketPicture {
    const { store, account, chain, quota, log, onChange } = this.options
    return new MarketPicture({
      store,
      account,
      times: this.times,
      leadMs: this.leadMs,
      reads: this.reads,
      book: this.book,
      trader: this.trader,
      preferences: this.preferences,
      balanceWei: (of) => chain.balanceWei(of),
      state: () => this.state(),
      facts: () => this.facts(),
      quota,
      head: () => this.#head,
      nowMs,
      onChange,
      onFault: (thrown) => log.fault(thrown, 'the market’s picture'),
    })
  }

  /** Money, prices and use; as of a moment ago at most. */
  state(): Promise<MarketState> {
    return this.#state.now()
  }

  /** What rules decide on, now. */
  async facts(): Promise<TradeFacts> {
    const { store, quota } = this.options
    const state = await this.state()
    const today = this.book.today(dayOf(new Date(nowMs())))
    return tradeFacts({ store, ...state, quota: quota(), nowMs: nowMs(), today })
  }

  async open(): Promise<void> {
    const { store, chain, token, trading } = this.options
    await this.book.load()
    await this.book.begin(this.options.rules)
    await this.preferences.load()
    await this.trader.load()
    this.#offers = this.#openOffers()
    const desk = await this.#openDesk(this.#offers)
    this.#desk = desk
    await chain.follow({
      name: 'trading',
      address: trading,
      apply: async (trx, facts) => {
        await applyMarketFacts(trx, facts)
        store.afterCommit(trx, () => {
          this.weights.changed()
          this.#turn()
        })
      },
      revert: async (trx, fromBlock) => {
        await revertMarketFacts(trx, fromBlock)
        store.afterCommit(trx, () => this.weights.changed())
      },
    })
    await followPrices(chain, store, token, () => {
      this.weights.changed()
      this.#state.pricesChanged()
    })
    chain.onBlock(({ number, timestampMs }) => {
      this.#head = { number, timestampMs }
      this.#turn()
      if (this.#looks.isDue(timestampMs)) this.trader.look(desk)
    })
  }

  #closesAtMs({ resource, period, until_slot: until }: Lot): number {
    const { sampleMs, slotsPerBilling } = this.options.descriptor
    return (resource === POWER ? until : (period + 1) * slotsPerBilling) * sampleMs
  }

  #openOffers(): HomeOffers {
    const { node, descriptor, chain, log } = this.options
    return new HomeOffers({
      node,
      descriptor,
      wanted: () => this.preferences.form().preferences.map(({ resource }) => resource),
      onWord: ({ auctionId, resource, amount }) => {
        log.info({ auction: auctionId, resource, amount }, 'word of an offer')
        chain.look()
        this.#turn()
      },
      onFault: (thrown) => log.fault(thrown, 'word of an offer'),
    })
  }

  #openDesk(offers: HomeOffers): Promise<TradingDesk> {
    const { store, descriptor, chain, account, log, saltKey, trading } = this.options
    const { chainId, blockTimeS } = descriptor
    return openTradingDesk({
      store,
      clock: wallClock,
      outbox: chain.outbox,
      account,
      calls: this.calls,
      reads: { ...this.reads, recordToOpen: (id) => this.#recordToOpen(id) },
      seals: createAuctionSeals({ chainId, trading }, account, saltKey),
      // Contracts count in whole seconds, however short a block is.
      blockMs: Math.max(1, Math.ceil(blockTimeS)) * 1_000,
      finalBlock: () => chain.view().final ?? -1,
      welcomes: (auctions) => this.trader.welcomes(auctions),
      judge: (auction) => this.trader.judge(auction),
      gossip: (auction) => offers.tell(auction),
      tellPeople: (auction) => this.#tellPeople(auction),
      closesAtMs: (lot) => this.#closesAtMs(lot),
      delivery: (id) => this.#judge.opinionOn(id),
      newSubject,
      onChange: () => this.changed(),
      onFault: (thrown, about) => log.fault(thrown, about),
    })
  }

  #recordToOpen(auctionId: string): Promise<number> {
    const { store, chain, descriptor } = this.options
    const read = (to: string, data: string): Promise<string> => chain.read(to, data)
    return recordToOpen({ store, read, monitoring: descriptor.monitoring }, auctionId)
  }

  #tellPeople(auction: AuctionTable): void {
    this.options.log.info({ auction: auction.id }, 'a request that no rule decides waits for the people')
    this.changed()
  }

  #turn(): void {
    if (this.#head !== null) this.#desk?.block(this.#head)
    this.#forfeits.look(this.period())
    this.picture.changed()
  }

  /** Something changed that a page shows. */
  changed(): void {
    this.picture.changed()
    this.options.onChange()
  }

  /** What the home likes to be asked from now on. */
  async prefer(form: PreferencesForm): Promise<void> {
    await this.preferences.save(form)
    this.#offers?.wantedChanged()
    this.changed()
  }

  /** What pages show of the market. */
  view(): MarketView | null {
    return this.picture.view()
  }

  /** Throws `market-closed` while the market is being opened. */
  desk(): TradingDesk {
    if (this.#desk !== null) return this.#desk
    throw new Fault('market-closed', 'the market is being opened; try again in a moment')
  }

  /** The newest block; null before the first. */
  head(): BlockMoment | null {
    return this.#head
  }

  /** The period that the home is in. */
  period(): number {
    const { sampleMs, slotsPerBilling } = this.options.descriptor
    return periodOf(Math.floor(nowMs() / sampleMs), slotsPerBilling)
  }

  /**
   * Auctions that are not decided, and deliveries that are stated and not paid; one that awaits its period's
   * end does not hold up a run's.
   */
  async pending(): Promise<number> {
    const { db } = this.options.store
    const own = await db
      .selectFrom('own_trade')
      .select(['stage', 'auction'])
      .where('stage', 'in', ['negotiation', 'payment'])
      .execute()
    const payments = own.flatMap(({ stage, auction }) =>
      stage === 'payment' && auction !== null ? [auction] : [],
    )
    const opinions = await Promise.all(payments.map((auction) => this.#judge.opinionOn(auction)))
    return own.length - payments.length + opinions.filter(({ fair }) => fair !== null).length
  }

  /** Nothing new is begun any more. */
  rest(): void {
    this.trader.rest()
    this.picture.closing()
  }

  async close(): Promise<void> {
    this.rest()
    this.#offers?.stop()
    await this.#desk?.stop()
  }
}

const nowMs = (): number => wallClock.nowMs()
