import type { Selectable } from 'kysely'
import { type AnyStateMachine, type EventFromLogic, type InputFrom, type SnapshotFrom } from 'xstate'
import type { Clock } from '../protocols/rules/clock.ts'
import { Fault } from '../protocols/rules/fault.ts'
import {
  checksum,
  eventOf,
  isStoreFault,
  readPersisted,
  restored,
  type Staged,
  stagedOf,
  type StepRecord,
  valueOf,
} from './durable-snapshot.ts'
import { listenForPosted, postEvent } from './inbox.ts'
import { begun, pureStep } from './pure-step.ts'
import { tracedSteps } from './inspection/traced.ts'
import type { SnapshotTable, Trx } from './storage/schema.ts'
import type { Store } from './storage/store.ts'

export type { Staged, StepRecord } from './durable-snapshot.ts'

/** A moment held in the machine's context: at `atMs` the actor sends itself `event`. */
export interface Deadline<E> {
  readonly id: string
  readonly atMs: number
  readonly event: E
}

/**
 * What is done for an action. It may end before the actor is in its maker's hands, so it is given the way to
 * tell the actor of it.
 */
export type Effect<M extends AnyStateMachine> = (
  action: Staged,
  now: SnapshotFrom<M>,
  send: (event: EventFromLogic<M>) => Promise<void>,
) => void | Promise<void>

export interface DurableOptions<M extends AnyStateMachine> {
  /** The actor's name in the store. */
  readonly key: string
  /** Raised whenever a stored snapshot of the machine before would not fit. */
  readonly version: number
  readonly machine: M
  readonly input?: InputFrom<M>
  readonly store: Store
  readonly clock: Clock
  /** Writes outbox rows for an action in the step's own transaction. */
  readonly stage?: (trx: Trx, action: Staged, next: SnapshotFrom<M>) => Promise<void>
  /**
   * By action type: done after the commit, and done again after a crash unless it had ended; so
   * idempotent.
   */
  readonly effects?: Readonly<Record<string, Effect<M>>>
  readonly deadlines?: (snapshot: SnapshotFrom<M>) => readonly Deadline<EventFromLogic<M>>[]
  readonly inspect?: (record: StepRecord) => void
  /** Told of an effect that threw and of an event that the machine could not take; the actor goes on. */
  readonly onFault: (thrown: unknown, about: string) => void
}

export interface DurableActor<M extends AnyStateMachine> {
  readonly key: string
  snapshot(): SnapshotFrom<M>
  /** Resolves when the step is committed. With an `id`, an event that was taken before changes nothing. */
  send(event: EventFromLogic<M>, id?: string): Promise<void>
  /**
   * Puts an event in the actor's inbox within the caller's transaction; it is taken after the commit,
   * exactly once.
   */
  post(trx: Trx, id: string, event: EventFromLogic<M>): Promise<void>
  subscribe(listener: (snapshot: SnapshotFrom<M>) => void): () => void
  /** Resolves when everything sent and posted so far is taken. */
  idle(): Promise<void>
  stop(): Promise<void>
}

/** setTimeout counts in 31 bits; a later deadline is looked at again then. */
const MAX_TIMER_MS = 0x7fff_ffff

/** How long an event waits when the store refuses (disk full) before it is tried again. */
const STORE_PAUSE_MS = 1000

/**
 * The durable step of DESIGN §6 around a pure machine: event → pure transition → one transaction with
 * the snapshot, the inbox id and what `stage` writes → effects. Steps run one after another. After a restart
 * the snapshot is restored, effects that had not ended run again, deadlines are armed again. Throws
 * `snapshot-unknown` when the store holds another version of the machine, `store-corrupt` when its
 * checksum fails.
 */
export async function createDurableActor<M extends AnyStateMachine>(
  options: DurableOptions<M>,
): Promise<DurableActor<M>> {
  const actor = new Durable(options)
  await actor.start()
  return actor
}

class Durable<M extends AnyStateMachine> implements DurableActor<M> {
  readonly key: string
  readonly #options: DurableOptions<M>
  /**
   * Effects of committed steps that have not ended; they are part of every snapshot, so that a crash
   * repeats them.
   */
  readonly #unfinished = new Map<string, Staged>()
  readonly #listeners = new Set<(snapshot: SnapshotFrom<M>) => void>()
  readonly #timers = new Set<NodeJS.Timeout>()
  #current: { readonly snapshot: SnapshotFrom<M>; readonly step: number } | undefined
  #deaf: () => void = () => undefined
  #stopped = false
  #last: Promise<unknown> = Promise.resolve()
  /** Turns that are queued, the running one included. */
  #queued = 0

  constructor(options: DurableOptions<M>) {
    this.#options = options
    this.key = options.key
  }

  get #subject() {
    return { machine: this.#options.machine, actor: this.key }
  }

  snapshot(): SnapshotFrom<M> {
    if (this.#current === undefined) throw new Error(`${this.key}: not started`)
    return this.#current.snapshot
  }

  async start(): Promise<void> {
    const { store } = this.#options
    const row = await store.db
      .selectFrom('snapshot')
      .selectAll()
      .where('machine', '=', this.key)
      .executeTakeFirst()
    if (row === undefined) await this.#begin()
    else {
      this.#restore(row)
      for (const action of [...this.#unfinished.values()]) this.#run(action)
    }
    this.#options.store.inspector?.began(this.#subject, this.snapshot())
    this.#arm()
    this.#deaf = listenForPosted(this.#options.store, this.key, () => this.#wake())
    if ((await this.#waiting()).length > 0) this.#wake()
  }

  send(event: EventFromLogic<M>, id?: string): Promise<void> {
    return this.#queue(() => this.#take(event, id))
  }

  post(trx: Trx, id: string, event: EventFromLogic<M>): Promise<void> {
    const { store, clock } = this.#options
    return postEvent(store, trx, { actor: this.key, id, event, atMs: clock.nowMs() })
  }

  subscribe(listener: (snapshot: SnapshotFrom<M>) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  idle(): Promise<void> {
    return this.#queue(async () => undefined)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#deaf()
    this.#disarm()
    await this.#last
  }

  #queue(work: () => Promise<void>): Promise<void> {
    this.#queued += 1
    const mine = this.#last.then(() => (this.#stopped ? undefined : work()))
    this.#last = mine
      .catch(() => undefined)
      .finally(() => {
        this.#queued -= 1
      })
    return mine
  }

  async #begin(): Promise<void> {
    const { machine, input } = this.#options
    const [first, actions] = begun(machine, input)
    await this.#commit(first, stagedOf(actions, this.key, 0), async () => true)
  }

  #restore(row: Selectable<SnapshotTable>): void {
    const { machine, version } = this.#options
    if (row.version !== version) {
      throw new Fault(
        'snapshot-unknown',
        `${this.key}: stored by machine version ${row.version}, this is ${version}`,
        {
          actor: this.key,
          stored: row.version,
          version,
        },
      )
    }
    const persisted = readPersisted(row, this.key)
    this.#current = { snapshot: restored(machine, persisted.snapshot, this.key), step: row.step }
    for (const action of persisted.pending) this.#unfinished.set(action.key, action)
  }

  /** One step; does nothing when `id` was taken before. */
  async #take(event: EventFromLogic<M>, id: string | undefined): Promise<void> {
    const before = this.snapshot()
    const [next, actions] = pureStep(this.#options.machine, before, event)
    const staged = stagedOf(actions, this.key, this.#nextStep())
    const taken = await this.#commit(next, staged, (trx) => this.#enter(trx, id))
    if (!taken) return
    this.#tellInspector(before, event, next, staged)
    this.#options.inspect?.({
      actor: this.key,
      step: this.#nextStep() - 1,
      event,
      before: valueOf(before),
      after: valueOf(next),
      actions: staged.map((action) => action.type),
      atMs: this.#options.clock.nowMs(),
    })
    for (const listener of this.#listeners) listener(next)
  }

  #tellInspector(
    before: SnapshotFrom<M>,
    event: EventFromLogic<M>,
    after: SnapshotFrom<M>,
    staged: readonly Staged[],
  ): void {
    const { machine, store } = this.#options
    store.inspector?.stepped(this.#subject, {
      event,
      after,
      transitions: tracedSteps(machine, before, event),
      actions: staged.map(({ type }) => type),
      waiting: this.#queued - 1,
    })
  }

  /** Marks `id` as taken; false when it was before. */
  async #enter(trx: Trx, id: string | undefined): Promise<boolean> {
    if (id === undefined) return true
    const { clock } = this.#options
    const posted = await trx
      .updateTable('inbox')
      .set({ event: null })
      .where('actor', '=', this.key)
      .where('id', '=', id)
      .where('event', 'is not', null)
      .executeTakeFirst()
    if (posted.numUpdatedRows > 0n) return true
    const sent = await trx
      .insertInto('inbox')
      .values({ actor: this.key, id, position: 0, event: null, at_ms: clock.nowMs() })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst()
    return (sent.numInsertedOrUpdatedRows ?? 0n) > 0n
  }

  async #commit(
    next: SnapshotFrom<M>,
    staged: readonly Staged[],
    enter: (trx: Trx) => Promise<boolean>,
  ): Promise<boolean> {
    const { store, effects = {}, stage } = this.#options
    const lasting = staged.filter((action) => action.type in effects)
    const entered = await store.transaction(async (trx) => {
      if (!(await enter(trx))) return false
      for (const action of staged) await stage?.(trx, action, next)
      await this.#save(trx, next, [...this.#unfinished.values(), ...lasting])
      return true
    })
    if (!entered) return false
    this.#current = { snapshot: next, step: this.#nextStep() }
    for (const action of lasting) this.#run(action)
    this.#arm()
    return true
  }

  #nextStep(): number {
    return this.#current === undefined ? 0 : this.#current.step + 1
  }

  async #save(trx: Trx, next: SnapshotFrom<M>, pending: readonly Staged[]): Promise<void> {
    const { machine, version, clock } = this.#options
    const json = JSON.stringify({ snapshot: machine.getPersistedSnapshot(next), pending })
    const row = {
      version,
      step: this.#nextStep(),
      json,
      checksum: checksum(json),
      saved_at_ms: clock.nowMs(),
    }
    await trx
      .insertInto('snapshot')
      .values({ machine: this.key, ...row })
      .onConflict((conflict) => conflict.column('machine').doUpdateSet(row))
      .execute()
  }

  #run(action: Staged): void {
    const effect = this.#options.effects?.[action.type]
    if (effect === undefined) return
    this.#unfinished.set(action.key, action)
    const done = (): void => void this.#unfinished.delete(action.key)
    const send = (event: EventFromLogic<M>): Promise<void> => this.send(event)
    const run = async (): Promise<void> => effect(action, this.snapshot(), send)
    run().then(done, (thrown: unknown) => {
      done()
      this.#options.onFault(thrown, `effect ${action.type} of ${this.key}`)
    })
  }

  #waiting(): Promise<{ id: string; event: string | null }[]> {
    return this.#options.store.db
      .selectFrom('inbox')
      .select(['id', 'event'])
      .where('actor', '=', this.key)
      .where('event', 'is not', null)
      .orderBy('position')
      .execute()
  }

  #wake(): void {
    this.#queue(() => this.#drain()).catch((thrown: unknown) => {
      this.#options.onFault(thrown, `inbox of ${this.key}`)
      if (!this.#stopped) this.#timers.add(setTimeout(() => this.#wake(), STORE_PAUSE_MS))
    })
  }

  async #drain(): Promise<void> {
    for (const { id, event } of await this.#waiting()) {
      if (event === null) continue
      try {
        await this.#take(eventOf(event), id)
      } catch (thrown) {
        if (isStoreFault(thrown)) throw thrown
        // An event that the machine cannot take would stop all later ones: it is put aside and told.
        await this.#options.store.transaction((trx) => this.#enter(trx, id))
        this.#options.onFault(thrown, `event ${id} of ${this.key}`)
      }
    }
  }

  #disarm(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
  }

  /** Arms what the new snapshot waits for; a deadline it no longer holds is forgotten. */
  #arm(): void {
    this.#disarm()
    if (this.#stopped) return
    for (const deadline of this.#due()) {
      const wait = Math.min(Math.max(0, deadline.atMs - this.#options.clock.nowMs()), MAX_TIMER_MS)
      this.#timers.add(setTimeout(() => this.#ring(deadline.id), wait))
    }
  }

  #due(): readonly Deadline<EventFromLogic<M>>[] {
    return this.#options.deadlines?.(this.snapshot()) ?? []
  }

  /** A deadline counts only if the snapshot still holds it when its turn comes. */
  #ring(id: string): void {
    const look = async (): Promise<void> => {
      const deadline = this.#due().find((one) => one.id === id)
      if (deadline === undefined) return
      if (deadline.atMs > this.#options.clock.nowMs()) this.#arm()
      else await this.#take(deadline.event, undefined)
    }
    this.#queue(look).catch((thrown: unknown) =>
      this.#options.onFault(thrown, `deadline ${id} of ${this.key}`),
    )
  }
}
