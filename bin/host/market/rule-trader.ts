import type { TradingDesk } from '../../../actors/auction/desk.ts'
import type { Judgement, TradeOrder } from '../../../actors/auction/ports.ts'
import type { AuctionTable } from '../../../actors/storage/market-tables.ts'
import type { Store } from '../../../actors/storage/store.ts'
import { resourceNumber, resourceOf, type Resource } from '../../../protocols/rules/resource.ts'
import { bidOn } from '../../../protocols/rules/trade-rules/bid.ts'
import { decide } from '../../../protocols/rules/trade-rules/decide.ts'
import type { TradeAction, TradeDecision } from '../../../protocols/rules/trade-rules/decision.ts'
import { surplusOf, type TradeFacts } from '../../../protocols/rules/trade-rules/facts.ts'
import { amountInWords } from '../../../protocols/rules/trade-rules/words.ts'
import type { DecisionView } from '../../../web/market-model.ts'
import type { PreferenceBook } from './preference-book.ts'
import { shortened } from './request-view.ts'
import type { RuleBook } from './rule-book.ts'
import { passedOver, welcome } from './welcome.ts'

export interface RuleTraderOptions {
  readonly store: Store
  readonly book: RuleBook
  readonly preferences: PreferenceBook
  readonly account: string
  readonly sampleMs: number
  /** Least time from an offer to its award. */
  readonly leadMs: number
  readonly facts: () => Promise<TradeFacts>
  /** What a unit of a resource is worth now, micro-SCT; null when nobody knows. */
  readonly goingMicroSct: (resource: Resource) => Promise<number | null>
  /** A name for a new order. */
  readonly newSubject: () => string
  readonly nowMs: () => number
  /** Every decision that is kept. */
  readonly onDecision: (decision: DecisionView) => void
  readonly onFault: (thrown: unknown) => void
}

/** Decisions that a page shows. */
const SHOWN = 100
/** More requests than are open at once. */
const PASSED_MOST = 1_000

/** Trades by a home's rules, and keeps why, in words. */
export class RuleTrader {
  readonly #options: RuleTraderOptions
  /** The newest words of each rule: only a decision that changed is kept. */
  readonly #said = new Map<string, string>()
  /** Requests that people were not asked about, so that why is kept once. */
  readonly #passed = new Set<string>()
  #newestMs = 0
  #decisions: DecisionView[] = []
  #running = false
  #resting = false

  constructor(options: RuleTraderOptions) {
    this.#options = options
  }

  async load(): Promise<void> {
    const rows = await this.#options.store.db
      .selectFrom('trade_decision')
      .selectAll()
      .orderBy('at_ms', 'desc')
      .limit(SHOWN)
      .execute()
    this.#decisions = rows.map(({ at_ms, rule, resource, acted, text }) => {
      const known = (['energy', 'power', 'water'] as const).find((each) => each === resource) ?? null
      return { atMs: at_ms, rule: rule === '' ? null : rule, resource: known, acted: acted === 1, text }
    })
  }

  decisions(): readonly DecisionView[] {
    return this.#decisions
  }

  /** Nothing new is begun any more. */
  rest(): void {
    this.#resting = true
  }

  /** Looks whether a rule wants to buy now. */
  look(desk: TradingDesk): void {
    if (this.#running || this.#resting) return
    this.#running = true
    this.#buy(desk)
      .catch(this.#options.onFault)
      .finally(() => {
        this.#running = false
      })
  }

  async #buy(desk: TradingDesk): Promise<void> {
    const { book, facts: gather, leadMs, newSubject, nowMs } = this.#options
    const rules = book.active()
    if (rules.rules.length === 0) return
    const facts = await gather()
    for (const decision of decide(rules, facts)) {
      await this.#note(decision)
      if (!decision.act || decision.do !== 'buy') continue
      if (facts.periodEndsInMs < leadMs) continue
      await book.did(facts.local.day, decision.rule, decision.costMicroSct)
      const subject = newSubject()
      this.#tellInspector({ ...decision, acted: true }, subject)
      await desk.buy(this.#orderOf(decision, facts, nowMs()), subject)
      // The next rule decides on what this one has changed.
      return
    }
  }

  #orderOf(decision: TradeAction, facts: TradeFacts, nowMs: number): TradeOrder {
    const { sampleMs, leadMs } = this.#options
    const { resource, amount, costMicroSct, sentence } = decision
    const power = resource === 'power'
    const untilMs = nowMs + facts.periodEndsInMs
    return {
      resource: resourceNumber(resource),
      period: facts.period,
      fromSlot: power ? Math.ceil((nowMs + leadMs) / sampleMs) : 0,
      untilSlot: power ? Math.floor(untilMs / sampleMs) : 0,
      amount,
      maxPriceMicroSct: String(costMicroSct),
      because: sentence,
    }
  }

  /** The neighbours' requests that this home likes to be asked, and can serve. */
  async welcomes(auctions: readonly AuctionTable[]): Promise<readonly AuctionTable[]> {
    if (this.#resting) return []
    const facts = await this.#options.facts()
    const wanted: AuctionTable[] = []
    for (const auction of auctions) if (await this.#welcome(auction, facts)) wanted.push(auction)
    return wanted
  }

  async #welcome(auction: AuctionTable, facts: TradeFacts): Promise<boolean> {
    const { account, sampleMs, preferences } = this.#options
    const resource = resourceOf(auction.resource)
    const goingMicroSct = await this.#options.goingMicroSct(resource)
    const home = { account, sampleMs, goingMicroSct }
    const matching = welcome(auction, preferences.preferences(), facts, home)
    if (!matching.matches && !this.#passed.has(auction.id)) {
      if (this.#passed.size >= PASSED_MOST) this.#passed.clear()
      this.#passed.add(auction.id)
      const text = passedOver(resource, auction.amount, matching)
      this.#tellInspector(
        { rule: '', resource, do: 'sell', acted: false, because: matching.because },
        auction.id,
      )
      await this.#keep({ rule: '', resource, acted: false, text })
    }
    return matching.matches
  }

  /** What the rules say to a neighbour's request; people are asked when no rule speaks of it. */
  async judge(auction: AuctionTable): Promise<Judgement> {
    if (this.#resting) return { kind: 'decline', because: 'The gateway is being stopped.' }
    const { book, sampleMs } = this.#options
    const rules = book.active()
    const resource = resourceOf(auction.resource)
    const facts = await this.#options.facts()
    const slots = auction.until_slot - auction.from_slot
    const lot = { resource, amount: auction.amount, period: auction.period, slots, sampleMs }
    if (rules.rules.some((rule) => rule.do === 'sell' && rule.resource === resource)) {
      const bid = bidOn(lot, rules, facts, decide(rules, facts))
      const rule = bid.bid ? bid.rule : ''
      this.#tellInspector({ rule, resource, do: 'sell', acted: bid.bid, because: bid.because }, auction.id)
      await this.#keep({ rule, resource, acted: bid.bid, text: bid.sentence })
      if (!bid.bid) return { kind: 'decline', because: bid.sentence }
      await book.did(facts.local.day, bid.rule, 0)
      return { kind: 'bid', valueMicroSct: String(bid.lotMicroSct), because: bid.sentence }
    }
    const spare = surplusOf(facts.resources[resource])
    const words = amountInWords(resource, spare)
    if (spare < auction.amount) return { kind: 'decline', because: `Only ${words} can be spared.` }
    return { kind: 'ask', because: `${words} can be spared; no rule sells ${resource}.` }
  }

  async #note(decision: TradeDecision): Promise<void> {
    const { rule, act, resource, sentence } = decision
    const kind = `${act}:${decision.because.map(({ code }) => code).join()}`
    if (this.#said.get(rule) === kind) return
    this.#said.set(rule, kind)
    if (!act || decision.do === 'sell') this.#tellInspector({ ...decision, acted: false }, null)
    await this.#keep({ rule, resource, acted: act && decision.do === 'buy', text: sentence })
  }

  /** Why in codes, not in words: these name the price, which is sealed until the bids are shown. */
  #tellInspector({ rule, do: wish, resource, acted, because }: Decided, subject: string | null): void {
    this.#options.store.inspector?.noted({
      what: 'decision',
      name: rule === '' ? 'no rule' : rule,
      details: { do: wish, resource, acted, because: because.map(({ code }) => code) },
      about: subject === null ? [] : [`trade:${subject}`],
    })
  }

  async #keep(decision: Kept): Promise<void> {
    const { store, nowMs, onDecision } = this.#options
    const { rule, resource, acted } = decision
    // Decisions are named by their moment: two of one millisecond stand one after the other.
    this.#newestMs = Math.max(nowMs(), this.#newestMs + 1)
    const text = shortened(decision.text)
    const row = { rule, resource, text, at_ms: this.#newestMs, acted: acted ? 1 : 0 }
    await store.transaction(async (trx) => {
      await trx
        .insertInto('trade_decision')
        .values(row)
        .onConflict((conflict) => conflict.doNothing())
        .execute()
    })
    const kept = { atMs: row.at_ms, rule: rule === '' ? null : rule, resource, acted, text }
    this.#decisions = [kept, ...this.#decisions].slice(0, SHOWN)
    onDecision(kept)
  }
}

type Decided = Pick<TradeDecision, 'rule' | 'do' | 'resource' | 'because'> & { readonly acted: boolean }

interface Kept {
  readonly rule: string
  readonly resource: Resource
  readonly acted: boolean
  readonly text: string
}
