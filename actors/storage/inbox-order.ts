import { sql } from 'kysely'
import type { Database } from './schema.ts'

/** What waits in an inbox is found without passing over what was taken in the days before. */
export async function inboxOrder(db: Database): Promise<void> {
  await db.schema
    .createIndex('inbox_waiting')
    .on('inbox')
    .columns(['actor', 'position'])
    .where(sql.ref('event'), 'is not', null)
    .execute()
}
