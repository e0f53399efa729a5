import { applyMarketFacts, revertMarketFacts } from '../../../actors/auction/book.ts'
import { openTradingDesk, type TradingDesk } from '../../../actors/auction/desk.ts'
import type { TradingCalls } from '../../../actors/auction/ports.ts'
import type { Store } from '../../../actors/storage/store.ts'
import {
  createTradingCalls,
  createTradingReads,
  type TradingReads,
} from '../../../chain/proxy/trading-calls.ts'
import { createAuctionSeals } from '../../../protocols/crypto/auction-seal.ts'
import type { CommunityDescriptor } from '../../../protocols/messages/join.ts'
import type { Allowance } from '../../../protocols/rules/divide.ts'
import { Fault } from '../../../protocols/rules/fault.ts'
import { periodOf } from '../../../protocols/rules/units.ts'
import type { RuleForm } from '../../../web/market-model.ts'
import { systemRandom, wallClock } from '../../clock.ts'
import type { ChainLink } from '../chain-link.ts'
import type { GatewayLog } from '../log.ts'
import { RuleBook } from './rule-book.ts'
import { RuleTrader } from './rule-trader.ts'
import { homeUse, tradeFacts, unitPrices, type HomeUse, type Purse, type UnitPrices } from './trade-facts.ts'
import type { Resource } from '../../../protocols/rules/resource.ts'

/** Shortest phases that the contract takes, in blocks, and one block more for the way there. */
const PHASE_BLOCKS = 10
/** The contract awards at the latest so many blocks before the period's end. */
const LAST_BLOCKS = 3
/** Blocks that the calls of an auction take on their way. */
const SLACK_BLOCKS = 4
/** Prices and balances are read anew after so long. */
const READ_AGAIN_MS = 2_000
const PHASES = 3
/** A name for an order that no other order has. */
const ORDER_BYTES = 12

export interface HomeMarketOptions {
  readonly store: Store
  readonly descriptor: CommunityDescriptor
  readonly token: string
  readonly trading: string
  readonly chain: ChainLink
  readonly account: string
  /** 32 bytes that the home keeps with its other secrets. */
  readonly saltKey: Uint8Array
  readonly log: GatewayLog
  readonly quota: () => Allowance | null
  /** Rules that a home begins with. */
  readonly rules: readonly RuleForm[]
  readonly onChange: () => void
}

/** What the chain holds of this home's money, and of prices; read now and then. */
export interface MarketState {
  readonly purse: Purse
  readonly prices: Readonly<Record<Resource, UnitPrices>>
  readonly use: HomeUse
}

/** A home's part in the market: its desk, its rules, its purse. */
export class HomeMarket {
  readonly options: HomeMarketOptions
  readonly reads: TradingReads
  readonly calls: TradingCalls & ReturnType<typeof createTradingCalls>
  readonly book: RuleBook
  readonly trader: RuleTrader
  readonly leadMs: number
  #desk: TradingDesk | null = null
  #state: { readonly at: number; readonly state: Promise<MarketState> } | null = null
  #head: { number: number; timestampMs: number } | null = null

  constructor(options: HomeMarketOptions) {
    const { store, descriptor, chain, token, trading, log } = options
    const { blockTimeS, sampleMs } = descriptor
    this.options = options
    const seconds = Math.ceil(PHASE_BLOCKS * blockTimeS)
    const phases = { commitSeconds: seconds, showSeconds: seconds, revealSeconds: seconds }
    this.calls = createTradingCalls({ token, trading }, phases)
    this.reads = createTradingReads((to, data) => chain.read(to, data), { token, trading })
    this.leadMs = (PHASES * seconds + (LAST_BLOCKS + SLACK_BLOCKS) * blockTimeS) * 1_000
    this.book = new RuleBook(store)
    this.trader = new RuleTrader({
      store,
      book: this.book,
      sampleMs,
      leadMs: this.leadMs,
      nowMs: () => wallClock.nowMs(),
      facts: () => this.facts(),
      onFault: (thrown) => log.fault(thrown, 'rules'),
    })
  }

  /** What rules decide on, now. */
  async facts() {
    const { store, quota } = this.options
    const state = await this.state()
    const nowMs = wallClock.nowMs()
    const now = new Date(nowMs)
    const day = `${now.getFullYear()}-${now.getMonth() + 1}-${now.getDate()}`
    return tradeFacts({ store, ...state, quota: quota(), nowMs, today: this.book.today(day) })
  }

  /** Money, prices and use; as of a moment ago at most. */
  state(): Promise<MarketState> {
    const nowMs = wallClock.nowMs()
    if (this.#state !== null && nowMs - this.#state.at < READ_AGAIN_MS) return this.#state.state
    const state = this.#read(nowMs)
    this.#state = { at: nowMs, state }
    state.catch(() => {
      this.#state = null
    })
    return state
  }

  async #read(nowMs: number): Promise<MarketState> {
    const { store, account, descriptor } = this.options
    const { sampleMs, slotsPerBilling } = descriptor
    const [balance, credit, prices, use] = await Promise.all([
      this.reads.balanceOf(account),
      this.reads.creditOf(account),
      unitPrices(this.reads),
      homeUse(store, { sampleMs, slotsPerBilling, nowMs }),
    ])
    return { purse: { balanceMicroSct: balance, creditMicroSct: credit }, prices, use }
  }

  async open(): Promise<void> {
    const { store, descriptor, chain, account, log, saltKey, trading, onChange } = this.options
    const { chainId, blockTimeS, sampleMs, slotsPerBilling } = descriptor
    await this.book.load()
    await this.book.begin(this.options.rules)
    await this.trader.load()
    const desk = await openTradingDesk({
      store,
      clock: wallClock,
      outbox: chain.outbox,
      account,
      calls: this.calls,
      reads: this.reads,
      seals: createAuctionSeals({ chainId, trading }, account, saltKey),
      // Contracts count in whole seconds, however short a block is.
      blockMs: Math.max(1, Math.ceil(blockTimeS)) * 1_000,
      judge: (auction) => this.trader.judge(auction),
      gossip: () => undefined,
      tellPeople: (auction) => {
        log.info({ auction: auction.id }, 'a request that no rule decides waits for the people')
        onChange()
      },
      closesAtMs: ({ resource, period, until_slot }) =>
        (resource === 2 ? until_slot : (period + 1) * slotsPerBilling) * sampleMs,
      delivery: async () => ({ fair: null, challenged: false }),
      newSubject: () => `order-${Buffer.from(systemRandom(ORDER_BYTES)).toString('hex')}`,
      onChange,
      onFault: (thrown, about) => log.fault(thrown, about),
    })
    this.#desk = desk
    await chain.follow({
      name: 'trading',
      address: trading,
      apply: async (trx, facts) => {
        await applyMarketFacts(trx, facts)
        store.afterCommit(trx, () => this.#turn())
      },
      revert: revertMarketFacts,
    })
    chain.onBlock(({ number, timestampMs }) => {
      this.#head = { number, timestampMs }
      this.#turn()
      this.trader.look(desk)
    })
  }

  #turn(): void {
    if (this.#head !== null) this.#desk?.block(this.#head)
  }

  /** Throws `market-closed` while the market is being opened. */
  desk(): TradingDesk {
    if (this.#desk !== null) return this.#desk
    throw new Fault('market-closed', 'the market is being opened; try again in a moment')
  }

  /** The period that the home is in. */
  period(): number {
    const { sampleMs, slotsPerBilling } = this.options.descriptor
    return periodOf(Math.floor(wallClock.nowMs() / sampleMs), slotsPerBilling)
  }

  /** Auctions that are not decided; a delivery that awaits its period's end does not hold up a run's. */
  async pending(): Promise<number> {
    const row = await this.options.store.db
      .selectFrom('own_trade')
      .select((each) => each.fn.countAll<number>().as('count'))
      .where('stage', '=', 'negotiation')
      .executeTakeFirst()
    return row?.count ?? 0
  }

  async close(): Promise<void> {
    this.trader.rest()
    await this.#desk?.stop()
  }
}
