import type { Attempt, Intent } from '../../../actors/contract-proxy/call.ts'
import type { CallContext } from '../../../actors/contract-proxy/intent-machine.ts'
import type { Staged } from '../../../actors/durable-snapshot.ts'
import type { CallTable, IntentState } from '../../../actors/storage/schema.ts'
import { NO_TRAIL, type Trail } from '../../../chain/proxy/trail.ts'
import { Cell, Ledger, Table } from '../ledger.ts'
import { type Life, NEVER } from './life.ts'

/** A machine as it was kept, with the effects that had not ended. */
export interface KeptMachine {
  readonly persisted: object
  readonly step: number
  readonly pending: readonly Staged[]
}

export interface KeptCall {
  readonly row: Omit<CallTable, 'state' | 'context'>
  readonly state: IntentState
  readonly context: CallContext
  readonly attempts: readonly Attempt[]
}

/** A transaction: what it wrote is kept, or none of it. */
export interface Transaction {
  readonly after: (() => void)[]
}

/**
 * What a gateway keeps on its disk: tables in memory, written in transactions, which outlive the gateway's
 * process. It stands for SQLite, which takes 25 µs a statement: too long for a million of them.
 */
export class GatewayStore {
  readonly ledger = new Ledger()
  readonly intents = new Table<string, Intent>(this.ledger)
  /** Intents that wait for a nonce. */
  readonly queued = new Table<string, true>(this.ledger)
  /** Intents that their contracts refused for good. */
  readonly failed = new Table<string, true>(this.ledger)
  /** How often one was, so that nobody looks for one in vain. */
  failures = 0
  readonly intentsOf = new Table<number, readonly string[]>(this.ledger)
  readonly calls = new Table<number, KeptCall>(this.ledger)
  /** Calls that are not over. */
  readonly active = new Table<number, true>(this.ledger)
  readonly position = new Cell<number>(this.ledger, 0)
  readonly nextNonce = new Cell<number>(this.ledger, 0)
  readonly machines = new Table<string, KeptMachine>(this.ledger)
  /** Events that a machine is still to take, in their order. */
  readonly inbox = new Table<number, { readonly machine: string; readonly event: { type: string } }>(
    this.ledger,
  )
  readonly posted = new Cell<number>(this.ledger, 0)
  readonly trail = new Cell<Trail>(this.ledger, NO_TRAIL)
  /** The transaction that is under way; null while none is. */
  #last: Promise<unknown> | null = null
  #working = false
  commits = 0

  /** Does `work` and keeps what it wrote, unless the gateway dies or `work` throws. */
  transaction<R>(life: Life, work: (trx: Transaction) => Promise<R> | R): Promise<R> {
    try {
      return Promise.resolve(this.soon(life, work))
    } catch (thrown) {
      return Promise.reject(thrown instanceof Error ? thrown : new Error(String(thrown)))
    }
  }

  /** The same, at once when nothing is under way and `work` waits for nothing. */
  soon<R>(life: Life, work: (trx: Transaction) => Promise<R> | R): Promise<R> | R {
    // What a dead process still asks for must not stand before what its successor does.
    if (life.dead) return NEVER
    if (this.#working) return Promise.resolve().then(() => this.soon(life, work))
    const last = this.#last
    const done = last === null ? this.#run(life, work) : last.then(() => this.#run(life, work))
    return done instanceof Promise ? this.#follow(life, done) : done
  }

  /** Whether a transaction is under way. */
  get isBusy(): boolean {
    return this.#working || this.#last !== null
  }

  /** The next one waits for this one. */
  #follow<R>(life: Life, mine: Promise<R>): Promise<R> {
    if (life.dead) return NEVER
    const last: Promise<unknown> = mine.then(nothing, nothing).then(() => {
      if (this.#last === last) this.#last = null
    })
    this.#last = last
    return mine
  }

  /** After a death nothing waits for the transactions of the dead. */
  forget(): void {
    this.ledger.backTo(0)
    this.#last = null
  }

  #run<R>(life: Life, work: (trx: Transaction) => Promise<R> | R): Promise<R> | R {
    if (life.dead) return NEVER
    const trx: Transaction = { after: [] }
    const mark = this.ledger.mark()
    const undo = (thrown: unknown): never => {
      if (!life.dead) this.ledger.backTo(mark)
      throw thrown
    }
    this.#working = true
    try {
      const result = work(trx)
      if (!(result instanceof Promise)) return this.#end(life, trx, result)
      return result.then((value) => this.#end(life, trx, value)).catch(undo)
    } catch (thrown) {
      return undo(thrown)
    } finally {
      this.#working = false
    }
  }

  #end<R>(life: Life, trx: Transaction, result: R): Promise<R> | R {
    if (!life.passes('before-commit')) return NEVER
    this.ledger.forget()
    this.commits += 1
    if (!life.passes('after-commit')) return NEVER
    for (const then of trx.after) then()
    return result
  }
}

const nothing = (): void => undefined
