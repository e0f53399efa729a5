import { onStep } from './steps.ts'
import { writeSync } from 'node:fs'
import type { Store } from '../../actors/storage/store.ts'
import { leavesOf } from '../models/tour.ts'
import type { Death } from './wire.ts'

const STDERR = 2

export interface MortalOptions {
  /** Id of the machine whose steps count. */
  readonly machine: string
  /** The leaf states in which it begins. */
  readonly initial: readonly string[]
  readonly deaths: readonly Death[]
  /** Is told of every transaction that was outlived. */
  readonly onCommit?: () => void
}

/** A machine's steps in a process that ends itself by SIGKILL in a named state, at a named moment. */
export class MortalSteps {
  readonly #options: MortalOptions
  #next: readonly string[]
  /** Leaf states that are in the store; none before the machine is begun or found again. */
  kept: readonly string[] = []

  constructor(options: MortalOptions) {
    this.#options = options
    this.#next = options.initial
    onStep((machine, _from, to) => {
      if (machine === options.machine) this.#next = leavesOf(to)
    })
  }

  /** The machine was found again in this state. */
  found(value: unknown): void {
    this.kept = this.#next = leavesOf(value)
  }

  /** Written at once: nothing that is left in a buffer survives. */
  dieAt(hook: string, leaves: readonly string[] = this.kept): void {
    const death = this.#options.deaths.find((each) => each.hook === hook && leaves.includes(each.leaf))
    if (death === undefined) return
    writeSync(STDERR, `died ${JSON.stringify({ hook, leaves })}\n`)
    process.kill(process.pid, 'SIGKILL')
  }

  /** A store in which the process dies with a step made and not yet committed, or just committed. */
  store(store: Store): Store {
    return {
      ...{ kind: store.kind, where: store.where, db: store.db, close: () => store.close() },
      afterCommit: (trx, then) => store.afterCommit(trx, then),
      transaction: async (work) => {
        const made = await store.transaction(async (trx) => {
          const done = await work(trx)
          if (this.#next !== this.kept) this.dieAt('after receipt')
          return done
        })
        const isStep = this.#next !== this.kept
        this.kept = this.#next
        if (isStep) this.dieAt('after persist')
        this.#options.onCommit?.()
        return made
      },
    }
  }
}
