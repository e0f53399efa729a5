import { ACKNOWLEDGED } from '../caring/acknowledging.ts'
import { DAY_MS, HISTORY_WIDTHS_MS, type RetentionPlan, rollUp } from './retention.ts'
import type { Trx } from './schema.ts'
import type { Store } from './store.ts'

/** How many rows went, by table. */
export type Pruned = Readonly<Record<string, number>>

/**
 * Lets go what `plan` allows. Samples become history a day at a time, each day in one transaction, so
 * that a crash leaves whole days. `home` is the account whose samples these are.
 */
export async function prune(store: Store, home: string, plan: RetentionPlan): Promise<Pruned> {
  const pruned: Record<string, number> = {}
  if (plan.samples !== undefined) pruned['sample'] = await pruneSamples(store, home, plan.samples)
  await store.transaction(async (trx) => {
    for (const [table, run] of Object.entries(DELETIONS)) pruned[table] = await run(trx, plan)
  })
  return pruned
}

async function pruneSamples(store: Store, home: string, before: number): Promise<number> {
  let gone = 0
  for (;;) {
    const first = await store.db
      .selectFrom('sample')
      .select('t')
      .where('t', '<=', before)
      .orderBy('t')
      .limit(1)
      .executeTakeFirst()
    if (first === undefined) return gone
    const dayEnd = Math.min(before, (Math.floor((first.t - 1) / DAY_MS) + 1) * DAY_MS)
    gone += await store.transaction((trx) => pruneDay(trx, home, dayEnd))
  }
}

async function pruneDay(trx: Trx, home: string, dayEnd: number): Promise<number> {
  const samples = await trx
    .selectFrom('sample')
    .select(['t', 'import_wh', 'export_wh', 'water_ml', 'mean_power_w', 'peak_power_w'])
    .where('t', '<=', dayEnd)
    .where('status', '!=', 'rejected')
    .where('import_wh', 'is not', null)
    .$narrowType<{ import_wh: number; export_wh: number; water_ml: number }>()
    .$narrowType<{ mean_power_w: number; peak_power_w: number }>()
    .execute()
  for (const width of HISTORY_WIDTHS_MS) {
    for (const row of rollUp(home, samples, width)) {
      await trx
        .insertInto('history')
        .values(row)
        .onConflict((conflict) => conflict.doNothing())
        .execute()
    }
  }
  const gone = await trx.deleteFrom('sample').where('t', '<=', dayEnd).executeTakeFirst()
  return Number(gone.numDeletedRows)
}

type Deletion = (trx: Trx, plan: RetentionPlan) => Promise<number>

const count = async (deleting: Promise<{ numDeletedRows: bigint }>): Promise<number> =>
  Number((await deleting).numDeletedRows)

/** A moment before all rows: what no rule names is kept. */
const NEVER = -1

const DELETIONS: Readonly<Record<string, Deletion>> = {
  history: (trx, { quarterHours = NEVER }) =>
    count(
      trx
        .deleteFrom('history')
        .where('width_ms', '=', HISTORY_WIDTHS_MS[0])
        .where('start_ms', '<', quarterHours)
        .executeTakeFirst(),
    ),
  sealed: (trx, { sealed = NEVER }) =>
    count(
      trx
        .deleteFrom('sealed')
        .where('state', '=', 'final')
        .where('sealed_at_ms', '<', sealed)
        .executeTakeFirst(),
    ),
  extended: (trx, { extended = NEVER }) =>
    count(
      trx
        .deleteFrom('extended')
        .where('checked', '=', 1)
        .where('received_at_ms', '<', extended)
        .executeTakeFirst(),
    ),
  cared: (trx, { cared = NEVER }) =>
    count(
      trx
        .deleteFrom('cared_reading')
        .where('acknowledged', '!=', ACKNOWLEDGED.waits)
        .where('opened_at_ms', '<', cared)
        .executeTakeFirst(),
    ),
  refused: (trx, { refusedFrames = NEVER }) =>
    count(trx.deleteFrom('refused').where('at_ms', '<', refusedFrames).executeTakeFirst()),
  journal: (trx, { journal = NEVER }) =>
    count(trx.deleteFrom('journal').where('at_ms', '<', journal).executeTakeFirst()),
  inbox: (trx, { inbox = NEVER }) =>
    count(trx.deleteFrom('inbox').where('event', 'is', null).where('at_ms', '<', inbox).executeTakeFirst()),
  intent: (trx, { outbox = NEVER }) =>
    count(
      trx
        .deleteFrom('intent')
        .where('state', 'in', ['final', 'failed'])
        .where('ended_at_ms', '<', outbox)
        .executeTakeFirst(),
    ),
  attempt: (trx, { outbox = NEVER }) => count(pruneAttempts(trx, outbox)),
  call: (trx, { outbox = NEVER }) => count(pruneCalls(trx, outbox)),
}

/** The newest call of an account stays: it says which nonce comes next. */
const pruneCalls = (trx: Trx, before: number): Promise<{ numDeletedRows: bigint }> =>
  trx
    .deleteFrom('call')
    .where('state', 'in', ['final', 'lost'])
    .where('created_at_ms', '<', before)
    .where('nonce', '<', (row) =>
      row
        .selectFrom('call as other')
        .select((one) => one.fn.max('other.nonce').as('newest'))
        .whereRef('other.account', '=', 'call.account'),
    )
    .executeTakeFirst()

/** Bytes go with their call: once no older call of the account is on its way, they can never be needed. */
const pruneAttempts = (trx: Trx, before: number): Promise<{ numDeletedRows: bigint }> =>
  trx
    .deleteFrom('attempt')
    .where('signed_at_ms', '<', before)
    .where((row) =>
      row.not(
        row.exists(
          row
            .selectFrom('call')
            .select('call.nonce')
            .whereRef('call.account', '=', 'attempt.account')
            .whereRef('call.nonce', '=', 'attempt.nonce')
            .where('call.state', 'not in', ['final', 'lost']),
        ),
      ),
    )
    .executeTakeFirst()
