import type { Revert } from '../../chain/proxy/refusals.ts'
import type { IntentState } from '../storage/schema.ts'
import type { Call, Intent, Outcome } from './call.ts'
import type { OutboxSettings } from './outbox-options.ts'

type Telling = readonly [intent: Intent, outcome: Outcome]

/**
 * Writes what calls have come to, and tells the owners of their intents: first within the transaction,
 * then after it.
 */
export class Tellings<T> {
  readonly #account: string
  readonly #options: OutboxSettings<T>

  constructor(account: string, options: OutboxSettings<T>) {
    this.#account = account
    this.#options = options
  }

  /** Commits every change of `calls` in one transaction. */
  async flush(calls: readonly Call[]): Promise<{ requeued: boolean }> {
    const changed = calls.filter((call) => call.dirty || call.untold.length > 0)
    if (changed.length === 0) return { requeued: false }
    const told = changed.flatMap((call) => this.#tellingsOf(call))
    await this.#options.keeping.transaction(async (trx) => {
      for (const call of changed) await this.#save(trx, call)
      for (const [intent, outcome] of told) await this.#options.apply?.(trx, intent, outcome)
    })
    for (const call of changed) {
      call.dirty = false
      call.untold = []
    }
    for (const [intent, outcome] of told) this.#options.onOutcome?.(intent, outcome)
    return { requeued: changed.some((call) => this.#endOf(call) === 'queued') }
  }

  /**
   * Intents whose contract reverts them before they are signed: alone they are failed, together they are
   * parted.
   */
  async refuse(intents: readonly Intent[], { error, detail }: Revert): Promise<void> {
    const { keeping, clock, apply, onOutcome } = this.#options
    const [first] = intents
    if (first === undefined) return
    if (intents.length > 1) {
      const ids = intents.map((intent) => intent.id)
      await keeping.transaction((trx) => keeping.separate(trx, ids))
      return
    }
    const outcome: Outcome = { ...NEVER_SIGNED, error, detail }
    await keeping.transaction(async (trx) => {
      await keeping.failIntent(trx, first.id, error, clock.nowMs())
      await apply?.(trx, first, outcome)
    })
    onOutcome?.(first, outcome)
  }

  async #save(trx: T, call: Call): Promise<void> {
    const { keeping, clock } = this.#options
    await keeping.saveCall(trx, this.#account, call)
    const end = this.#endOf(call)
    const alone = call.state === 'final' && !this.#isMendable(call)
    if (end === 'queued') await keeping.requeueIntents(trx, this.#account, call, alone)
    else if (end !== undefined) await keeping.endIntents(trx, this.#account, call, clock.nowMs())
  }

  #tellingsOf(call: Call): Telling[] {
    return call.untold.flatMap((outcome) => {
      const ends = outcome.state === 'final' || outcome.state === 'lost'
      const told = ends ? { ...outcome, state: this.#endOf(call) ?? outcome.state } : outcome
      return call.intents.map((intent): Telling => [intent, told])
    })
  }

  /**
   * What becomes of a call's intents when the call has ended: `queued` again when it can never take effect
   * and they may do better by themselves, or made anew.
   */
  #endOf(call: Call): IntentState | undefined {
    if (call.state === 'lost') return 'queued'
    if (call.state !== 'final') return undefined
    if (call.context.ok) return 'final'
    return call.intents.length > 1 || this.#isMendable(call) ? 'queued' : 'failed'
  }

  #isMendable({ row, context }: Call): boolean {
    return this.#options.mendable?.(row.kind, context.error ?? '') ?? false
  }
}

const NEVER_SIGNED: Outcome = {
  state: 'failed',
  nonce: -1,
  sinceBlock: 0,
  replacements: 0,
  block: null,
  blockHash: null,
  transactionHash: null,
  ok: false,
  gasUsed: 0,
  error: null,
  detail: null,
}
