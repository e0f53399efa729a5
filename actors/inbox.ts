import type { Trx } from './storage/schema.ts'
import type { Store } from './storage/store.ts'

/** An event for an actor of this store, which need not have begun. */
export interface Posted {
  /** The actor's name in the store. */
  readonly actor: string
  /** Names the event: it is taken once, however often it is posted. */
  readonly id: string
  readonly event: { readonly type: string }
  readonly atMs: number
}

const listeners = new WeakMap<Store, Map<string, () => void>>()

/**
 * Puts an event in an actor's inbox within the caller's transaction: what the transaction writes and the
 * event stand or fall together. It is taken after the commit, or when the actor begins.
 */
export async function postEvent(store: Store, trx: Trx, posted: Posted): Promise<void> {
  const { actor, id, event, atMs } = posted
  const newest = await trx
    .selectFrom('inbox')
    .select('position')
    .where('actor', '=', actor)
    .where('event', 'is not', null)
    .orderBy('position', 'desc')
    .limit(1)
    .executeTakeFirst()
  await trx
    .insertInto('inbox')
    .values({ actor, id, position: (newest?.position ?? 0) + 1, event: JSON.stringify(event), at_ms: atMs })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  store.afterCommit(trx, () => listeners.get(store)?.get(actor)?.())
}

/** Calls `wake` after each commit that posted for this actor, until the answer is called. */
export function listenForPosted(store: Store, actor: string, wake: () => void): () => void {
  const ofStore = listeners.get(store) ?? new Map<string, () => void>()
  listeners.set(store, ofStore.set(actor, wake))
  return () => {
    if (ofStore.get(actor) === wake) ofStore.delete(actor)
  }
}
