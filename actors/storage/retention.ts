import type { Selectable } from 'kysely'
import type { HistoryTable, SampleTable } from './schema.ts'

const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS

/** The widths of what is kept when full resolution is let go: a quarter-hour, an hour, a day. */
export const HISTORY_WIDTHS_MS = [HOUR_MS / 4, HOUR_MS, DAY_MS] as const

/** How long each kind of row is kept, in days; `null` for ever. */
export interface RetentionRules {
  /** A home's own samples in full, frames included; longer than a billing period and its challenges. */
  readonly samples: number | null
  /** Quarter-hours; hours and days are kept for ever. */
  readonly quarterHours: number | null
  /** What left a home, once final: the chain has it. */
  readonly sealed: number | null
  /** Extended data at the community gateway, once checked: its hash stays on the chain. */
  readonly extended: number | null
  /** Readings of a neighbour's home that was watched, once acknowledged. */
  readonly cared: number | null
  readonly refusedFrames: number | null
  readonly journal: number | null
  /** Ended intents, and the signed bytes of final calls. */
  readonly outbox: number | null
  /** Names of messages that an actor has taken; a repeat comes within hours, if at all. */
  readonly inbox: number | null
}

/** Envelopes, points, readings, totals and quotas are in no rule: history is kept for ever (REQ#4). */
export const RETENTION: RetentionRules = {
  samples: 35,
  quarterHours: 400,
  sealed: 35,
  extended: 35,
  cared: 35,
  refusedFrames: 30,
  journal: 90,
  outbox: 7,
  inbox: 7,
}

/** For each kind of row, the moment before which rows go; a kind that is kept for ever is absent. */
export type RetentionPlan = Readonly<Partial<Record<keyof RetentionRules, number>>>

/**
 * What may go at `nowMs`. Moments fall on the end of a day (UTC), so that no history row is made of half
 * a day.
 */
export function retentionPlan(rules: RetentionRules, nowMs: number): RetentionPlan {
  const plan: Partial<Record<keyof RetentionRules, number>> = {}
  const today = Math.floor(nowMs / DAY_MS)
  for (const kind of Object.keys(rules).filter((key): key is keyof RetentionRules => key in rules)) {
    const days = rules[kind]
    if (days !== null) plan[kind] = (today - days) * DAY_MS
  }
  return plan
}

/** Registers and power of one sample; `t` is the end of its period. */
export type Measured = Pick<
  { [C in keyof SampleTable]: NonNullable<SampleTable[C]> },
  't' | 'import_wh' | 'export_wh' | 'water_ml' | 'mean_power_w' | 'peak_power_w'
>

type History = Selectable<HistoryTable>

function joined(
  row: History | undefined,
  sample: Measured,
  start: Omit<History, keyof Measured | 'samples'>,
): History {
  const { import_wh, export_wh, water_ml, mean_power_w, peak_power_w } = sample
  if (row === undefined) {
    return { ...start, import_wh, export_wh, water_ml, mean_power_w, peak_power_w, samples: 1 }
  }
  return {
    ...row,
    samples: row.samples + 1,
    import_wh: Math.max(row.import_wh, sample.import_wh),
    export_wh: Math.max(row.export_wh, sample.export_wh),
    water_ml: Math.max(row.water_ml, sample.water_ml),
    mean_power_w: row.mean_power_w + sample.mean_power_w,
    peak_power_w: Math.max(row.peak_power_w, sample.peak_power_w),
  }
}

/**
 * Samples of one home as rows of `widthMs`: registers as they were at the end, so that what was used
 * between two rows is their difference and a missing row loses nothing; mean power over the samples; the
 * highest peak.
 */
export function rollUp(home: string, samples: readonly Measured[], widthMs: number): History[] {
  const rows = new Map<number, History>()
  for (const sample of samples) {
    // The moment that ends a day belongs to it.
    const startMs = Math.floor((sample.t - 1) / widthMs) * widthMs
    const start = { home, width_ms: widthMs, start_ms: startMs }
    rows.set(startMs, joined(rows.get(startMs), sample, start))
  }
  return [...rows.values()].map((row) => ({
    ...row,
    mean_power_w: Math.round(row.mean_power_w / row.samples),
  }))
}
