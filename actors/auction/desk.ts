import PQueue from 'p-queue'
import type { BlockMoment } from '../../protocols/rules/auction-phase.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import type { OwnTradeTable } from '../storage/market-tables.ts'
import { startDetermination, type DeterminationActor } from './determination/live.ts'
import { Hearing, type StageActor } from './hearing.ts'
import { startNegotiation } from './negotiation/live.ts'
import { startPayment } from './payment/live.ts'
import type { DeskOptions, TradeOrder, TradingPorts } from './ports.ts'
import { phaseOf } from './signals.ts'
import { newRequests, outcomeOf, sightsOf, unfinished, type MarketSight } from './sights.ts'

export type { DeskOptions } from './ports.ts'

/** All trades of a home: it runs the machines of many auctions at once. */
export interface TradingDesk {
  /** A block, after its facts were applied. */
  block(head: BlockMoment): void
  /**
   * Asks the neighbours for a lot; resolves with the name of the trade. Under a name that is given it is
   * asked once, however often this is called.
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

/** Opens the desk: every trade that is not over goes on where it stopped. */
export async function openTradingDesk(options: DeskOptions): Promise<TradingDesk> {
  const desk = new Desk(options)
  await desk.open()
  return desk
}

class Desk implements TradingDesk {
  readonly #options: DeskOptions
  readonly #ports: TradingPorts
  readonly #actors = new Map<string, StageActor>()
  readonly #hearing: Hearing
  /** Everything the desk does happens here, one after another. */
  readonly #works = new PQueue({ concurrency: 1 })
  #head: BlockMoment | null = null
  #looking = false
  #stopped = false

  constructor(options: DeskOptions) {
    const turns = new PQueue({ concurrency: 1 })
    this.#options = options
    this.#ports = { ...options, inTurn: (work) => turns.add(work) }
    this.#hearing = new Hearing(options)
  }

  async open(): Promise<void> {
    for (const own of await unfinished(this.#options.store)) await this.#take(own)
  }

  block(head: BlockMoment): void {
    this.#head = head
    if (this.#looking) return
    this.#looking = true
    const look = async (): Promise<void> => {
      this.#looking = false
      await this.#look()
    }
    this.#works.add(look).catch((thrown: unknown) => this.#options.onFault(thrown, 'trading desk'))
  }

  idle(): Promise<void> {
    return this.#works.onIdle()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#works.onIdle()
    await Promise.all([...this.#actors.values()].map(({ actor }) => actor.stop()))
  }

  async buy(order: TradeOrder, name?: string): Promise<string> {
    const subject = name ?? this.#options.newSubject()
    const own = { ...this.#row(subject, 'buyer'), request: JSON.stringify(order), because: order.because }
    await this.#works.add(async () => {
      if (name === undefined || !(await this.#isKnown(name))) await this.#begin(own)
    })
    return subject
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
    return this.#works.add(async () => {
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
    return this.#works.add(async () => {
      for (const [, staged] of this.#actors) {
        if (staged.stage !== 'payment') continue
        if (staged.actor.snapshot().context.auctionId !== auctionId) continue
        await staged.actor.send({ type: 'PERSON_CHALLENGES' })
        return
      }
      throw new Fault('trade-unknown', `auction: there is no delivery to be proved in ${auctionId}`)
    })
  }

  #answer(
    auctionId: string,
    event: Parameters<DeterminationActor['send']>[0] & { type: 'PERSON_BIDS' | 'PERSON_DECLINES' },
  ): Promise<void> {
    return this.#works.add(async () => {
      const staged = this.#actors.get(auctionId)
      if (staged?.stage !== 'determination') {
        const text = `auction: the request ${auctionId} can no longer be answered`
        throw new Fault('request-closed', text, { field: 'auctionId', fix: 'wait for the next one' })
      }
      await staged.actor.send(event)
      await this.#advance(auctionId)
    })
  }

  #row(subject: string, role: 'buyer' | 'seller'): OwnTradeTable {
    const nothing = { request: null, value: null, salt: null, because: null, bond: null }
    const auction = role === 'seller' ? subject : null
    const begun = { stage: 'determination', attempts: 0, round: 0 } as const
    return { subject, role, auction, ...begun, ...nothing, created_at_ms: this.#options.clock.nowMs() }
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
  async #take(own: OwnTradeTable): Promise<void> {
    await this.#actors.get(own.subject)?.actor.stop()
    this.#actors.delete(own.subject)
    this.#hearing.forget(own.subject)
    const staged = await this.#start(own)
    if (staged === null) return
    this.#actors.set(own.subject, staged)
    // An effect may bring the machine to its end between two blocks.
    staged.actor.subscribe(({ status }) => {
      if (status === 'done') this.#advanceSoon(own.subject)
    })
    await this.#advance(own.subject)
  }

  #advanceSoon(subject: string): void {
    if (this.#stopped) return
    const advanced = this.#works.add(() => this.#advance(subject))
    advanced.catch((thrown: unknown) => this.#options.onFault(thrown, `trade ${subject}`))
  }

  async #start(own: OwnTradeTable): Promise<StageActor | null> {
    const { subject, role, auction: auctionId, stage, round } = own
    const ports = this.#ports
    const trade = { subject, role, round }
    if (stage === 'determination') {
      return { stage, round, actor: await startDetermination(ports, { ...trade, auctionId }) }
    }
    if (stage === 'over' || auctionId === null) return null
    if (stage === 'negotiation') {
      return { stage, round, actor: await startNegotiation(ports, { ...trade, auctionId }) }
    }
    const outcome = await outcomeOf(ports.store, auctionId, ports.account)
    if (outcome === null) return null
    return { stage, round, actor: await startPayment(ports, { ...trade, auctionId, outcome }) }
  }

  /** When a trade's machine has come to its end, the next one begins. */
  async #advance(subject: string): Promise<void> {
    const staged = this.#actors.get(subject)
    if (staged === undefined) return
    const { status, value } = staged.actor.snapshot()
    if (status !== 'done') return
    if (staged.stage === 'determination') await this.#determined(subject, staged.round, staged.actor)
    else if (staged.stage === 'negotiation' && value !== 'out') {
      await this.#move(subject, staged.round, { stage: 'payment' })
    } else {
      const { refused } = staged.actor.snapshot().context
      const because = refused === null || staged.stage === 'payment' ? {} : { because: refused.reason }
      await this.#move(subject, staged.round, { stage: 'over', ...because })
    }
  }

  async #determined(subject: string, round: number, actor: DeterminationActor): Promise<void> {
    const { value, context } = actor.snapshot()
    const { wish, because, auctionId } = context
    if (value === 'offered') await this.#move(subject, round, { stage: 'negotiation' })
    else if (value === 'interested' && wish !== null && auctionId !== null) {
      const sealed = { value: wish.valueMicroSct, salt: this.#options.seals.salt(auctionId, 0) }
      await this.#move(subject, round, { stage: 'negotiation', ...sealed, because })
    } else await this.#move(subject, round, { stage: 'over', because })
  }

  /** Unless a fork has begun another round meanwhile. */
  async #move(
    subject: string,
    round: number,
    change: Partial<OwnTradeTable> & Pick<OwnTradeTable, 'stage'>,
  ): Promise<void> {
    const moved = await this.#options.store.transaction((trx) =>
      trx
        .updateTable('own_trade')
        .set(change)
        .where('subject', '=', subject)
        .where('round', '=', round)
        .returningAll()
        .executeTakeFirst(),
    )
    if (moved === undefined) return
    await this.#take(moved)
    this.#options.onChange()
  }

  async #look(): Promise<void> {
    const head = this.#head
    if (head === null || this.#stopped) return
    await this.#hearRequests(head)
    const trades = await unfinished(this.#options.store)
    const auctions = trades.flatMap((own) => this.#auctionOf(own) ?? [])
    const sights = await this.#sights(auctions, head)
    for (const own of trades) {
      // What is wrong with one trade holds up no other.
      await this.#follow(own, sights).catch((thrown: unknown) =>
        this.#options.onFault(thrown, `trade ${own.subject}`),
      )
    }
  }

  #sights(ids: readonly string[], head: BlockMoment): Promise<ReadonlyMap<string, MarketSight>> {
    const { store, account, blockMs, finalBlock } = this.#options
    return sightsOf(store, ids, { account, head, finalBlock: finalBlock(), blockMs })
  }

  /** The auction that a trade's machine is about, as far as it is known. */
  #auctionOf({ subject, auction }: OwnTradeTable): string | null {
    return this.#actors.get(subject)?.actor.snapshot().context.auctionId ?? auction
  }

  async #hearRequests(head: BlockMoment): Promise<void> {
    const { store, account } = this.#options
    const requests = await newRequests(store, account)
    const sights = await this.#sights(
      requests.map(({ id }) => id),
      head,
    )
    const open = [...sights.values()].filter((sight) => phaseOf(sight) === 'bids')
    if (open.length === 0) return
    const wanted = await this.#options.welcomes(open.map(({ auction }) => auction))
    for (const { id } of wanted) await this.#begin(this.#row(id, 'seller'))
  }

  async #follow(own: OwnTradeTable, sights: ReadonlyMap<string, MarketSight>): Promise<void> {
    const { subject, round } = own
    if (this.#actors.get(subject)?.round !== round) await this.#take(own)
    const staged = this.#actors.get(subject)
    if (staged?.stage !== own.stage) return
    await this.#hearing.hear(own, staged, sights.get(this.#auctionOf(own) ?? '') ?? null)
    await this.#advance(subject)
  }
}
