import type { BlockMoment } from '../../protocols/rules/auction-phase.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import type { AuctionTable, OwnTradeTable } from '../storage/market-tables.ts'
import { startDetermination, type DeterminationActor } from './determination/live.ts'
import { startNegotiation, type NegotiationActor } from './negotiation/live.ts'
import { AUCTION_CALLS } from './negotiation/machine.ts'
import { startPayment, type PaymentActor } from './payment/live.ts'
import type { NegotiationOutcome } from './payment/machine.ts'
import type { TradeOrder, TradingPorts } from './ports.ts'
import { negotiationSignals, paymentSignals, phaseOf } from './signals.ts'
import { newRequests, sightOf, unfinished, type MarketSight } from './sights.ts'

export interface DeskOptions extends TradingPorts {
  readonly blockMs: number
  /** Whether the home wants to be told of a neighbour's offer; asked again as long as bids are taken. */
  welcomes(auction: AuctionTable): Promise<boolean>
  /** When a lot's period, or its window of power, is over. */
  readonly closesAtMs: (lot: { resource: number; period: number; until_slot: number }) => number
  /** What was stated of the delivery of an award, and whether this home finds it fair. */
  delivery(auctionId: string): Promise<{ readonly fair: boolean | null; readonly challenged: boolean }>
  /** A name for a new order. */
  readonly newSubject: () => string
  /** Something changed that a page shows. */
  readonly onChange: () => void
}

/** All trades of a home: it runs the machines of many auctions at once. */
export interface TradingDesk {
  /** A block, after its facts were applied. */
  block(head: BlockMoment): void
  /** A call of this home came to nothing; `error` is the contract's name for it. */
  refused(callId: string, error: string): Promise<void>
  /**
   * Asks the neighbours for a lot; resolves with the name of the trade. Under a name that is given it is asked
   * once, however often this is called.
   */
  buy(order: TradeOrder, name?: string): Promise<string>
  /** A person takes an offer back. Throws `offer-closed` when it can no longer be taken back. */
  cancel(auctionId: string): Promise<void>
  /** A person answers a request. Throw `request-closed` when it can no longer be answered. */
  bid(auctionId: string, valueMicroSct: string, because: string): Promise<void>
  decline(auctionId: string): Promise<void>
  /** A person asks for the opening of what was delivered. */
  challenge(auctionId: string): Promise<void>
  /** Resolves when everything heard so far is done. */
  idle(): Promise<void>
  stop(): Promise<void>
}

type StageActor =
  | { readonly stage: 'determination'; readonly actor: DeterminationActor }
  | { readonly stage: 'negotiation'; readonly actor: NegotiationActor }
  | { readonly stage: 'payment'; readonly actor: PaymentActor }

/** Opens the desk: every trade that is not over goes on where it stopped. */
export async function openTradingDesk(options: DeskOptions): Promise<TradingDesk> {
  const desk = new Desk(options)
  await desk.open()
  return desk
}

const AWARD_OUTCOMES: readonly NegotiationOutcome[] = ['awarded', 'lost', 'failed']

class Desk implements TradingDesk {
  readonly #options: DeskOptions
  readonly #actors = new Map<string, StageActor>()
  /** What each machine was told, so that it is not told again by every block. */
  readonly #told = new Map<string, Set<string>>()
  readonly #decidedSince = new Map<string, number>()
  #head: BlockMoment | null = null
  #looking = false
  #last: Promise<unknown> = Promise.resolve()
  #stopped = false

  constructor(options: DeskOptions) {
    this.#options = options
  }

  async open(): Promise<void> {
    for (const own of await unfinished(this.#options.store)) await this.#take(own)
  }

  block(head: BlockMoment): void {
    this.#head = head
    if (this.#looking) return
    this.#looking = true
    this.#queue(async () => {
      this.#looking = false
      await this.#look()
    }).catch((thrown: unknown) => this.#options.onFault(thrown, 'trading desk'))
  }

  idle(): Promise<void> {
    return this.#queue(async () => undefined)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#last
    await Promise.all([...this.#actors.values()].map(({ actor }) => actor.stop()))
  }

  buy(order: TradeOrder, name?: string): Promise<string> {
    const subject = name ?? this.#options.newSubject()
    const own = { ...this.#row(subject, 'buyer'), request: JSON.stringify(order), because: order.because }
    return this.#queue(async () => {
      if (name === undefined || !(await this.#isKnown(name))) await this.#begin(own)
    }).then(() => subject)
  }

  async #isKnown(subject: string): Promise<boolean> {
    const { db } = this.#options.store
    const row = await db
      .selectFrom('own_trade')
      .select('subject')
      .where('subject', '=', subject)
      .executeTakeFirst()
    return row !== undefined
  }

  cancel(auctionId: string): Promise<void> {
    return this.#queue(async () => {
      for (const [, staged] of this.#actors) {
        if (staged.stage !== 'negotiation') continue
        const snapshot = staged.actor.snapshot()
        if (snapshot.context.auctionId !== auctionId) continue
        if (!snapshot.matches({ buying: 'collecting' })) break
        await staged.actor.send({ type: 'PERSON_CANCELS' })
        return
      }
      const text = `auction: the offer ${auctionId} can no longer be taken back`
      throw new Fault('offer-closed', text, { field: 'auctionId', fix: 'wait for its end' })
    })
  }

  bid(auctionId: string, valueMicroSct: string, because: string): Promise<void> {
    return this.#answer(auctionId, { type: 'PERSON_BIDS', wish: { valueMicroSct, because } })
  }

  decline(auctionId: string): Promise<void> {
    return this.#answer(auctionId, { type: 'PERSON_DECLINES' })
  }

  challenge(auctionId: string): Promise<void> {
    return this.#queue(async () => {
      for (const [, staged] of this.#actors) {
        if (staged.stage !== 'payment') continue
        if (staged.actor.snapshot().context.auctionId !== auctionId) continue
        await staged.actor.send({ type: 'PERSON_CHALLENGES' })
        return
      }
      throw new Fault('trade-unknown', `auction: there is no delivery to be proved in ${auctionId}`)
    })
  }

  refused(callId: string, error: string): Promise<void> {
    const [name, subject = ''] = callId.split(':')
    const call = AUCTION_CALLS.find((each) => each === name)
    return this.#queue(async () => {
      const staged = this.#actors.get(subject)
      if (staged === undefined || call === undefined) return
      if (call === 'offer') await this.#offerRefused(subject, staged, callId, error)
      else if (staged.stage !== 'determination') {
        const event = { type: 'CALL_REFUSED', call, reason: error } as const
        await staged.actor.send(event, `refused:${callId}`)
      }
      await this.#advance(subject)
    })
  }

  async #offerRefused(subject: string, staged: StageActor, callId: string, error: string): Promise<void> {
    if (staged.stage !== 'determination') return
    // Another device of the same home took the number: the next one is asked for.
    const again = error.includes('OfferNumber')
    if (again) {
      await this.#options.store.transaction(async (trx) => {
        await trx
          .updateTable('own_trade')
          .set((row) => ({ auction: null, salt: null, attempts: row('attempts', '+', 1) }))
          .where('subject', '=', subject)
          .execute()
      })
    }
    await staged.actor.send({ type: 'OFFER_REFUSED', reason: error, again }, `refused:${callId}`)
  }

  #answer(
    auctionId: string,
    event: Parameters<DeterminationActor['send']>[0] & { type: 'PERSON_BIDS' | 'PERSON_DECLINES' },
  ): Promise<void> {
    return this.#queue(async () => {
      const staged = this.#actors.get(auctionId)
      if (staged?.stage !== 'determination') {
        const text = `auction: the request ${auctionId} can no longer be answered`
        throw new Fault('request-closed', text, { field: 'auctionId', fix: 'wait for the next one' })
      }
      await staged.actor.send(event)
      await this.#advance(auctionId)
    })
  }

  #queue<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work)
    this.#last = mine.catch(() => undefined)
    return mine
  }

  #row(subject: string, role: 'buyer' | 'seller'): OwnTradeTable {
    return {
      subject,
      role,
      auction: role === 'seller' ? subject : null,
      stage: 'determination',
      request: null,
      value: null,
      salt: null,
      because: null,
      bond: null,
      attempts: 0,
      created_at_ms: this.#options.clock.nowMs(),
    }
  }

  async #begin(own: OwnTradeTable): Promise<void> {
    await this.#options.store.transaction(async (trx) => {
      await trx
        .insertInto('own_trade')
        .values(own)
        .onConflict((conflict) => conflict.doNothing())
        .execute()
    })
    await this.#take(own)
  }

  /** Starts the machine of the stage that a trade has come to. */
  async #take(own: OwnTradeTable, outcome: NegotiationOutcome = 'failed'): Promise<void> {
    const { subject, role, auction, stage } = own
    await this.#actors.get(subject)?.actor.stop()
    this.#actors.delete(subject)
    this.#told.delete(subject)
    const options = this.#options
    if (stage === 'determination') {
      const actor = await startDetermination(options, { subject, role, auctionId: auction })
      this.#actors.set(subject, { stage, actor })
    } else if (stage === 'negotiation' && auction !== null) {
      const actor = await startNegotiation(options, { subject, role, auctionId: auction })
      this.#actors.set(subject, { stage, actor })
    } else if (stage === 'payment' && auction !== null) {
      const actor = await startPayment(options, { subject, role, auctionId: auction, outcome })
      this.#actors.set(subject, { stage, actor })
    }
    await this.#advance(subject)
  }

  /** When a trade's machine has come to its end, the next one begins. */
  async #advance(subject: string): Promise<void> {
    const staged = this.#actors.get(subject)
    if (staged === undefined) return
    const snapshot = staged.actor.snapshot()
    if (snapshot.status !== 'done') return
    const ended = typeof snapshot.value === 'string' ? snapshot.value : ''
    if (staged.stage === 'determination') await this.#determined(subject, ended, staged.actor)
    else if (staged.stage === 'negotiation') {
      const outcome = AWARD_OUTCOMES.find((each) => each === ended)
      await this.#move(subject, outcome === undefined ? 'over' : 'payment', {}, outcome)
    } else await this.#move(subject, 'over', {})
  }

  async #determined(subject: string, ended: string, actor: DeterminationActor): Promise<void> {
    const { wish, because, auctionId } = actor.snapshot().context
    if (ended === 'offered') await this.#move(subject, 'negotiation', {})
    else if (ended === 'interested' && wish !== null && auctionId !== null) {
      const salt = this.#options.seals.salt(auctionId, 0)
      await this.#move(subject, 'negotiation', { value: wish.valueMicroSct, salt, because })
    } else await this.#move(subject, 'over', { because })
  }

  async #move(
    subject: string,
    stage: OwnTradeTable['stage'],
    change: Partial<OwnTradeTable>,
    outcome?: NegotiationOutcome,
  ): Promise<void> {
    const { store } = this.#options
    await store.transaction(async (trx) => {
      await trx
        .updateTable('own_trade')
        .set({ ...change, stage })
        .where('subject', '=', subject)
        .execute()
    })
    const own = await store.db
      .selectFrom('own_trade')
      .selectAll()
      .where('subject', '=', subject)
      .executeTakeFirstOrThrow()
    await this.#take(own, outcome)
    this.#options.onChange()
  }

  async #look(): Promise<void> {
    const head = this.#head
    if (head === null || this.#stopped) return
    const { store, account, blockMs } = this.#options
    for (const request of await newRequests(store, account)) {
      const sight = await sightOf(store, request.id, { account, head, blockMs })
      if (sight === null || phaseOf(sight) !== 'bids') continue
      if (!(await this.#options.welcomes(sight.auction))) continue
      await this.#begin(this.#row(request.id, 'seller'))
    }
    for (const [subject, staged] of [...this.#actors]) {
      await this.#hear(subject, staged, head)
      await this.#advance(subject)
    }
  }

  async #hear(subject: string, staged: StageActor, head: BlockMoment): Promise<void> {
    const { store, account, blockMs } = this.#options
    const id =
      staged.stage === 'determination'
        ? await this.#auctionOf(subject)
        : staged.actor.snapshot().context.auctionId
    if (id === null) return
    const sight = await sightOf(store, id, { account, head, blockMs })
    if (sight === null) return
    if (staged.stage === 'determination') await this.#hearDetermination(subject, staged.actor, sight)
    else if (staged.stage === 'negotiation') {
      for (const { id: name, event } of negotiationSignals(sight)) {
        if (this.#isNew(subject, name)) await staged.actor.send(event, name)
      }
    } else await this.#hearPayment(subject, staged.actor, sight)
  }

  async #hearDetermination(subject: string, actor: DeterminationActor, sight: MarketSight): Promise<void> {
    if (actor.snapshot().context.role === 'buyer') {
      await actor.send({ type: 'OFFERED', auctionId: sight.auction.id }, 'offered')
    } else if (phaseOf(sight) !== 'bids' && this.#isNew(subject, 'closed')) {
      await actor.send({ type: 'BIDS_CLOSED' }, 'closed')
    }
  }

  async #hearPayment(subject: string, actor: PaymentActor, sight: MarketSight): Promise<void> {
    const { auction, head } = sight
    const closesAtMs = this.#options.closesAtMs(auction)
    const judging = actor.snapshot().matches('judging')
    if (judging && !this.#decidedSince.has(subject) && (await this.#options.reads.isDecided(auction.id))) {
      this.#decidedSince.set(subject, head.number)
    }
    const nothing = { fair: null, challenged: false }
    const delivery = judging ? await this.#options.delivery(auction.id) : nothing
    const decidedSince = this.#decidedSince.get(subject) ?? null
    for (const { id, event } of paymentSignals({ ...sight, ...delivery, closesAtMs, decidedSince })) {
      if (this.#isNew(subject, id)) await actor.send(event, id)
    }
  }

  async #auctionOf(subject: string): Promise<string | null> {
    const row = await this.#options.store.db
      .selectFrom('own_trade')
      .select('auction')
      .where('subject', '=', subject)
      .executeTakeFirst()
    return row?.auction ?? null
  }

  #isNew(subject: string, name: string): boolean {
    const told = this.#told.get(subject) ?? new Set<string>()
    this.#told.set(subject, told)
    if (told.has(name)) return false
    told.add(name)
    return true
  }
}
