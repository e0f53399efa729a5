import { sql } from 'kysely'
import { Fault } from '../../protocols/rules/fault.ts'
import { corruptStore, foreignStore } from './fault.ts'
import { MIGRATIONS, type Migration, type StoreKind } from './migrations.ts'
import type { Database } from './schema.ts'

const APPLICATION = 'meterhood'

async function hasMeta(db: Database, kind: StoreKind): Promise<boolean> {
  const found =
    kind === 'sqlite'
      ? await sql<{
          n: number
        }>`select count(*) as n from sqlite_master where type = 'table' and name = 'meta'`.execute(db)
      : await sql<{ n: number }>`select count(*) as n from information_schema.tables
          where table_schema = current_schema() and table_name = 'meta'`.execute(db)
  return found.rows[0]?.n === 1
}

async function readVersion(db: Database, where: string): Promise<number> {
  const rows = await db.selectFrom('meta').selectAll().where('key', 'in', ['application', 'schema']).execute()
  const meta = new Map(rows.map((row) => [row.key, row.value]))
  if (meta.get('application') !== APPLICATION) throw foreignStore(where, 'table meta is another program’s')
  const version = Number(meta.get('schema'))
  if (!Number.isSafeInteger(version) || version < 1) throw corruptStore(where, 'meta.schema is not a version')
  return version
}

async function createMeta(db: Database): Promise<void> {
  await db.schema
    .createTable('meta')
    .addColumn('key', 'text', (column) => column.primaryKey())
    .addColumn('value', 'text', (column) => column.notNull())
    .execute()
  await db
    .insertInto('meta')
    .values([
      { key: 'application', value: APPLICATION },
      { key: 'schema', value: '0' },
    ])
    .execute()
}

async function applyOne(db: Database, kind: StoreKind, version: number, migration: Migration): Promise<void> {
  await db.transaction().execute(async (trx) => {
    if (version === 0) await createMeta(trx)
    await migration(trx, kind)
    await trx
      .updateTable('meta')
      .set({ value: `${version + 1}` })
      .where('key', '=', 'schema')
      .execute()
  })
}

/**
 * Brings the store to this program's schema, one transaction for each step, so that a crash between
 * leaves a whole version. Throws `store-newer` when a later program has written it, `store-foreign` when
 * it is not ours.
 */
export async function migrate(
  db: Database,
  kind: StoreKind,
  where: string,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<void> {
  const known = migrations.length
  const found = (await hasMeta(db, kind)) ? await readVersion(db, where) : 0
  if (found > known) {
    throw new Fault(
      'store-newer',
      `${where}: written by a later version (schema ${found}, this one knows ${known}). Start that version`,
      { where, found, known },
    )
  }
  for (const [version, migration] of migrations.entries()) {
    if (version >= found) await applyOne(db, kind, version, migration)
  }
}

/** Refuses a store whose schema this program does not know exactly; for readers that may not migrate. */
export async function checkVersion(db: Database, kind: StoreKind, where: string): Promise<void> {
  const found = (await hasMeta(db, kind)) ? await readVersion(db, where) : 0
  if (found !== MIGRATIONS.length) {
    const facts = { where, found, known: MIGRATIONS.length }
    throw new Fault(
      'store-newer',
      `${where}: schema ${found}, this program reads ${MIGRATIONS.length}`,
      facts,
    )
  }
}
