import { slotsOf } from '../../protocols/rules/billing.ts'
import type { Database } from '../storage/schema.ts'
import { KEY_ERASED } from './collector.ts'

/** A period of a home with the anchor that closes it. */
export interface ClosedPeriod {
  readonly home: string
  readonly period: number
  readonly slot: number
}

/** Periods that are closed and not judged yet, oldest first. */
export async function closedPeriods(db: Database, slotsPerBilling: number): Promise<ClosedPeriod[]> {
  const rows = await db
    .selectFrom('anchor')
    .select(['home', 'period', 'slot'])
    // The baseline of a home's first period lies after the period that it is kept for.
    .where((row) => row('slot', '>=', row('period', '*', slotsPerBilling)))
    .where((row) =>
      row.not(
        row.exists(
          row
            .selectFrom('judgement')
            .select('judgement.home')
            .whereRef('judgement.home', '=', 'anchor.home')
            .whereRef('judgement.period', '=', 'anchor.period'),
        ),
      ),
    )
    .orderBy('period')
    .execute()
  const closed: ClosedPeriod[] = []
  for (const row of rows) if (await isSettled(db, row, slotsPerBilling)) closed.push(row)
  return closed
}

/**
 * Whether a home's period can be judged: its own anchor is on the chain and all that leads to it is known.
 */
export async function isClosed(
  db: Database,
  { home, period }: { home: string; period: number },
  slotsPerBilling: number,
): Promise<boolean> {
  const anchor = await db
    .selectFrom('anchor')
    .select(['home', 'period', 'slot'])
    .where('home', '=', home)
    .where('period', '=', period)
    .executeTakeFirst()
  return anchor !== undefined && (await isSettled(db, anchor, slotsPerBilling))
}

async function isSettled(db: Database, closed: ClosedPeriod, slotsPerBilling: number): Promise<boolean> {
  return (await allOpened(db, closed, slotsPerBilling)) && (await flawsShown(db, closed))
}

/** Whether every record up to the anchor is opened, from the period before on. */
async function allOpened(
  db: Database,
  { home, period, slot }: ClosedPeriod,
  slotsPerBilling: number,
): Promise<boolean> {
  const unopened = await db
    .selectFrom('envelope')
    .leftJoin('reading', (join) =>
      join.onRef('reading.home', '=', 'envelope.home').onRef('reading.slot', '=', 'envelope.slot'),
    )
    .select('envelope.slot')
    .where('envelope.home', '=', home)
    .where('envelope.slot', '>=', slotsOf(period - 1, slotsPerBilling).first)
    .where('envelope.slot', '<=', slot)
    .where('reading.slot', 'is', null)
    .limit(1)
    .executeTakeFirst()
  return unopened === undefined
}

/** Whether the anchors that were found faulty are void on the chain, where an older one stands for them. */
async function flawsShown(db: Database, { home, period }: ClosedPeriod): Promise<boolean> {
  const hidden = await db
    .selectFrom('anchor')
    .innerJoin('reading', (join) =>
      join.onRef('reading.home', '=', 'anchor.home').onRef('reading.slot', '=', 'anchor.slot'),
    )
    .leftJoin('void', (join) =>
      join.onRef('void.home', '=', 'anchor.home').onRef('void.slot', '=', 'anchor.slot'),
    )
    .select('anchor.slot')
    .where('anchor.home', '=', home)
    .where('anchor.period', 'in', [period - 1, period])
    .where('reading.fault', 'is not', null)
    .where('reading.fault', '!=', KEY_ERASED)
    .where('void.slot', 'is', null)
    .limit(1)
    .executeTakeFirst()
  return hidden === undefined
}
