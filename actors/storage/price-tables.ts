import { sql } from 'kysely'
import { createTables, type StoreKind, type Tables } from './create-tables.ts'
import type { Database } from './schema.ts'

/** A price that the token's contract took, at every gateway: what trades are weighed by. */
export interface PostedPriceTable {
  block: number
  log_index: number
  /** The resource's number; 0 for the token itself. */
  subject: number
  /** Micro-euro a unit, in decimal digits; of the token Z_T in wei. */
  amount: string
  at_ms: number
}

const PRICES: Tables = [
  [
    'posted_price',
    ['block', 'log_index'],
    { block: 'int', log_index: 'int', subject: 'int', amount: 'text', at_ms: 'int' },
  ],
]

/** Prices that were taken, and by which of its places the contract knows a loan of power. */
export async function priceTables(db: Database, kind: StoreKind): Promise<void> {
  await createTables(db, kind, PRICES)
  await db.schema
    .alterTable('quota_exchange')
    .addColumn('giver_place', sql.raw(kind === 'sqlite' ? 'integer' : 'bigint'), (column) =>
      column.notNull().defaultTo(0),
    )
    .execute()
}
