import type { Database, IntentState, Trx } from '../storage/schema.ts'
import { Call, type Attempt, type Intent } from './call.ts'
import type { IntentRequest } from './outbox-options.ts'

/** Intents in these states need nothing more than time. */
const ON_CHAIN: readonly IntentState[] = ['included', 'confirmed', 'final', 'failed']

/** Writes an intent; one with the same id stays as it is. */
export async function insertIntent(
  trx: Trx,
  account: string,
  position: number,
  { id, kind, to, data, valueWei = 0n, gas }: IntentRequest,
  nowMs: number,
): Promise<void> {
  const asked = { id, account, position, kind, target: to.toLowerCase(), data, value: `${valueWei}` }
  const open = { state: 'queued', nonce: null, alone: 0, error: null, block: null, tx_hash: null } as const
  await trx
    .insertInto('intent')
    .values({ ...asked, ...open, gas: gas ?? null, created_at_ms: nowMs, ended_at_ms: null })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

/** Intents that wait for a nonce, oldest first, but for those of the kinds in `held`. */
export function queuedIntents(
  db: Database,
  account: string,
  limit: number,
  held: readonly string[],
): Promise<Intent[]> {
  const waiting = db
    .selectFrom('intent')
    .selectAll()
    .where('account', '=', account)
    .where('state', '=', 'queued')
  const wanted = held.length === 0 ? waiting : waiting.where('kind', 'not in', [...held])
  return wanted.orderBy('position').limit(limit).execute()
}

/** Whether an intent waits, or is on its way outside a block. */
export async function isWaiting(db: Database, account: string): Promise<boolean> {
  const waiting = await db
    .selectFrom('intent')
    .select('id')
    .where('account', '=', account)
    .where('state', 'not in', ON_CHAIN)
    .executeTakeFirst()
  return waiting !== undefined
}

/** How many intents are in each state. */
export async function countIntents(
  db: Database,
  account: string,
): Promise<Partial<Record<IntentState, number>>> {
  const found = await db
    .selectFrom('intent')
    .select((row) => ['state', row.fn.countAll<number>().as('n')])
    .where('account', '=', account)
    .groupBy('state')
    .execute()
  return Object.fromEntries(found.map((row) => [row.state, row.n]))
}

/** The next place in the order of arrival, and the nonce after the last one used. */
export async function lastNumbers(
  db: Database,
  account: string,
): Promise<{ position: number; nonce: number }> {
  const position = await db
    .selectFrom('intent')
    .select((row) => row.fn.max('position').as('last'))
    .where('account', '=', account)
    .executeTakeFirst()
  const nonce = await db
    .selectFrom('call')
    .select((row) => row.fn.max('nonce').as('last'))
    .where('account', '=', account)
    .executeTakeFirst()
  return { position: position?.last ?? 0, nonce: (nonce?.last ?? -1) + 1 }
}

function byNonce<T extends { nonce: number | null }>(rows: readonly T[]): Map<number | null, T[]> {
  const groups = new Map<number | null, T[]>()
  for (const row of rows) groups.set(row.nonce, [...(groups.get(row.nonce) ?? []), row])
  return groups
}

async function attemptsFrom(
  db: Database,
  account: string,
  nonce: number,
): Promise<Map<number | null, Attempt[]>> {
  const rows = await db
    .selectFrom('attempt')
    .selectAll()
    .where('account', '=', account)
    .where('nonce', '>=', nonce)
    .execute()
  const ordered = rows.map((row) => ({
    nonce: row.nonce,
    hash: row.hash,
    raw: row.raw,
    maxFeeWei: BigInt(row.max_fee_wei),
    tipWei: BigInt(row.tip_wei),
  }))
  ordered.sort((a, b) => (a.maxFeeWei < b.maxFeeWei ? -1 : 1))
  return byNonce(ordered)
}

async function intentsFrom(
  db: Database,
  account: string,
  nonce: number,
): Promise<Map<number | null, Intent[]>> {
  const rows = await db
    .selectFrom('intent')
    .selectAll()
    .where('account', '=', account)
    .where('nonce', '>=', nonce)
    .orderBy('position')
    .execute()
  return byNonce(rows)
}

async function restoreCalls(
  db: Database,
  account: string,
  rows: Parameters<typeof Call.restore>[0][],
): Promise<Call[]> {
  const first = rows[0]
  if (first === undefined) return []
  const attempts = await attemptsFrom(db, account, first.nonce)
  const intents = await intentsFrom(db, account, first.nonce)
  return rows.map((row) => Call.restore(row, intents.get(row.nonce) ?? [], attempts.get(row.nonce) ?? []))
}

/** Calls that are on their way. */
export async function activeCalls(db: Database, account: string): Promise<Call[]> {
  const rows = await db
    .selectFrom('call')
    .selectAll()
    .where('account', '=', account)
    .where('state', 'not in', ['final', 'lost'])
    .orderBy('nonce')
    .execute()
  return restoreCalls(db, account, rows)
}

/** Final calls from a nonce on: a chain that came back older than final needs their bytes again. */
export async function finalCallsFrom(db: Database, account: string, nonce: number): Promise<Call[]> {
  const rows = await db
    .selectFrom('call')
    .selectAll()
    .where('account', '=', account)
    .where('state', '=', 'final')
    .where('nonce', '>=', nonce)
    .orderBy('nonce')
    .execute()
  return restoreCalls(db, account, rows)
}

/** A call with its first bytes, and its intents bound to it. */
export async function insertCall(trx: Trx, account: string, call: Call, nowMs: number): Promise<void> {
  const { nonce, kind, target, data, value, gas } = call.row
  const row = { account, nonce, kind, target, data, value, gas, created_at_ms: nowMs }
  await trx
    .insertInto('call')
    .values({ ...row, state: call.state, context: JSON.stringify(call.context) })
    .execute()
  for (const attempt of call.attempts) await insertAttempt(trx, account, nonce, attempt, nowMs)
  if (call.intents.length === 0) return
  const ids = call.intents.map((intent) => intent.id)
  await trx.updateTable('intent').set({ nonce, state: call.state }).where('id', 'in', ids).execute()
}

export async function insertAttempt(
  trx: Trx,
  account: string,
  nonce: number,
  { hash, raw, maxFeeWei, tipWei }: Attempt,
  nowMs: number,
): Promise<void> {
  const fee = { max_fee_wei: `${maxFeeWei}`, tip_wei: `${tipWei}` }
  await trx
    .insertInto('attempt')
    .values({ hash, account, nonce, raw, ...fee, signed_at_ms: nowMs })
    .execute()
}

/** The newest state of a call, on its row and on its intents'. */
export async function saveCall(trx: Trx, account: string, call: Call): Promise<void> {
  const { state, context, nonce } = call
  await trx
    .updateTable('call')
    .set({ state, context: JSON.stringify(context) })
    .where('account', '=', account)
    .where('nonce', '=', nonce)
    .execute()
  const { block, transactionHash, error } = context
  await trx
    .updateTable('intent')
    .set({ state, block, tx_hash: transactionHash, error })
    .where('account', '=', account)
    .where('nonce', '=', nonce)
    .execute()
}

/** The end of the intents of a call: done, or failed with the contract's error. */
export async function endIntents(trx: Trx, account: string, call: Call, nowMs: number): Promise<void> {
  await trx
    .updateTable('intent')
    .set({ state: call.context.ok ? 'final' : 'failed', ended_at_ms: nowMs })
    .where('account', '=', account)
    .where('nonce', '=', call.nonce)
    .execute()
}

/** Intents whose call can never take effect wait again, at their old place. */
export async function requeueIntents(trx: Trx, account: string, call: Call, alone: boolean): Promise<void> {
  await trx
    .updateTable('intent')
    .set({ state: 'queued', nonce: null, block: null, tx_hash: null, ...(alone ? { alone: 1 } : {}) })
    .where('account', '=', account)
    .where('nonce', '=', call.nonce)
    .execute()
}

/** An intent that its contract refuses before anything is signed. */
export async function failIntent(trx: Trx, id: string, error: string, nowMs: number): Promise<void> {
  await trx
    .updateTable('intent')
    .set({ state: 'failed', error, ended_at_ms: nowMs })
    .where('id', '=', id)
    .execute()
}

/** Intents that travel alone from now on. */
export async function separate(trx: Trx, ids: readonly string[]): Promise<void> {
  await trx.updateTable('intent').set({ alone: 1 }).where('id', 'in', ids).execute()
}
