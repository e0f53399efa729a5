import { slotsOf } from '../../protocols/rules/billing.ts'
import type { Allowance } from '../../protocols/rules/divide.ts'
import { excessOver, type MeteredResource } from '../../protocols/rules/excess.ts'
import { MOST_VOID_ANCHORS, standingAnchor, type Anchor } from '../../protocols/rules/standing-anchor.ts'
import { decodeScalar } from '../../protocols/crypto/group.ts'
import { committedValues, type PerQuantity, perQuantity } from '../../protocols/crypto/points.ts'
import { energyWh, powerW, unixMs, waterMl } from '../../protocols/rules/units.ts'
import type { Database, EnvelopeTable } from '../storage/schema.ts'

const SCALAR = 32

/** A record on the chain with what opens its four points; import, export, water, peak. */
export interface HeldReading {
  readonly record: Pick<
    EnvelopeTable,
    'slot' | 'sequence' | 'epoch' | 'delegation' | 'wire' | 'points' | 'extended'
  >
  readonly values: PerQuantity<bigint>
  readonly blindings: PerQuantity<bigint>
}

/** The reading of a slot, or null when it was not opened, or is faulty. */
export async function heldReading(db: Database, home: string, slot: number): Promise<HeldReading | null> {
  const row = await db
    .selectFrom('envelope')
    .innerJoin('reading', (join) =>
      join.onRef('reading.home', '=', 'envelope.home').onRef('reading.slot', '=', 'envelope.slot'),
    )
    .selectAll('envelope')
    .select(['reading.flags', 'reading.t', 'reading.import_wh', 'reading.export_wh', 'reading.water_ml'])
    .select(['reading.mean_power_w', 'reading.peak_power_w', 'reading.blindings'])
    .where('envelope.home', '=', home)
    .where('envelope.slot', '=', slot)
    .where('reading.fault', 'is', null)
    .executeTakeFirst()
  if (row === undefined) return null
  return {
    record: row,
    values: committedValues({
      flags: row.flags,
      sequence: row.sequence,
      t: unixMs(row.t),
      energyImportWh: energyWh(row.import_wh),
      energyExportWh: energyWh(row.export_wh),
      waterMl: waterMl(row.water_ml),
      meanPowerW: powerW(row.mean_power_w),
      peakPowerW: powerW(row.peak_power_w),
    }),
    blindings: perQuantity((_, index) =>
      decodeScalar(row.blindings.slice(index * SCALAR, (index + 1) * SCALAR), 'blinding'),
    ),
  }
}

/** The readings at both ends of a home's period. */
export interface PeriodEnds {
  /** The period whose anchor stands for the one before. */
  readonly startPeriod: number
  readonly start: HeldReading
  readonly end: HeldReading
}

/** A home's anchors at or before a period, newest first: as many as the contract would step over. */
function anchorsUpTo(db: Database, home: string, period: number): Promise<Anchor[]> {
  return db
    .selectFrom('anchor')
    .select(['period', 'slot'])
    .where('home', '=', home)
    .where('period', '<=', period)
    .orderBy('period', 'desc')
    .limit(MOST_VOID_ANCHORS + 2)
    .execute()
}

async function voidSlots(db: Database, home: string): Promise<ReadonlySet<number>> {
  const rows = await db.selectFrom('void').select('slot').where('home', '=', home).execute()
  return new Set(rows.map(({ slot }) => slot))
}

/**
 * What a home's energy and water of a period are shown by: the period's own anchor and the one that stands
 * for the period before. Null while one of them is missing or cannot be opened, and for a home that was
 * silent through the whole period before: nobody knows in which of the two it used what.
 */
export async function periodEnds(db: Database, home: string, period: number): Promise<PeriodEnds | null> {
  const anchors = await anchorsUpTo(db, home, period)
  const [last, before] = anchors
  if (last?.period !== period || before?.period !== period - 1) return null
  const voided = await voidSlots(db, home)
  const standing = standingAnchor(anchors, period - 1, (slot) => voided.has(slot))
  if (standing === null || voided.has(last.slot)) return null
  const start = await heldReading(db, home, standing.slot)
  const end = await heldReading(db, home, last.slot)
  return start === null || end === null ? null : { startPeriod: standing.period, start, end }
}

/** The slots of a home's newest records, at most `kept`, newest first. */
export async function newestRecords(db: Database, home: string, kept: number): Promise<number[]> {
  const rows = await db
    .selectFrom('envelope')
    .select('slot')
    .where('home', '=', home)
    .orderBy('slot', 'desc')
    .limit(kept)
    .execute()
  return rows.map(({ slot }) => slot)
}

/** The highest power of a home in a period, among its newest `kept` records, with its slot. */
async function highestPeak(
  db: Database,
  home: string,
  { first, last }: { first: number; last: number },
  kept: number,
): Promise<number | null> {
  const oldest = (await newestRecords(db, home, kept)).at(-1)
  if (oldest === undefined) return null
  const row = await db
    .selectFrom('reading')
    .select('slot')
    .where('home', '=', home)
    .where('slot', '>=', Math.max(first, oldest))
    .where('slot', '<=', last)
    .where('fault', 'is', null)
    .orderBy('peak_power_w', 'desc')
    .orderBy('slot')
    .limit(1)
    .executeTakeFirst()
  return row?.slot ?? null
}

/** The number of a home's record, as the monitoring contract counts them: the first one is 0. */
export async function recordNumber(db: Database, home: string, slot: number): Promise<number> {
  const { count } = await db
    .selectFrom('envelope')
    .select((row) => row.fn.countAll<number>().as('count'))
    .where('home', '=', home)
    .where('slot', '<', slot)
    .executeTakeFirstOrThrow()
  return count
}

export interface JudgeOptions {
  readonly slotsPerBilling: number
  /** Records of a home that the contract still keeps when an assertion arrives. */
  readonly kept: number
  /** What the home may use, by the contract's own word; null where no quota holds. */
  readonly quotaOf: (home: string, period: number) => Promise<Allowance | null>
}

/** What a home used above its quotas in a period; null where nothing shows it. */
export interface Due extends Readonly<Record<MeteredResource, number | null>> {
  /** The slot that shows the excess of power. */
  readonly peakSlot: number | null
}

/**
 * Judges a home's period by the readings held; with `peakSlot` its power by that slot, else by the highest
 * peak that can still be asserted.
 */
export async function judgePeriod(
  db: Database,
  home: string,
  period: number,
  options: JudgeOptions,
  asserted: number | null = null,
): Promise<Due> {
  const quota = await options.quotaOf(home, period)
  if (quota === null) return { energy: null, power: null, water: null, peakSlot: null }
  const ends = await periodEnds(db, home, period)
  const slots = slotsOf(period, options.slotsPerBilling)
  const peakSlot = asserted ?? (await highestPeak(db, home, slots, options.kept))
  const peak = peakSlot === null ? null : await heldReading(db, home, peakSlot)
  const used = (index: 0 | 2): number | null =>
    ends === null ? null : whole(ends.end.values[index] - ends.start.values[index])
  const due = excessOver(
    { energy: used(0), power: peak === null ? null : whole(peak.values[3]), water: used(2) },
    quota,
  )
  return { ...due, peakSlot }
}

/** A use as the contract counts it; registers that went back show none. */
function whole(value: bigint): number | null {
  return value >= 0n && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : null
}
