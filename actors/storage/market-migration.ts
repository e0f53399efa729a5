import { createTables, type StoreKind, type Tables } from './create-tables.ts'
import type { Database } from './schema.ts'

const MARKET: Tables = [
  [
    'auction',
    ['id'],
    {
      id: 'text',
      buyer: 'text',
      resource: 'int',
      period: 'int',
      from_slot: 'int',
      until_slot: 'int',
      amount: 'int',
      bond: 'text',
      seal: 'text',
      commit_end_ms: 'int',
      show_end_ms: 'int',
      reveal_s: 'int',
      offered_at_ms: 'int',
      block: 'int',
      max_price: 'text?',
      reveal_end_ms: 'int?',
      shown_block: 'int?',
      state: 'text',
      winner: 'text?',
      price: 'text?',
      failure: 'text?',
      decided_at_ms: 'int?',
      decided_block: 'int?',
      delivered: 'int?',
      paid: 'text?',
      penalty: 'text?',
      settled_at_ms: 'int?',
      settled_block: 'int?',
    },
  ],
  [
    'auction_bid',
    ['auction', 'seller'],
    {
      auction: 'text',
      seller: 'text',
      position: 'int',
      block: 'int',
      value: 'text?',
      revealed_block: 'int?',
    },
  ],
  [
    'auction_refund',
    ['auction', 'account'],
    { auction: 'text', account: 'text', amount: 'text', block: 'int' },
  ],
  [
    'own_trade',
    ['subject'],
    {
      subject: 'text',
      role: 'text',
      auction: 'text?',
      stage: 'text',
      request: 'text?',
      value: 'text?',
      salt: 'blob?',
      because: 'text?',
      bond: 'text?',
      attempts: 'int',
      round: 'int',
      created_at_ms: 'int',
    },
  ],
  ['trade_rule', ['id'], { id: 'text', position: 'int', enabled: 'int', form: 'text' }],
  [
    'trade_decision',
    ['at_ms', 'rule'],
    { at_ms: 'int', rule: 'text', resource: 'text', acted: 'int', text: 'text' },
  ],
  [
    'quota_exchange',
    ['block', 'log_index'],
    {
      block: 'int',
      log_index: 'int',
      giver: 'text',
      taker: 'text',
      period: 'int',
      resource: 'int',
      amount: 'int',
      from_slot: 'int',
      until_slot: 'int',
    },
  ],
]

/** The market: auctions as the chain has them, and a home's own part in them. */
export async function marketTables(db: Database, kind: StoreKind): Promise<void> {
  await createTables(db, kind, MARKET)
  await db.schema.createIndex('auction_by_state').on('auction').column('state').execute()
  await db.schema.createIndex('own_trade_by_stage').on('own_trade').column('stage').execute()
}
