import { z } from 'zod'
import { type AnyStateMachine, type EventFromLogic, type InputFrom, type SnapshotFrom } from 'xstate'
import { restored, type Staged, stagedOf, valueOf } from '../../../actors/durable-snapshot.ts'
import type { Inspector } from '../../../actors/inspection/inspector.ts'
import { tracedSteps } from '../../../actors/inspection/traced.ts'
import { begun, pureStep } from '../../../actors/pure-step.ts'
import type { Life } from './life.ts'
import type { GatewayStore, Transaction } from './store.ts'

/** One step of a machine, as the viewer's recordings have it. */
export interface Step {
  readonly actor: string
  readonly step: number
  readonly event: { readonly type: string }
  readonly before: unknown
  readonly after: unknown
  readonly actions: readonly string[]
}

export interface MachineOptions<M extends AnyStateMachine> {
  readonly key: string
  readonly machine: M
  readonly input: InputFrom<M>
  readonly store: GatewayStore
  readonly life: Life
  readonly stage?: (trx: Transaction, action: Staged) => Promise<void> | void
  readonly effects?: Readonly<Record<string, (action: Staged) => Promise<void> | void>>
  readonly onStep?: (step: Step) => void
  readonly inspector?: Inspector | undefined
  readonly onFault: (thrown: unknown, about: string) => void
}

/**
 * The durable step (DESIGN §6) around one of the product's machines, in a simulated store: the snapshot, what
 * the step stages and the effects that are still to come are kept in one transaction, then the effects run;
 * after a death they run again.
 */
export class DurableMachine<M extends AnyStateMachine> {
  readonly #options: MachineOptions<M>
  readonly #unfinished = new Map<string, Staged>()
  #current: { readonly snapshot: SnapshotFrom<M> } | undefined
  #step = 0
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: MachineOptions<M>) {
    this.#options = options
  }

  snapshot(): SnapshotFrom<M> {
    if (this.#current === undefined) throw new Error(`${this.#options.key} has not begun`)
    return this.#current.snapshot
  }

  async start(): Promise<void> {
    const { key, machine, input, store } = this.#options
    const kept = store.machines.get(key)
    if (kept === undefined) {
      const [first, actions] = begun(machine, input)
      await this.#commit(first, stagedOf(actions, key, 0))
      this.#options.inspector?.began({ machine, actor: key }, this.snapshot())
      return
    }
    // As from a disk: what cannot be written as JSON does not come back.
    const onDisk = z.looseObject({}).parse(JSON.parse(JSON.stringify(kept.persisted)))
    this.#current = { snapshot: restored(machine, onDisk, key) }
    this.#step = kept.step
    for (const action of kept.pending) this.#run(action)
    this.#options.inspector?.began({ machine, actor: key }, this.snapshot())
    void this.drain()
  }

  /** Puts an event in the machine's inbox, within the caller's transaction: it is taken once, after it. */
  post(event: EventFromLogic<M>): void {
    const { store, key } = this.#options
    const number = store.posted.get() + 1
    store.posted.set(number)
    store.inbox.set(number, { machine: key, event })
  }

  /** Takes what was posted. */
  async drain(): Promise<void> {
    const { store, key } = this.#options
    await (this.#last = this.#last.then(async () => {
      // What a death took back stands at the end of its table: the numbers tell the order.
      for (const [number, { machine, event }] of [...store.inbox.entries()].sort(([a], [b]) => a - b)) {
        if (machine === key) await this.#take(event as EventFromLogic<M>, number)
      }
    }))
  }

  send(event: EventFromLogic<M>): Promise<void> {
    const mine = this.#last.then(() => this.#take(event))
    this.#last = mine.catch(() => undefined)
    return mine
  }

  async #take(event: EventFromLogic<M>, posted?: number): Promise<void> {
    if (posted !== undefined && !this.#options.store.inbox.has(posted)) return
    const { key, machine, onStep } = this.#options
    const before = this.snapshot()
    const [next, actions] = pureStep(machine, before, event)
    this.#step += 1
    const staged = stagedOf(actions, key, this.#step)
    await this.#commit(next, staged, posted)
    this.#record(before, event, next, staged)
    onStep?.({
      actor: key,
      step: this.#step,
      event,
      before: valueOf(before),
      after: valueOf(next),
      actions: staged.map(({ type }) => type),
    })
  }

  #record(
    before: SnapshotFrom<M>,
    event: EventFromLogic<M>,
    after: SnapshotFrom<M>,
    staged: readonly Staged[],
  ): void {
    const { inspector, machine, key } = this.#options
    if (inspector === undefined) return
    const transitions = tracedSteps(machine, before, event)
    const actions = staged.map(({ type }) => type)
    inspector.stepped({ machine, actor: key }, { event, after, transitions, actions, waiting: 0 })
  }

  async #commit(next: SnapshotFrom<M>, staged: readonly Staged[], posted?: number): Promise<void> {
    const { key, machine, store, life, stage, effects = {} } = this.#options
    const lasting = staged.filter(({ type }) => type in effects)
    const keep = (): void => {
      const pending =
        this.#unfinished.size + lasting.length === 0 ? NONE : [...this.#unfinished.values(), ...lasting]
      store.machines.set(key, { persisted: persistedOf(machine, next), step: this.#step, pending })
    }
    await store.transaction(life, (trx) => {
      if (posted !== undefined) store.inbox.delete(posted)
      if (stage === undefined || staged.length === 0) return keep()
      return stageAll(trx, staged, stage).then(keep)
    })
    this.#current = { snapshot: next }
    for (const action of lasting) this.#run(action)
  }

  #run(action: Staged): void {
    const { effects = {}, key, onFault } = this.#options
    this.#unfinished.set(action.key, action)
    const done = (): void => void this.#unfinished.delete(action.key)
    const run = async (): Promise<void> => effects[action.type]?.(action)
    run().then(done, (thrown: unknown) => {
      done()
      onFault(thrown, `effect ${action.type} of ${key}`)
    })
  }
}

const NONE: readonly Staged[] = []

async function stageAll(
  trx: Transaction,
  staged: readonly Staged[],
  stage: (trx: Transaction, action: Staged) => Promise<void> | void,
): Promise<void> {
  for (const action of staged) await stage(trx, action)
}

/** Made only when it is read: most snapshots are replaced before anybody dies. */
function persistedOf<M extends AnyStateMachine>(machine: M, snapshot: SnapshotFrom<M>): object {
  return { toJSON: () => machine.getPersistedSnapshot(snapshot) }
}
