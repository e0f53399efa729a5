import { sql } from 'kysely'
import type { Store } from './store.ts'

/**
 * Takes what was deleted out of the files as well: SQLite overwrites deleted rows (`secure_delete`), and its
 * log, which still holds them, is emptied here; PostgreSQL reclaims the rows of deleted secrets.
 */
export async function scrubSecrets({ kind, db }: Pick<Store, 'kind' | 'db'>): Promise<void> {
  if (kind === 'sqlite') await sql`pragma wal_checkpoint(truncate)`.execute(db)
  else await sql`vacuum secret`.execute(db)
}
