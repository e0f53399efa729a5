import type { AlarmSentTable } from '../../actors/storage/schema.ts'
import type { Store } from '../../actors/storage/store.ts'

async function inStates({ db }: Store, states: readonly AlarmSentTable['state'][]): Promise<number> {
  const row = await db
    .selectFrom('alarm_sent')
    .select((each) => each.fn.countAll<number>().as('count'))
    .where('state', 'in', states)
    .executeTakeFirst()
  return row?.count ?? 0
}

/** Alarms of a home's own that are not on the chain yet. */
export const unpublishedAlarms = (store: Store): Promise<number> => inStates(store, ['raised', 'sealed'])

/** Those that are. */
export const publishedAlarms = (store: Store): Promise<number> => inStates(store, ['published', 'final'])
