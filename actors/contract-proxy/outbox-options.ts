import type { Abi } from '../../chain/proxy/facts.ts'
import type { ChainFeed } from '../../chain/proxy/feed.ts'
import type { FeeRules } from '../../chain/proxy/fees.ts'
import type { Signer } from '../../chain/proxy/signing.ts'
import type { Clock } from '../../protocols/rules/clock.ts'
import type { IntentState, Trx } from '../storage/schema.ts'
import type { Store } from '../storage/store.ts'
import type { Inspector } from '../inspection/inspector.ts'
import type { Intent, Outcome } from './call.ts'
import type { OutboxKeeping } from './outbox-keeping.ts'

/** What a gateway wants done on the chain. */
export interface IntentRequest {
  /** Unique for ever: asked twice, it is done once. */
  readonly id: string
  readonly kind: string
  readonly to: string
  /** Calldata; for a kind that is merged, the body that `merge` makes calldata from. */
  readonly data: Uint8Array
  readonly valueWei?: bigint
  /**
   * Gas limit; without it the node estimates, and an intent that would revert is failed before it is
   * signed.
   */
  readonly gas?: number
}

/** One call made of the first `taken` bodies. */
export interface Merged {
  readonly data: Uint8Array
  readonly taken: number
  readonly gas?: number
}

/** How intents of a kind that is merged wait for each other, so that a call carries several. */
export interface Gathering {
  /** So many go in one call. */
  readonly count: number
  /** … but the oldest of them waits no longer than this. */
  readonly longestMs: number
}

/** What an outbox is made of, wherever it is kept and however it signs; `T` is a transaction there. */
export interface OutboxSettings<T> {
  readonly keeping: OutboxKeeping<T>
  readonly feed: ChainFeed
  readonly signer: Signer
  readonly clock: Clock
  /** Who watches what calls do, for the state-chart viewer. */
  readonly inspector?: Inspector | undefined
  readonly fees?: FeeRules
  /** Kinds whose waiting intents go together, and how. Also called with one body. */
  readonly mergeable?: readonly string[]
  readonly merge?: (kind: string, bodies: readonly Uint8Array[]) => Merged
  /** Without it they go at once, together only with those that wait already. */
  readonly gather?: Gathering
  /** ABIs whose errors are named in outcomes. */
  readonly abis?: readonly Abi[]
  /** Whether a canonical block can never be undone; asked only for blocks that are confirmed. */
  readonly isFinal: (block: { number: number; hash: string }) => boolean | Promise<boolean>
  readonly maxInFlight?: number
  /**
   * Looks once more at what waits, just before it is signed: gives the first of them that may go, with the
   * bodies that they have by now.
   */
  readonly refresh?: (waiting: readonly Intent[]) => Promise<readonly Intent[]>
  /** Whether calls of mergeable kinds go one at a time now: a later one must not pass one that is refused. */
  readonly singly?: () => boolean
  /** Whether a body that the contract refused waits again, to be made anew by `refresh`. */
  readonly mendable?: (kind: string, error: string) => boolean
  /** Within the transaction that notes the outcome. */
  readonly apply?: (trx: T, intent: Intent, outcome: Outcome) => Promise<void>
  /** After it. */
  readonly onOutcome?: (intent: Intent, outcome: Outcome) => void
  readonly onFault: (thrown: unknown, about: string) => void
}

/** What an outbox in a gateway's store is made of. */
export interface OutboxOptions extends Omit<OutboxSettings<Trx>, 'keeping' | 'signer' | 'inspector'> {
  readonly store: Store
  readonly signerKey: Uint8Array
}

/** The durable outbox of one account: it alone decides the account's nonces (DESIGN §7). */
export interface AccountOutbox<T = Trx> {
  readonly account: string
  /** Writes the intent in the caller's transaction; it is signed and sent after the commit. */
  enqueue(trx: T, request: IntentRequest): Promise<void>
  /** From now on no intent waits for others to go with. */
  hurry(): void
  /** Something changed that `refresh` goes by: looks again at what waits. */
  wake(): void
  /** How many intents are in each state. */
  counts(): Promise<Partial<Record<IntentState, number>>>
  /** Resolves when no intent waits or is on its way outside a block, or at the limit; tells which. */
  drained(limitMs: number): Promise<boolean>
  stop(): Promise<void>
}
