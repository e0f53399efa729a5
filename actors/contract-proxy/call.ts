import type { Selectable } from 'kysely'
import { createActor, type SnapshotFrom } from 'xstate'
import { z } from 'zod'
import type { ChainBlock } from '../../chain/proxy/block.ts'
import type { Fee } from '../../chain/proxy/fees.ts'
import type { Receipt } from '../../chain/proxy/replies.ts'
import { corruptStore } from '../storage/fault.ts'
import type { CallTable, IntentState, IntentTable } from '../storage/schema.ts'
import type { Inspector } from '../inspection/inspector.ts'
import { pureStep } from '../pure-step.ts'
import { tracedSteps } from '../inspection/traced.ts'
import { type CallContext, type CallEvent, intentMachine } from './intent-machine.ts'

export type Intent = Selectable<IntentTable>

/** Bytes that were signed for a call. */
export interface Attempt extends Fee {
  readonly hash: string
  readonly raw: Uint8Array
}

/** How far an intent has come, as its owner is told. */
export interface Outcome extends CallContext {
  readonly state: IntentState
  readonly nonce: number
}

type Snapshot = SnapshotFrom<typeof intentMachine>
type Row = Omit<Selectable<CallTable>, 'state' | 'context' | 'created_at_ms' | 'account'>

const contextSchema = z.object({
  sinceBlock: z.number(),
  replacements: z.number(),
  block: z.number().nullable(),
  blockHash: z.string().nullable(),
  transactionHash: z.string().nullable(),
  ok: z.boolean(),
  gasUsed: z.number(),
  error: z.string().nullable(),
  detail: z.string().nullable(),
})

const FIRST = createActor(intentMachine).getSnapshot()

/** States in which no block holds the call. */
const OUTSIDE = new Set<IntentState>(['signed', 'sent', 'underpriced', 'stalled', 'rejected', 'reorged'])

/** One use of the account's nonce in memory: its machine, the bytes signed for it, the intents it carries. */
export class Call {
  readonly row: Row
  readonly intents: readonly Intent[]
  readonly attempts: Attempt[]
  #snapshot: Snapshot
  /** Whether the store does not have the newest state yet. */
  dirty = false
  /** Whether the node may not have the newest bytes. */
  unsent = false
  wantsReplacement = false
  /** The head at which the node said that another transaction has this nonce. */
  usedAt: { number: number; hash: string } | undefined
  /** What its intents' owner has not been told. */
  untold: Outcome[] = []
  #inspector: Inspector | undefined

  constructor(
    row: Row,
    intents: readonly Intent[],
    attempts: readonly Attempt[],
    snapshot: Snapshot = FIRST,
  ) {
    this.row = row
    this.intents = intents
    this.attempts = [...attempts]
    this.#snapshot = snapshot
  }

  static restore(
    stored: Selectable<CallTable>,
    intents: readonly Intent[],
    attempts: readonly Attempt[],
  ): Call {
    const context = contextSchema.safeParse(JSON.parse(stored.context))
    if (!context.success) throw corruptStore(`call ${stored.nonce}`, 'its context cannot be read')
    const snapshot = intentMachine.resolveState({ value: stateValue(stored.state), context: context.data })
    const call = new Call(stored, intents, attempts, snapshot)
    call.unsent = OUTSIDE.has(call.state)
    return call
  }

  get nonce(): number {
    return this.row.nonce
  }

  get state(): IntentState {
    return this.#snapshot.value
  }

  get context(): CallContext {
    return this.#snapshot.context
  }

  get isOutside(): boolean {
    return OUTSIDE.has(this.state)
  }

  /** The bytes that stand for the call now. */
  get newest(): Attempt | undefined {
    return this.attempts.at(-1)
  }

  /** Where a block holds whichever bytes of the call. */
  receiptIn(block: ChainBlock): Receipt | undefined {
    if (block.receipts.length === 0) return undefined
    return this.attempts.map(({ hash }) => block.receiptOf(hash)).find((found) => found !== undefined)
  }

  /** The pure step; what it asks for is noted and done after the commit. */
  step(event: CallEvent): void {
    const before = this.#snapshot
    const [next, actions] = pureStep(intentMachine, before, event)
    if (next.value !== this.#snapshot.value || next.context !== this.#snapshot.context) this.dirty = true
    this.#snapshot = next
    for (const { type } of actions) {
      if (type === 'send') this.unsent = true
      if (type === 'replace') this.wantsReplacement = true
      if (type === 'tell') this.untold.push(this.outcome())
    }
    if (!this.isOutside) this.unsent = this.wantsReplacement = false
    this.#tellInspector(before, event, actions)
  }

  /** From now on the steps of this call are recorded. */
  inspectedBy(inspector: Inspector | undefined): this {
    this.#inspector = inspector
    inspector?.began(this.#subject, this.#snapshot)
    return this
  }

  get #subject() {
    const { newest } = this
    const hash = newest === undefined ? [] : [`tx:${newest.hash}`]
    const names = [...this.intents.map(({ id }) => id), ...hash]
    return { machine: intentMachine, actor: `intent:${this.nonce}:${this.row.kind}`, names }
  }

  /** A head that changes nothing is told to every call at every block: it is not recorded. */
  #tellInspector(before: Snapshot, event: CallEvent, actions: readonly { type: string }[]): void {
    if (this.#inspector === undefined) return
    const transitions = tracedSteps(intentMachine, before, event)
    if (event.type === 'head' && transitions.flat().length === 0) return
    const taken = { event, after: this.#snapshot, transitions, actions: actions.map(({ type }) => type) }
    this.#inspector.stepped(this.#subject, { ...taken, waiting: 0 })
  }

  outcome(state: IntentState = this.state): Outcome {
    return { ...this.context, state, nonce: this.nonce }
  }
}

function stateValue(state: IntentState): Snapshot['value'] {
  if (state === 'failed') throw corruptStore('call', 'a call cannot be in state failed')
  return state
}
