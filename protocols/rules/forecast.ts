import type { UseHistory } from './use-history.ts'

/** Nine times of ten, in the home's own past, its use stayed within the forecast. */
export const QUANTILE = { of: 10, rank: 9 } as const
/** With fewer comparable stretches than this the quantile says nothing. */
export const LEAST_STRETCHES = 5
/** Then half as much again as usual is kept back. */
export const MARGIN_UNKNOWN_PPM = 500_000
/** Habits older than this do not count. */
export const HISTORY_DAYS = 28

const PPM = 1_000_000

/** What a home will likely use, and what that is made of: shown where the home is asked to offer. */
export interface Forecast {
  /** Wh, mL or W: the usual with its margin, rounded up. */
  readonly likely: number
  /** The sum of the usual use of the steps to come, by their time of day. */
  readonly usual: number
  /** What is added to the usual, in parts per million of it. */
  readonly marginPpm: number
  /** Stretches of the past that the margin was taken from; 0: too few, so that a fixed one is taken. */
  readonly stretches: number
}

/**
 * What a home will likely use in the steps [fromStep, untilStep): for each step the mean of the same time of
 * day in its past, and a margin by how much its use exceeded the same kind of sum before: the ninth of ten of
 * past stretches, as long as the one to come and a day at most. Null when nothing is known of the home: then
 * it spares nothing.
 */
export function likelyUse(history: UseHistory, fromStep: number, untilStep: number): Forecast | null {
  const recent = recentOf(history)
  const steps = untilStep - fromStep
  if (steps <= 0) return { likely: 0, usual: 0, marginPpm: 0, stretches: 0 }
  const usualOf = usualByTimeOfDay(recent)
  if (usualOf === null) return null
  const usual = usualOf(fromStep, untilStep)
  const ratios = pastRatios(recent, usualOf, fromStep, Math.min(steps, recent.stepsPerDay))
  const enough = ratios.length >= LEAST_STRETCHES
  const marginPpm = enough ? Math.max(0, quantileOf(ratios) - PPM) : MARGIN_UNKNOWN_PPM
  const likely = ceilDiv(usual * BigInt(PPM + marginPpm), BigInt(PPM) * SCALE)
  return { likely, usual: ceilDiv(usual, SCALE), marginPpm, stretches: enough ? ratios.length : 0 }
}

/**
 * The peak that a home will likely draw in the steps to come, of a history of peaks: the highest that it drew
 * at these times of day. Power has no mean to rely on: one step above the quota is an excess.
 */
export function likelyPeak(history: UseHistory, fromStep: number, untilStep: number): Forecast | null {
  const recent = recentOf(history)
  if (untilStep <= fromStep) return { likely: 0, usual: 0, marginPpm: 0, stretches: 0 }
  const { stepsPerDay, firstStep, used } = recent
  const times = new Set<number>()
  for (let step = fromStep; step < Math.min(untilStep, fromStep + stepsPerDay); step += 1) {
    times.add(step % stepsPerDay)
  }
  const same = used.filter((_, index) => times.has((firstStep + index) % stepsPerDay))
  const peaks = same.length > 0 ? same : used
  if (peaks.length === 0) return null
  const likely = Math.max(...peaks)
  return { likely, usual: likely, marginPpm: 0, stretches: peaks.length }
}

function recentOf({ stepsPerDay, firstStep, used }: UseHistory): UseHistory {
  const skipped = Math.max(0, used.length - HISTORY_DAYS * stepsPerDay)
  return { stepsPerDay, firstStep: firstStep + skipped, used: used.slice(skipped) }
}

/** Sums of means carry this many fractions of a unit, so that short steps are not rounded away. */
const SCALE = 1_000_000n

type UsualOf = (fromStep: number, untilStep: number) => bigint

/** The usual use of any steps, scaled; null without a past. A time of day never seen has the mean of all. */
function usualByTimeOfDay({ stepsPerDay, firstStep, used }: UseHistory): UsualOf | null {
  if (used.length === 0) return null
  const byTime = new Map<number, number[]>()
  for (const [index, each] of used.entries()) {
    const time = (firstStep + index) % stepsPerDay
    byTime.set(time, [...(byTime.get(time) ?? []), each])
  }
  const all = meanOf(used)
  const means = new Map([...byTime].map(([time, same]) => [time, meanOf(same)]))
  const seen = [...means.values()].reduce((sum, mean) => sum + mean, 0n)
  const day = seen + all * BigInt(stepsPerDay - means.size)
  return (fromStep, untilStep) => {
    const days = Math.floor((untilStep - fromStep) / stepsPerDay)
    let sum = day * BigInt(days)
    for (let step = fromStep + days * stepsPerDay; step < untilStep; step += 1) {
      sum += means.get(step % stepsPerDay) ?? all
    }
    return sum
  }
}

function meanOf(used: readonly number[]): bigint {
  const sum = used.reduce((total, each) => total + BigInt(each), 0n)
  return (sum * SCALE) / BigInt(used.length)
}

/**
 * Actual over usual use of past stretches of `length` steps: those that began at the same time of day, or any
 * where a whole day of them is not there.
 */
function pastRatios(history: UseHistory, usualOf: UsualOf, fromStep: number, length: number): number[] {
  const { stepsPerDay, firstStep, used } = history
  const same: number[] = []
  const any: number[] = []
  const sums = runningSums(used)
  for (let index = 0; index + length <= used.length; index += 1) {
    const step = firstStep + index
    const isSame = (fromStep - step) % stepsPerDay === 0
    if (!isSame && index % length !== 0) continue
    const usual = usualOf(step, step + length)
    if (usual === 0n) continue
    const actual = (sums[index + length] ?? 0n) - (sums[index] ?? 0n)
    const ratio = Number((actual * SCALE * BigInt(PPM)) / usual)
    if (isSame) same.push(ratio)
    if (index % length === 0) any.push(ratio)
  }
  return same.length >= LEAST_STRETCHES ? same : any
}

function runningSums(used: readonly number[]): bigint[] {
  const sums = [0n]
  for (const each of used) sums.push((sums.at(-1) ?? 0n) + BigInt(each))
  return sums
}

/** The value that nine of ten do not exceed. */
function quantileOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const rank = Math.ceil((sorted.length * QUANTILE.rank) / QUANTILE.of)
  return sorted[rank - 1] ?? 0
}

function ceilDiv(dividend: bigint, divisor: bigint): number {
  return Number((dividend + divisor - 1n) / divisor)
}

/** What to keep of a quota: the forecast, or all that is left while nothing is known of the home. */
export function keptOf(forecast: Forecast | null, left: number): number {
  return forecast === null ? left : forecast.likely
}
