import { loanExcess, type HomeLoans, type PowerLoan } from '../../protocols/rules/loan-excess.ts'
import { resourceNumber } from '../../protocols/rules/resource.ts'
import type { AuctionTable, Database } from '../storage/schema.ts'
import {
  heldReading,
  newestRecords,
  recordNumber,
  type HeldReading,
  type JudgeOptions,
} from './held-readings.ts'

/** Subjects of an excess from here on are loans of power, by their place. */
export const FIRST_LOAN = 16

/** An award of power as the quota contract has it. */
export interface AwardedLoan {
  readonly home: string
  readonly period: number
  readonly loan: PowerLoan
}

/** How a loan was kept to: by how much, and the record that shows it. */
export interface LoanJudgement {
  readonly excessW: number
  readonly number: number
  readonly reading: HeldReading
}

/** The loan of an award of power; null while the chain has not told of it. */
export async function loanOf(db: Database, award: AuctionTable): Promise<AwardedLoan | null> {
  const { winner: home, buyer, period } = award
  if (home === null) return null
  const row = await db
    .selectFrom('quota_exchange')
    .selectAll()
    .where('giver', '=', home)
    .where('taker', '=', buyer)
    .where('resource', '=', resourceNumber('power'))
    .where('block', '=', award.decided_block)
    .where('from_slot', '=', award.from_slot)
    .where('until_slot', '=', award.until_slot)
    .orderBy('log_index')
    .executeTakeFirst()
  if (row === undefined) return null
  const { amount: amountW, from_slot: fromSlot, until_slot: untilSlot, block: lentAtBlock } = row
  return { home, period, loan: { amountW, fromSlot, untilSlot, lentAtBlock, place: row.giver_place } }
}

/** Whether every slot of the loan's window is known: a later record is there, and all up to it are opened. */
export async function isWindowKnown(db: Database, { home, loan }: AwardedLoan): Promise<boolean> {
  const later = await db
    .selectFrom('envelope')
    .select('slot')
    .where('home', '=', home)
    .where('slot', '>=', loan.untilSlot)
    .limit(1)
    .executeTakeFirst()
  if (later === undefined) return false
  const unopened = await db
    .selectFrom('envelope')
    .leftJoin('reading', (join) =>
      join.onRef('reading.home', '=', 'envelope.home').onRef('reading.slot', '=', 'envelope.slot'),
    )
    .select('envelope.slot')
    .where('envelope.home', '=', home)
    .where('envelope.slot', '>=', loan.fromSlot)
    .where('envelope.slot', '<', loan.untilSlot)
    .where('reading.slot', 'is', null)
    .limit(1)
    .executeTakeFirst()
  return unopened === undefined
}

async function loansOf(db: Database, home: string, period: number, partW: number): Promise<HomeLoans> {
  const rows = await db
    .selectFrom('quota_exchange')
    .selectAll()
    .where('period', '=', period)
    .where('resource', '=', resourceNumber('power'))
    .where((row) => row.or([row('giver', '=', home), row('taker', '=', home)]))
    .execute()
  const all = rows.map((row) => ({
    given: row.giver === home,
    amountW: row.amount,
    fromSlot: row.from_slot,
    untilSlot: row.until_slot,
    lentAtBlock: row.block,
    place: row.giver_place,
  }))
  return { partW, lent: all.filter(({ given }) => given), borrowed: all.filter(({ given }) => !given) }
}

/** Judges a loan by the records that the contract still keeps; null where nothing shows how it was kept. */
export async function judgeLoan(
  db: Database,
  { home, period, loan }: AwardedLoan,
  { quotaOf, kept }: JudgeOptions,
): Promise<LoanJudgement | null> {
  const quota = await quotaOf(home, period)
  const oldest = (await newestRecords(db, home, kept)).at(-1)
  if (quota === null || oldest === undefined) return null
  const rows = await db
    .selectFrom('reading')
    .leftJoin('void', (join) =>
      join.onRef('void.home', '=', 'reading.home').onRef('void.slot', '=', 'reading.slot'),
    )
    .select(['reading.slot', 'reading.peak_power_w as peakW'])
    .where('reading.home', '=', home)
    .where('reading.slot', '>=', Math.max(oldest, loan.fromSlot))
    .where('reading.slot', '<', loan.untilSlot)
    .where('reading.fault', 'is', null)
    .where('void.slot', 'is', null)
    .orderBy('reading.slot')
    .execute()
  const found = loanExcess(await loansOf(db, home, period, quota.powerW), loan, rows)
  const reading = found === null ? null : await heldReading(db, home, found.slot)
  if (found === null || reading === null) return null
  return { excessW: found.excessW, number: await recordNumber(db, home, found.slot), reading }
}
