import type { Store } from '../../../actors/storage/store.ts'
import type { TradingReads } from '../../../chain/proxy/trading-calls.ts'
import type { BlockMoment } from '../../../protocols/rules/auction-phase.ts'
import type { Allowance } from '../../../protocols/rules/divide.ts'
import type { TradeFacts } from '../../../protocols/rules/trade-rules/facts.ts'
import {
  MARKET_LIST_LIMIT,
  type BillView,
  type MarketView,
  type RequestView,
  type TradeView,
} from '../../../web/market-model.ts'
import { billsOf, tradeViewOf, type AccountSeen } from './account-views.ts'
import { auctionViewOf, type Seen } from './auction-view.ts'
import { awardedTrades, lostBonds, ownAuctions } from './market-rows.ts'
import type { MarketTimes } from './market-times.ts'
import type { PreferenceBook } from './preference-book.ts'
import { requestViewOf } from './request-view.ts'
import { listed, resourceViews } from './resource-view.ts'
import type { RuleBook } from './rule-book.ts'
import type { RuleTrader } from './rule-trader.ts'
import { tradingPrices } from './trading-prices.ts'
import type { MarketState } from './market-state.ts'
import { marketState, readToken, walletView, type TokenState } from './wallet-view.ts'

/** What the pages of a market are drawn from. */
export interface PictureSources {
  readonly store: Store
  readonly account: string
  readonly times: MarketTimes
  readonly leadMs: number
  readonly reads: TradingReads
  readonly book: RuleBook
  readonly trader: RuleTrader
  readonly preferences: PreferenceBook
  readonly balanceWei: (account: string) => Promise<bigint>
  readonly state: () => Promise<MarketState>
  readonly facts: () => Promise<TradeFacts>
  readonly quota: () => Allowance | null
  readonly head: () => BlockMoment | null
  readonly nowMs: () => number
  readonly onChange: () => void
  readonly onFault: (thrown: unknown) => void
}

/** Own trades looked at for a page, and awards of the community that prices are made of. */
const OWN_TRADES_SEEN = 150
const AWARDS_SEEN = 400
const BILLS_SHOWN = 24
const ANSWERED_SHOWN = 6
/** Nobody may be looking: then a picture as old as this will do. */
const IDLE_MS = 10_000
/** CSV files hold all trades; this is only against running away. */
const ALL = 1_000_000

interface Settings {
  readonly securityBps: number
  readonly strict: boolean
}

type Drawn = Omit<MarketView, 'rules' | 'keepMicroSct' | 'decisions' | 'preferences'>

/** The market as pages show it. It is drawn anew after a block while somebody looks, and seldom else. */
export class MarketPicture {
  readonly #from: PictureSources
  #drawn: Drawn | null = null
  #drawnAtMs = 0
  #lookedAtMs = 0
  #stale = true
  #drawing = false
  #closing = false
  #settings: Settings | null = null

  constructor(from: PictureSources) {
    this.#from = from
  }

  /** The picture as it was drawn last; null before the first time. */
  view(): MarketView | null {
    const { book, trader, preferences, nowMs } = this.#from
    this.#lookedAtMs = nowMs()
    this.#drawSoon()
    if (this.#drawn === null) return null
    return {
      ...this.#drawn,
      rules: book.views(),
      keepMicroSct: book.keepMicroSct(),
      decisions: trader.decisions(),
      preferences: preferences.form(),
    }
  }

  /** A block came, or the home did something. */
  changed(): void {
    this.#stale = true
    const nowMs = this.#from.nowMs()
    const idle = nowMs - this.#lookedAtMs > IDLE_MS
    if (!idle || nowMs - this.#drawnAtMs > IDLE_MS) this.#drawSoon()
  }

  closing(): void {
    this.#closing = true
    this.changed()
  }

  #drawSoon(): void {
    if (!this.#stale || this.#drawing) return
    this.#drawing = true
    this.#stale = false
    this.#draw()
      .then((drawn) => {
        this.#drawn = drawn
        this.#drawnAtMs = this.#from.nowMs()
        this.#from.onChange()
      })
      .catch((thrown: unknown) => this.#from.onFault(thrown))
      .finally(() => {
        this.#drawing = false
      })
  }

  async #draw(): Promise<Drawn> {
    const { store, account, times, state, facts, quota, nowMs, leadMs, reads } = this.#from
    const [market, gathered, awards, own, token] = await Promise.all([
      state(),
      facts(),
      awardedTrades(store, null, AWARDS_SEEN),
      ownAuctions(store, account, OWN_TRADES_SEEN),
      readToken(reads, account, this.#from.balanceWei),
    ])
    const { strict, securityBps } = await this.#read()
    const seen: Seen = { account, times, head: this.#from.head(), securityBps }
    const trading = tradingPrices(awards, times)
    const resources = resourceViews({
      facts: gathered,
      use: market.use,
      prices: market.prices,
      trading: trading.now,
      hasQuota: quota() !== null,
    })
    const auctions = own.flatMap((trade) => auctionViewOf(trade, seen) ?? [])
    const locked = auctions.reduce((sum, each) => sum + each.bondMicroSct + each.depositMicroSct, 0)
    const accountSeen = { account, times, prices: trading, nowMs: nowMs(), sctMicroEur: token.sctMicroEur }
    return {
      state: marketState(token, this.#closing),
      leadMs,
      strict,
      wallet: walletView(token, market.purse, locked, nowMs()),
      resources: listed(resources),
      requests: inbox(own.flatMap((trade) => requestViewOf(trade, seen, resources) ?? [])),
      auctions: auctions.slice(0, MARKET_LIST_LIMIT),
      ...(await this.#account(accountSeen)),
    }
  }

  async #account(seen: AccountSeen): Promise<Pick<MarketView, 'history' | 'bills'>> {
    const { store, account } = this.#from
    const trades = await awardedTrades(store, account, OWN_TRADES_SEEN)
    const settled = trades.filter(({ state }) => state === 'settled')
    const bills = billsOf(trades, await lostBonds(store, account), seen)
    return {
      history: settled.slice(0, MARKET_LIST_LIMIT).map((trade) => tradeViewOf(trade, seen)),
      bills: bills.slice(0, BILLS_SHOWN),
    }
  }

  /** What the market's contract was deployed with: it never changes. */
  async #read(): Promise<Settings> {
    if (this.#settings !== null) return this.#settings
    const { reads } = this.#from
    const [securityBps, strict] = await Promise.all([reads.securityBps(), reads.isStrict()])
    this.#settings = { securityBps, strict }
    return this.#settings
  }

  /** All trades that are over, the newest first. */
  async trades(): Promise<TradeView[]> {
    const { store, account } = this.#from
    const own = await awardedTrades(store, account, ALL)
    const seen = await this.#wholeAccount()
    return own.filter(({ state }) => state === 'settled').map((trade) => tradeViewOf(trade, seen))
  }

  /** All bills, the newest first. */
  async bills(): Promise<BillView[]> {
    const { store, account } = this.#from
    const trades = await awardedTrades(store, account, ALL)
    return billsOf(trades, await lostBonds(store, account), await this.#wholeAccount())
  }

  async #wholeAccount(): Promise<AccountSeen> {
    const { store, account, times, nowMs } = this.#from
    const awards = await awardedTrades(store, null, ALL)
    const { sctMicroEur } = await this.token()
    return { account, times, prices: tradingPrices(awards, times), nowMs: nowMs(), sctMicroEur }
  }

  /** The token as the chain has it at this moment. */
  token(): Promise<TokenState> {
    const { reads, account, balanceWei } = this.#from
    return readToken(reads, account, balanceWei)
  }
}

/** What waits for an answer, and the newest of what was answered: auctions show the rest. */
function inbox(requests: readonly RequestView[]): RequestView[] {
  const open = requests.filter(({ state }) => state === 'open')
  const answered = requests.filter(({ state }) => state !== 'open')
  return [...open.slice(0, MARKET_LIST_LIMIT - ANSWERED_SHOWN), ...answered.slice(0, ANSWERED_SHOWN)]
}
