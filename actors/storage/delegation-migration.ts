import { createTables, type StoreKind, type Tables } from './create-tables.ts'
import type { Database } from './schema.ts'

const DELEGATION: Tables = [
  [
    'delegation',
    ['id'],
    {
      id: 'int',
      delegator: 'text',
      delegatee: 'text',
      functions: 'int',
      from_slot: 'int',
      until_slot: 'int',
      agreed_until_slot: 'int',
      reward: 'text',
      terms: 'text',
      block: 'int',
      ended_by: 'text?',
      ended_block: 'int?',
      watched_count: 'int?',
      watched_root: 'text?',
      paid: 'text?',
      claimed_block: 'int?',
      returned: 'text?',
      returned_block: 'int?',
    },
  ],
  [
    'delegation_epoch_key',
    ['delegation', 'epoch'],
    { delegation: 'int', epoch: 'int', key: 'blob', from_slot: 'int', block: 'int' },
  ],
  [
    'delegation_number',
    ['id'],
    { id: 'int', negotiation: 'text', delegator: 'text', delegatee: 'text', given_at_ms: 'int' },
  ],
  ['watched', ['delegation', 'slot'], { delegation: 'int', slot: 'int', receipt: 'blob', at_ms: 'int' }],
  [
    'own_delegation',
    ['negotiation'],
    {
      negotiation: 'text',
      role: 'text',
      peer: 'text',
      delegation: 'int?',
      state: 'text',
      began_at_ms: 'int',
      ended_at_ms: 'int?',
    },
  ],
  [
    'cared_reading',
    ['delegation', 'slot'],
    {
      delegation: 'int',
      home: 'text',
      slot: 'int',
      epoch: 'int',
      fault: 'text?',
      t: 'int',
      import_wh: 'int',
      export_wh: 'int',
      water_ml: 'int',
      mean_power_w: 'int',
      peak_power_w: 'int',
      receipt: 'blob',
      acknowledged: 'int',
      opened_at_ms: 'int',
      block: 'int',
    },
  ],
]

/** Delegations as the chain has them, what was given out and acknowledged, and a home's own part in them. */
export async function delegationTables(db: Database, kind: StoreKind): Promise<void> {
  await createTables(db, kind, DELEGATION)
  await db.schema
    .createIndex('delegation_number_by_negotiation')
    .unique()
    .on('delegation_number')
    .column('negotiation')
    .execute()
}
