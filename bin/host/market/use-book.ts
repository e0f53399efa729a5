import { sql } from 'kysely'
import type { Database } from '../../../actors/storage/schema.ts'
import type { Store } from '../../../actors/storage/store.ts'
import { slotsOf } from '../../../protocols/rules/billing.ts'
import { likelyPeak, likelyUse, type Forecast } from '../../../protocols/rules/forecast.ts'
import type { Resource } from '../../../protocols/rules/resource.ts'
import { periodOf } from '../../../protocols/rules/units.ts'
import { useBySteps, type UseHistory } from '../../../protocols/rules/use-history.ts'

/** What the home used of its quota in a billing period, and what it will likely still use. */
export interface Use {
  readonly used: number
  /** Null while nothing is known of the home. */
  readonly forecast: Forecast | null
}

export interface HomeUse {
  readonly slot: number
  readonly period: number
  readonly periodEndsMs: number
  readonly use: Readonly<Record<Resource, Use>>
}

export interface UseTimes {
  readonly sampleMs: number
  readonly slotsPerBilling: number
  /** Community milliseconds per real one: a profile's day passes sooner. */
  readonly timeScale: number
}

const QUARTER_MS = 15 * 60_000
const DAY_MS = 24 * 60 * 60_000
/** A billing period has at least so many steps, or its rest could not be told from the whole. */
const LEAST_STEPS_OF_PERIOD = 30
/** Four weeks of quarter-hours. */
const STEPS_KEPT = 28 * 96

/** The registers at the end of a step, and the highest power in it. */
interface StepMark {
  readonly step: number
  readonly slot: number
  readonly importWh: number
  readonly waterMl: number
  readonly peakW: number
}

/** A home's own use, step by step; it never leaves the home. */
export class UseBook {
  readonly #db: Database
  readonly #times: UseTimes
  readonly #slotsPerStep: number
  #marks: StepMark[] = []

  constructor({ db }: Pick<Store, 'db'>, times: UseTimes) {
    const { sampleMs, slotsPerBilling, timeScale } = times
    const quarter = Math.round(QUARTER_MS / timeScale / sampleMs)
    this.#db = db
    this.#times = times
    this.#slotsPerStep = Math.max(1, Math.min(quarter, Math.floor(slotsPerBilling / LEAST_STEPS_OF_PERIOD)))
  }

  /** What the home's own repository says as of a moment. */
  async at(nowMs: number): Promise<HomeUse> {
    const { sampleMs, slotsPerBilling } = this.#times
    const slot = Math.floor(nowMs / sampleMs)
    await this.#refresh(slot)
    const period = periodOf(slot, slotsPerBilling)
    const { first, last } = slotsOf(period, slotsPerBilling)
    const used = await this.#used(first)
    return {
      slot,
      period,
      periodEndsMs: (last + 1) * sampleMs,
      use: this.#forecasts(this.#marks, last, used),
    }
  }

  /** The same as it was known at the end of a slot, of a period that is still kept step by step. */
  past(slot: number): HomeUse | null {
    const { sampleMs, slotsPerBilling } = this.#times
    const known = this.#marks.filter((mark) => mark.slot <= slot)
    const period = periodOf(slot, slotsPerBilling)
    const { first, last } = slotsOf(period, slotsPerBilling)
    const newest = known.at(-1)
    const start = known.findLast((mark) => mark.slot < first) ?? known[0]
    if (newest === undefined || start === undefined) return null
    const peaks = known.filter((mark) => mark.slot >= first).map(({ peakW }) => peakW)
    const used = {
      energy: newest.importWh - start.importWh,
      power: peaks.reduce((most, each) => Math.max(most, each), 0),
      water: newest.waterMl - start.waterMl,
    }
    const use = this.#forecasts(known, last, used)
    return { slot, period, periodEndsMs: (last + 1) * sampleMs, use }
  }

  /** How many slots a step has: nothing is known in finer steps. */
  slotsPerStep(): number {
    return this.#slotsPerStep
  }

  /** The end of the first step that is known; null while none is. */
  oldestSlot(): number | null {
    return this.#marks[0]?.slot ?? null
  }

  async #refresh(nowSlot: number): Promise<void> {
    const per = this.#slotsPerStep
    const oldest = Math.floor(nowSlot / per) - STEPS_KEPT
    const from = Math.max(oldest, this.#marks.at(-1)?.step ?? oldest)
    // The newest step may have grown since.
    const fresh = await stepsFrom(this.#db, from, per)
    this.#marks = [...this.#marks.filter(({ step }) => step >= oldest && step < from), ...fresh]
  }

  async #used(first: number): Promise<Record<Resource, number>> {
    const newest = await registersAt(this.#db, Number.MAX_SAFE_INTEGER)
    const start = (await registersAt(this.#db, first - 1)) ?? (await firstRegisters(this.#db))
    const { peak } = await this.#db
      .selectFrom('sample')
      .select(({ fn }) => fn.max('peak_power_w').as('peak'))
      .where('status', '!=', 'rejected')
      .where('slot', '>=', first)
      .executeTakeFirstOrThrow()
    return {
      energy: Math.max(0, (newest?.import_wh ?? 0) - (start?.import_wh ?? 0)),
      power: peak ?? 0,
      water: Math.max(0, (newest?.water_ml ?? 0) - (start?.water_ml ?? 0)),
    }
  }

  #forecasts(
    marks: readonly StepMark[],
    lastSlot: number,
    used: Readonly<Record<Resource, number>>,
  ): HomeUse['use'] {
    const per = this.#slotsPerStep
    const fromStep = Math.floor(((marks.at(-1)?.slot ?? 0) + 1) / per)
    const untilStep = Math.max(fromStep, Math.ceil((lastSlot + 1) / per))
    const over = (of: (mark: StepMark) => number): Forecast | null =>
      likelyUse(this.#history(marks, of), fromStep, untilStep)
    return {
      energy: { used: used.energy, forecast: over(({ importWh }) => importWh) },
      power: { used: used.power, forecast: likelyPeak(this.#peaks(marks), fromStep, untilStep) },
      water: { used: used.water, forecast: over(({ waterMl }) => waterMl) },
    }
  }

  #stepsPerDay(): number {
    const { sampleMs, timeScale } = this.#times
    return Math.max(1, Math.round(DAY_MS / timeScale / (this.#slotsPerStep * sampleMs)))
  }

  #history(marks: readonly StepMark[], of: (mark: StepMark) => number): UseHistory {
    const { sampleMs } = this.#times
    const stepMs = this.#slotsPerStep * sampleMs
    const registers = marks.map((mark) => ({ atMs: (mark.slot + 1) * sampleMs, register: of(mark) }))
    return useBySteps(registers, stepMs, this.#stepsPerDay())
  }

  #peaks(marks: readonly StepMark[]): UseHistory {
    const firstStep = marks[0]?.step ?? 0
    const steps = (marks.at(-1)?.step ?? firstStep - 1) - firstStep + 1
    const used = new Array<number>(steps).fill(0)
    for (const { step, peakW } of marks) used[step - firstStep] = peakW
    return { stepsPerDay: this.#stepsPerDay(), firstStep, used }
  }
}

/** Registers never fall, so the last of a step are its highest. */
async function stepsFrom(db: Database, step: number, per: number): Promise<StepMark[]> {
  const rows = await db
    .selectFrom('sample')
    .select(({ fn }) => [
      sql<number>`cast(slot / ${sql.lit(per)} as integer)`.as('step'),
      fn.max('slot').as('slot'),
      fn.max('import_wh').as('importWh'),
      fn.max('water_ml').as('waterMl'),
      fn.max('peak_power_w').as('peakW'),
    ])
    .where('status', '!=', 'rejected')
    .where('slot', '>=', step * per)
    .groupBy('step')
    .orderBy('step')
    .execute()
  return rows.map(({ importWh, waterMl, peakW, ...row }) => {
    return { ...row, importWh: importWh ?? 0, waterMl: waterMl ?? 0, peakW: peakW ?? 0 }
  })
}

const registers = (db: Database) =>
  db.selectFrom('sample').select(['import_wh', 'water_ml']).where('status', '!=', 'rejected').limit(1)

const registersAt = (db: Database, slot: number) =>
  registers(db).where('slot', '<=', slot).orderBy('slot', 'desc').executeTakeFirst()

const firstRegisters = (db: Database) => registers(db).orderBy('slot').executeTakeFirst()
