import { keptOf, likelyPeak, likelyUse } from '../../../protocols/rules/forecast.ts'
import { useBySteps } from '../../../protocols/rules/use-history.ts'
import type { Chance } from '../chance.ts'
import { type Ask, refuse } from './asked.ts'

const PPM = 1_000_000n
const sum = (of: readonly bigint[]): bigint => of.reduce((all, each) => all + each, 0n)
const up = (of: bigint, by: bigint): bigint => of / by + (of % by === 0n ? 0n : 1n)

interface Past {
  readonly stepsPerDay: number
  readonly firstStep: number
  readonly used: readonly number[]
}

/** The newest 28 days. */
const recent = ({ stepsPerDay, firstStep, used }: Past): Past => {
  const kept = used.slice(-28 * stepsPerDay)
  return { stepsPerDay, firstStep: firstStep + used.length - kept.length, used: kept }
}

const mean = (of: readonly number[]): bigint => (sum(of.map(BigInt)) * PPM) / BigInt(of.length)

/** The usual of each time of day, in millionths; of a time never seen, that of all. */
function usualDay({ stepsPerDay, firstStep, used }: Past): bigint[] {
  return Array.from({ length: stepsPerDay }, (_, time) => {
    const own = used.filter((_use, index) => (firstStep + index) % stepsPerDay === time)
    return mean(own.length > 0 ? own : used)
  })
}

/** Step by step, as far as it may be. */
function expected(history: Past, fromStep: number, untilStep: number) {
  if (untilStep <= fromStep) return { likely: 0, usual: 0, marginPpm: 0, stretches: 0 }
  const past = recent(history)
  const { stepsPerDay, firstStep, used } = past
  if (used.length === 0) return null
  const day = usualDay(past)
  const usualOf = (from: number, steps: number): bigint =>
    sum(Array.from({ length: steps }, (_, index) => day[(from + index) % stepsPerDay] ?? 0n))
  const usual = usualOf(fromStep, untilStep - fromStep)
  const length = Math.min(untilStep - fromStep, stepsPerDay)
  const ratios = used.flatMap((_, index) => {
    const should = usualOf(firstStep + index, length)
    if (index + length > used.length || should === 0n) return []
    const was = sum(used.slice(index, index + length).map(BigInt))
    return [{ index, ratio: Number((was * PPM * PPM) / should) }]
  })
  const sameTime = ratios.filter(({ index }) => (firstStep + index - fromStep) % stepsPerDay === 0)
  const chosen = sameTime.length > 4 ? sameTime : ratios.filter(({ index }) => index % length === 0)
  const sorted = chosen.map(({ ratio }) => ratio).sort((a, b) => a - b)
  const known = sorted.length > 4
  const high = sorted[Math.ceil(sorted.length * 0.9) - 1] ?? 0
  const marginPpm = known ? Math.max(0, high - 1_000_000) : 500_000
  const likely = Number(up(usual * (PPM + BigInt(marginPpm)), PPM * PPM))
  return { likely, usual: Number(up(usual, PPM)), marginPpm, stretches: known ? sorted.length : 0 }
}

const pastOf = (chance: Chance): Past => {
  const stepsPerDay = chance.pick([2, 3, 4])
  const length = chance.pick([0, 1, 3, 9, 21, 29 * stepsPerDay])
  const used = Array.from({ length }, () => chance.pick([0, 1, 7, 100, 123]))
  return { stepsPerDay, firstStep: chance.whole(0, 9), used }
}

export function askForecast(ask: Ask, chance: Chance): void {
  const past = pastOf(chance)
  const from = past.firstStep + past.used.length + chance.whole(0, 2)
  const until = from + chance.whole(0, 9)
  ask(
    'forecasts',
    { past, from, until },
    () => likelyUse(past, from, until),
    () => expected(past, from, until),
  )
  const said = likelyUse(past, from, until)
  ask(
    'forecasts',
    said,
    () => keptOf(said, 77),
    () => said?.likely ?? 77,
  )
  ask(
    'forecasts',
    { past, from, until, peaks: true },
    () => likelyPeak(past, from, until),
    () => {
      if (from >= until) return { likely: 0, usual: 0, marginPpm: 0, stretches: 0 }
      const { stepsPerDay, firstStep, used } = recent(past)
      const asked = Array.from({ length: until - from }, (_, index) => (from + index) % stepsPerDay)
      const same = used.filter((_, index) => asked.includes((firstStep + index) % stepsPerDay))
      const peaks = same.length > 0 ? same : used
      if (peaks.length === 0) return null
      const most = peaks.reduce((a, b) => (b > a ? b : a))
      return { likely: most, usual: most, marginPpm: 0, stretches: peaks.length }
    },
  )
}

/** Registers at odd moments, with gaps, two at one moment, and one that falls. */
export function askHistory(ask: Ask, chance: Chance): void {
  const stepMs = chance.pick([10, 10, 10, 0, 2.5])
  let [atMs, register] = [chance.whole(0, 15), chance.whole(0, 9)]
  const marks = Array.from({ length: chance.whole(0, 6) }, () => {
    const mark = { atMs, register }
    atMs += chance.pick([0, 1, 9, 10, 35])
    register += chance.whole(0, 40)
    return mark
  })
  ask(
    'histories',
    { marks, stepMs },
    () => useBySteps(marks, stepMs, 24),
    () => {
      refuse(stepMs !== 10)
      const first = marks[0]?.atMs ?? 0
      const last = marks.at(-1)?.atMs ?? 0
      const firstStep = Math.ceil(first / 10)
      const moments: number[] = []
      for (let moment = firstStep * 10; moment <= last; moment += 10) moments.push(moment)
      const at = moments.map((moment) => registerAt(marks, moment))
      return { stepsPerDay: 24, firstStep, used: at.slice(1).map((each, index) => each - (at[index] ?? 0)) }
    },
  )
  const falls = [
    { atMs: 0, register: 5 },
    { atMs: 20, register: 4 },
  ]
  ask(
    'histories',
    falls,
    () => useBySteps(falls, 10, 24),
    () => refuse(true),
  )
}

function registerAt(marks: readonly { atMs: number; register: number }[], moment: number): number {
  const before = marks.filter(({ atMs }) => atMs <= moment).at(-1)
  const after = marks.find(({ atMs }) => atMs > moment)
  if (before === undefined) return 0
  if (after === undefined) return before.register
  const part = BigInt(after.register - before.register) * BigInt(moment - before.atMs)
  return before.register + Number(part / BigInt(after.atMs - before.atMs))
}
