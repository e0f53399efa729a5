import { certificateTables } from './certificate-tables.ts'
import { createTables, type StoreKind, type Tables } from './create-tables.ts'
import { delegationTables } from './delegation-migration.ts'
import { inboxOrder } from './inbox-order.ts'
import { marketTables } from './market-migration.ts'
import { priceTables } from './price-tables.ts'
import type { Database } from './schema.ts'

export type { StoreKind } from './create-tables.ts'

/** A step from one schema version to the next; runs inside a transaction of its own. */
export type Migration = (db: Database, kind: StoreKind) => Promise<void>

const COMMON: Tables = [
  [
    'snapshot',
    ['machine'],
    { machine: 'text', version: 'int', step: 'int', json: 'text', checksum: 'text', saved_at_ms: 'int' },
  ],
  ['inbox', ['actor', 'id'], { actor: 'text', id: 'text', position: 'int', event: 'text?', at_ms: 'int' }],
  ['counter', ['name'], { name: 'text', value: 'int' }],
  ['journal', [], { at_ms: 'int', kind: 'text', json: 'text' }],
  ['cursor', ['contract'], { contract: 'text', block: 'int', hash: 'text', trail: 'text' }],
  ['secret', ['owner', 'purpose', 'epoch'], { owner: 'text', purpose: 'text', epoch: 'int', value: 'blob' }],
  [
    'board',
    ['board_id'],
    {
      board_id: 'int',
      account: 'text',
      kind: 'text',
      record_key: 'blob?',
      link_key: 'blob?',
      commissioned_at_ms: 'int',
      last_sequence: 'int?',
      last_uptime_ms: 'int?',
    },
  ],
  [
    'history',
    ['home', 'width_ms', 'start_ms'],
    {
      home: 'text',
      width_ms: 'int',
      start_ms: 'int',
      samples: 'int',
      import_wh: 'int',
      export_wh: 'int',
      water_ml: 'int',
      mean_power_w: 'int',
      peak_power_w: 'int',
    },
  ],
]

const OUTBOX: Tables = [
  [
    'intent',
    ['id'],
    {
      id: 'text',
      account: 'text',
      position: 'int',
      kind: 'text',
      target: 'text',
      data: 'blob',
      value: 'text',
      gas: 'int?',
      state: 'text',
      nonce: 'int?',
      alone: 'int',
      error: 'text?',
      block: 'int?',
      tx_hash: 'text?',
      created_at_ms: 'int',
      ended_at_ms: 'int?',
    },
  ],
  [
    'call',
    ['account', 'nonce'],
    {
      account: 'text',
      nonce: 'int',
      kind: 'text',
      target: 'text',
      data: 'blob',
      value: 'text',
      gas: 'int',
      state: 'text',
      context: 'text',
      created_at_ms: 'int',
    },
  ],
  [
    'attempt',
    ['hash'],
    {
      hash: 'text',
      account: 'text',
      nonce: 'int',
      raw: 'blob',
      max_fee_wei: 'text',
      tip_wei: 'text',
      signed_at_ms: 'int',
    },
  ],
]

const HOME: Tables = [
  [
    'sample',
    ['slot'],
    {
      slot: 'int',
      t: 'int',
      received_at_ms: 'int',
      status: 'text',
      reason: 'text?',
      sequence: 'int?',
      flags: 'int?',
      import_wh: 'int?',
      export_wh: 'int?',
      water_ml: 'int?',
      mean_power_w: 'int?',
      peak_power_w: 'int?',
      temperature_centi_c: 'int?',
      humidity_permille: 'int?',
      essential: 'blob?',
      extended: 'blob?',
    },
  ],
  [
    'sealed',
    ['slot'],
    {
      slot: 'int',
      sequence: 'int',
      epoch: 'int',
      delegation: 'int',
      recipient: 'text',
      envelope: 'blob',
      points: 'blob',
      extended_wire: 'blob?',
      extended_digest: 'blob',
      state: 'text',
      intent: 'text?',
      sealed_at_ms: 'int',
      block: 'int?',
      tx_hash: 'text?',
    },
  ],
  ['refused', [], { at_ms: 'int', board_id: 'int?', code: 'text', detail: 'text', bytes: 'blob' }],
  [
    'alarm',
    ['number'],
    {
      number: 'int',
      opened_at_ms: 'int',
      about: 'text',
      code: 'int',
      severity: 'int',
      resource: 'int',
      slot: 'int',
      t: 'int',
      value: 'int',
      limit_value: 'int',
      text: 'text',
      wire: 'blob',
      block: 'int',
      seen: 'int',
    },
  ],
]

const COMMUNITY: Tables = [
  [
    'member',
    ['account'],
    {
      account: 'text',
      peer_key: 'text',
      name: 'text',
      state: 'text',
      epoch: 'int?',
      delegation: 'int?',
      operation_key: 'blob?',
      admitted_block: 'int?',
      joined_at_ms: 'int',
      last_slot: 'int?',
      weight: 'int',
    },
  ],
  [
    'envelope',
    ['home', 'slot'],
    {
      home: 'text',
      slot: 'int',
      wire: 'blob',
      points: 'blob',
      sequence: 'int',
      epoch: 'int',
      delegation: 'int',
      extended: 'blob',
      block: 'int',
      block_hash: 'text',
      tx_hash: 'text',
      log_index: 'int',
      seen_at_ms: 'int',
    },
  ],
  [
    'reading',
    ['home', 'slot'],
    {
      home: 'text',
      slot: 'int',
      t: 'int',
      sequence: 'int',
      flags: 'int',
      import_wh: 'int',
      export_wh: 'int',
      water_ml: 'int',
      mean_power_w: 'int',
      peak_power_w: 'int',
      blindings: 'blob',
      fault: 'text?',
      accepted_at_ms: 'int',
      block: 'int',
    },
  ],
  [
    'extended',
    ['home', 'slot'],
    {
      home: 'text',
      slot: 'int',
      wire: 'blob',
      digest: 'blob',
      received_at_ms: 'int',
      checked: 'int',
      fault: 'text?',
    },
  ],
  [
    'total',
    ['period'],
    {
      period: 'int',
      homes: 'text',
      import_wh: 'int',
      export_wh: 'int',
      water_ml: 'int',
      blindings: 'blob',
      state: 'text',
      block: 'int?',
    },
  ],
  ['anchor', ['home', 'period'], { home: 'text', period: 'int', slot: 'int', digest: 'blob', block: 'int' }],
  [
    'quota',
    ['revision', 'home'],
    { revision: 'int', home: 'text', energy_wh: 'int', power_w: 'int', water_ml: 'int', block: 'int' },
  ],
  [
    'community_contract',
    ['revision'],
    {
      revision: 'int',
      from_period: 'int',
      energy_wh: 'int',
      power_w: 'int',
      water_ml: 'int',
      closed: 'int',
      block: 'int',
    },
  ],
  [
    'alarm_sent',
    ['id'],
    {
      id: 'text',
      home: 'text',
      code: 'int',
      severity: 'int',
      resource: 'int',
      slot: 'int',
      t: 'int',
      value: 'int',
      limit_value: 'int',
      text: 'text',
      envelope: 'blob?',
      number: 'int?',
      state: 'text',
      created_at_ms: 'int',
      block: 'int?',
    },
  ],
  ['void', ['home', 'slot'], { home: 'text', slot: 'int', kem_point: 'blob', dleq: 'blob', block: 'int' }],
]

const INDEXES = [
  ['intent', ['account', 'state', 'position']],
  ['intent', ['account', 'nonce']],
  ['attempt', ['account', 'nonce']],
  ['envelope', ['block']],
  ['reading', ['block']],
  ['reading', ['slot']],
  ['inbox', ['at_ms']],
  ['sealed', ['state']],
  ['alarm_sent', ['state']],
] as const

async function firstSchema(db: Database, kind: StoreKind): Promise<void> {
  await createTables(db, kind, [...COMMON, ...OUTBOX, ...HOME, ...COMMUNITY])
  for (const [name, columns] of INDEXES) {
    const index = db.schema.createIndex(`${name}_by_${columns.join('_')}`).on(name)
    await index.columns([...columns]).execute()
  }
}

/** Excesses: what the quota contract told of them, and what the community gateway holds of its own. */
const EXCESS: Tables = [
  [
    'excess_event',
    ['block', 'log_index'],
    {
      block: 'int',
      log_index: 'int',
      home: 'text',
      period: 'int',
      resource: 'int',
      kind: 'text',
      amount: 'int',
      last_block: 'int',
      value: 'int',
    },
  ],
  [
    'judgement',
    ['home', 'period', 'resource'],
    {
      home: 'text',
      period: 'int',
      resource: 'int',
      amount: 'int',
      slot: 'int?',
      round: 'int',
      why: 'text?',
    },
  ],
]

async function excessTables(db: Database, kind: StoreKind): Promise<void> {
  await createTables(db, kind, EXCESS)
  await db.schema
    .createIndex('excess_event_by_home')
    .on('excess_event')
    .columns(['home', 'period', 'resource'])
    .execute()
}

/**
 * In order; the schema version of a store is how many of these it has seen. Never change one that was
 * released.
 */
export const MIGRATIONS: readonly Migration[] = [
  firstSchema,
  excessTables,
  marketTables,
  priceTables,
  delegationTables,
  certificateTables,
  inboxOrder,
]
