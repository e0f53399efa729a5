import type { Store } from './storage/store.ts'

/** The tries of one call so far, and how the newest of them stands. */
export interface CallTries {
  readonly count: number
  /** The newest is on its way, or was done. */
  readonly stands: boolean
  readonly failed: boolean
  readonly error: string | null
}

/** Reads the tries of a call whose names begin with `prefix`. */
export async function triesOf({ db }: Store, prefix: string): Promise<CallTries> {
  const rows = await db
    .selectFrom('intent')
    .select(['state', 'error'])
    .where('id', 'like', `${prefix}%`)
    .orderBy('position', 'desc')
    .execute()
  const newest = rows[0]
  const failed = newest?.state === 'failed' || newest?.state === 'lost'
  return {
    count: rows.length,
    stands: newest !== undefined && !failed,
    failed,
    error: newest?.error ?? null,
  }
}
