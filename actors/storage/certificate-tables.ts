import { createTables, type StoreKind, type Tables } from './create-tables.ts'
import type { Database } from './schema.ts'

/** A final block, and the votes that make it so: JSON of `{signer, signature}`, signatures in hex. */
export interface CertificateTable {
  number: number
  hash: string
  votes: string
  kept_at_ms: number
}

const CERTIFICATES: Tables = [
  ['certificate', ['number'], { number: 'int', hash: 'text', votes: 'text', kept_at_ms: 'int' }],
]

/** What the signers' votes made final. */
export function certificateTables(db: Database, kind: StoreKind): Promise<void> {
  return createTables(db, kind, CERTIFICATES)
}
