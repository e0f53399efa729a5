import type { AlarmDraft } from '../../protocols/rules/alarm.ts'
import { slotsOf } from '../../protocols/rules/billing.ts'
import type { Allowance } from '../../protocols/rules/divide.ts'
import { alarmsFor, periodUse, type PeriodMark, type PeriodUse } from '../../protocols/rules/quota-use.ts'
import type { EssentialData } from '../../protocols/rules/reading.ts'
import { periodOf } from '../../protocols/rules/units.ts'
import type { Database } from '../storage/schema.ts'

/** What quota control knows of a home in its current billing period. */
export interface HomeUse {
  readonly period: number
  readonly start: PeriodMark
  readonly use: PeriodUse
}

/** What one accepted reading does to a home's use, and the alarms it brings. */
export interface Judgement {
  readonly next: HomeUse
  readonly alarms: readonly AlarmDraft[]
}

export interface QuotaControl {
  /** Judges a reading against the home's quota; `quota` is null while none is allocated. Changes nothing. */
  judge(
    db: Database,
    home: string,
    slot: number,
    reading: EssentialData,
    quota: Allowance | null,
  ): Promise<Judgement>
  /** Takes over what `judge` said, once it is committed. */
  keep(home: string, judgement: Judgement): void
  useOf(home: string): HomeUse | undefined
  /** Forgets the cache: what it held was not committed. */
  clear(): void
}

const markOf = (slot: number, reading: EssentialData): PeriodMark => ({
  slot,
  energyImportWh: reading.energyImportWh,
  waterMl: reading.waterMl,
  peakPowerW: reading.peakPowerW,
})

/** The register at the start of a period: the last reading before it, else the first one in it. */
async function storedStart(db: Database, home: string, firstSlot: number): Promise<PeriodMark | null> {
  const base = db
    .selectFrom('reading')
    .select(['slot', 'import_wh', 'water_ml', 'peak_power_w'])
    .where('home', '=', home)
    .where('fault', 'is', null)
  const row =
    (await base.where('slot', '<', firstSlot).orderBy('slot', 'desc').limit(1).executeTakeFirst()) ??
    (await base.where('slot', '>=', firstSlot).orderBy('slot', 'asc').limit(1).executeTakeFirst())
  if (row === undefined) return null
  return { slot: row.slot, energyImportWh: row.import_wh, waterMl: row.water_ml, peakPowerW: 0 }
}

async function storedUse(
  db: Database,
  home: string,
  period: number,
  perBilling: number,
): Promise<HomeUse | undefined> {
  const { first, last } = slotsOf(period, perBilling)
  const start = await storedStart(db, home, first)
  const within = await db
    .selectFrom('reading')
    .select((row) => [
      row.fn.max<number | null>('slot').as('slot'),
      row.fn.max<number | null>('import_wh').as('import_wh'),
      row.fn.max<number | null>('water_ml').as('water_ml'),
      row.fn.max<number | null>('peak_power_w').as('peak_power_w'),
    ])
    .where('home', '=', home)
    .where('fault', 'is', null)
    .where('slot', '>=', first)
    .where('slot', '<=', last)
    .executeTakeFirst()
  if (start === null || within === undefined || within.slot === null) return undefined
  const now: PeriodMark = {
    slot: within.slot,
    energyImportWh: within.import_wh ?? 0,
    waterMl: within.water_ml ?? 0,
    peakPowerW: within.peak_power_w ?? 0,
  }
  return { period, start, use: periodUse(start, now) }
}

/**
 * Follows every home's use of its quotas (eq. 9): registers now less registers at the period's start, so that
 * a lost slot loses nothing. Its memory is a cache of the readings in the store.
 */
export function createQuotaControl(slotsPerBilling: number): QuotaControl {
  const homes = new Map<string, HomeUse>()

  const before = async (db: Database, home: string, period: number): Promise<HomeUse | undefined> => {
    const known = homes.get(home)
    return known?.period === period ? known : storedUse(db, home, period, slotsPerBilling)
  }

  return {
    useOf: (home) => homes.get(home),
    clear: () => homes.clear(),
    keep: (home, { next }) => {
      homes.set(home, next)
    },
    async judge(db, home, slot, reading, quota) {
      const period = periodOf(slot, slotsPerBilling)
      const earlier = await before(db, home, period)
      const mark = markOf(slot, reading)
      const start =
        earlier?.start ?? (await storedStart(db, home, slotsOf(period, slotsPerBilling).first)) ?? mark
      const peakPowerW = Math.max(earlier?.use.peakPowerW ?? 0, mark.peakPowerW)
      const use = periodUse(start, { ...mark, peakPowerW })
      const alarms = quota === null ? [] : alarmsFor(earlier?.use ?? null, use, quota)
      return { next: { period, start, use }, alarms }
    },
  }
}
