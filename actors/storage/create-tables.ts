import { type ColumnDefinitionBuilder, type CreateTableBuilder, sql } from 'kysely'
import type { Database } from './schema.ts'

export type StoreKind = 'sqlite' | 'postgres'

export type Columns = Readonly<Record<string, 'int' | 'text' | 'blob' | 'int?' | 'text?' | 'blob?'>>

const required = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull()
const optional = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column

const TYPES = {
  sqlite: { int: 'integer', text: 'text', blob: 'blob' },
  postgres: { int: 'bigint', text: 'text', blob: 'bytea' },
} as const

/** A table of plain columns with its primary key; without one, a counting `id` is the key. */
async function createTable(db: Database, kind: StoreKind, name: string, key: string[], columns: Columns) {
  let builder: CreateTableBuilder<string, string> = db.schema.createTable(name)
  if (key.length === 0) builder = withSerial(builder, kind)
  for (const [column, type] of Object.entries(columns)) {
    const nullable = type.endsWith('?')
    const base = nullable ? type.slice(0, -1) : type
    if (base !== 'int' && base !== 'text' && base !== 'blob') continue
    builder = builder.addColumn(column, sql.raw(TYPES[kind][base]), nullable ? optional : required)
  }
  if (key.length > 0) builder = builder.addPrimaryKeyConstraint(`${name}_key`, key)
  await builder.execute()
}

const withSerial = (builder: CreateTableBuilder<string, string>, kind: StoreKind) =>
  kind === 'sqlite'
    ? builder.addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
    : builder.addColumn('id', 'bigserial', (column) => column.primaryKey())

export type Tables = readonly (readonly [name: string, key: string[], columns: Columns])[]

/** Creates tables in the order given. */
export async function createTables(db: Database, kind: StoreKind, tables: Tables): Promise<void> {
  for (const [name, key, columns] of tables) await createTable(db, kind, name, key, columns)
}
