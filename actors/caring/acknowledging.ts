import { ACKNOWLEDGED_MAX } from '../../protocols/messages/delegation-desk.ts'
import type { Acknowledgement } from '../../protocols/crypto/acknowledgement.ts'
import type { Store } from '../storage/store.ts'

/** The values of the column `acknowledged`. */
export const ACKNOWLEDGED = { waits: 0, taken: 1, refused: 2 } as const

/** Hands the acknowledged slots to the community, which answers for each; throws while it is away. */
export type HandOver = (
  delegation: number,
  slots: readonly Acknowledgement[],
) => Promise<{ readonly taken: readonly number[]; readonly refused: readonly number[] }>

async function mark(
  store: Store,
  delegation: number,
  given: readonly Acknowledgement[],
  slots: readonly number[],
  acknowledged: number,
): Promise<void> {
  const answered = given.filter(({ slot }) => slots.includes(slot))
  await store.transaction(async (trx) => {
    for (const { slot, receipt } of answered) {
      await trx
        .updateTable('cared_reading')
        .set({ acknowledged })
        .where('delegation', '=', delegation)
        .where('slot', '=', slot)
        // A reading that came meanwhile waits for its own acknowledgement.
        .where('receipt', '=', receipt)
        .execute()
    }
  })
}

/** Acknowledges what was watched up to a slot, in its order, as much as the community takes now. */
export async function acknowledgeWatched(
  store: Store,
  delegation: number,
  watchedTo: number,
  handOver: HandOver,
): Promise<void> {
  let after = -1
  for (;;) {
    const given = await store.db
      .selectFrom('cared_reading')
      .select(['slot', 'receipt'])
      .where('delegation', '=', delegation)
      .where('acknowledged', '=', ACKNOWLEDGED.waits)
      .where('slot', '<=', watchedTo)
      .where('slot', '>', after)
      .orderBy('slot')
      .limit(ACKNOWLEDGED_MAX)
      .execute()
    const last = given.at(-1)
    if (last === undefined) return
    const { taken, refused } = await handOver(delegation, given)
    await mark(store, delegation, given, taken, ACKNOWLEDGED.taken)
    await mark(store, delegation, given, refused, ACKNOWLEDGED.refused)
    // What the community cannot judge yet goes with the next.
    after = last.slot
  }
}

/** Whether every slot that was watched is answered for. */
export async function isAcknowledged({ db }: Store, delegation: number): Promise<boolean> {
  const waiting = await db
    .selectFrom('cared_reading')
    .select('slot')
    .where('delegation', '=', delegation)
    .where('acknowledged', '=', ACKNOWLEDGED.waits)
    .limit(1)
    .executeTakeFirst()
  return waiting === undefined
}
