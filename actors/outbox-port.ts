import type { Trx } from './storage/schema.ts'

/** A call that the gateway wants on the chain, once. */
export interface WantedCall {
  /** The same intent has the same id, whenever it is asked for again. */
  readonly id: string
  readonly kind: string
  readonly to: string
  /** Call data, 0x hex; empty for a plain payment. */
  readonly data: string
  readonly valueWei?: bigint
  /**
   * Gas limit, where the node cannot estimate it yet because earlier calls of ours are still on their way.
   */
  readonly gas?: number
}

/** The gateway's durable outbox, as far as its actors see it. */
export interface OutboxPort {
  /** Writes the call within the caller's transaction; it is signed and sent after the commit. */
  enqueue(trx: Trx, call: WantedCall): Promise<void>
}
