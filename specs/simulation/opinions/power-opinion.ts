/* What UNE 20317 asks of the switch of a home, as its sources print it (docs/boards.md). */

/** Thousandths of the contracted power, and milliseconds that a constant load of it lasts. */
const TRIPS: Readonly<
  Record<string, { readonly points: readonly (readonly [number, number])[]; coolMs: number }>
> = {
  'icp-m': {
    points: [
      [1_130, 7_200_000],
      [1_450, 120_000],
      [2_000, 10_000],
      [2_550, 5_000],
      [5_000, 1_000],
      [10_000, 50],
    ],
    coolMs: 300_000,
  },
  'smart-meter': {
    points: [
      [1_100, 10_800_000],
      [1_250, 2_580_000],
      [1_500, 900_000],
      [2_000, 310_000],
      [3_000, 107_000],
      [5_000, 36_000],
    ],
    coolMs: 900_000,
  },
}
const WHOLE = 1_000_000_000n
const HALF = Number(WHOLE) / 2
const DAY_MS = 86_400_000

export interface Heat {
  readonly profile: string
  readonly contractedW: number
  readonly heat: number
  readonly lastT: number | null
  readonly maxGapMs: number
  readonly overrideUntilMs: number | null
}

/** Power in thousandths of the contract. */
export function loadOf(powerW: number, contractedW: number): number {
  if (powerW < 1) return 0
  if (contractedW < 1) return Number.MAX_SAFE_INTEGER
  return Number((BigInt(powerW) * 1_000n) / BigInt(contractedW))
}

/** How long a load lasts: on the line through the two points around it; null where it lasts for ever. */
export function lasts(profile: string, load: number): number | null {
  const points = TRIPS[profile]?.points ?? []
  const above = points.find(([at]) => at > load)
  const below = points.filter(([at]) => at <= load).at(-1)
  if (below === undefined) return null
  if (above === undefined) return below[1]
  const fallen = (BigInt(below[1] - above[1]) * BigInt(load - below[0])) / BigInt(above[0] - below[0])
  return below[1] - Number(fallen)
}

export function heatThen(known: Heat, t: number, powerW: number): number {
  const { profile, heat, lastT, maxGapMs, contractedW } = known
  const passed = lastT === null || t < lastT ? 0 : t - lastT > maxGapMs ? maxGapMs : t - lastT
  const load = loadOf(powerW, contractedW)
  const most = lasts(profile, load)
  const part = (ms: number): number => Number((BigInt(passed) * WHOLE) / BigInt(ms))
  if (most !== null) return Math.min(Number(WHOLE), heat + part(most))
  if (load > 1_000) return heat
  return Math.max(0, heat - part(TRIPS[profile]?.coolMs ?? 1))
}

export const isHeld = ({ overrideUntilMs }: Heat, t: number): boolean =>
  overrideUntilMs !== null && overrideUntilMs > t

export function levelOf(known: Heat, t: number, powerW: number): 'normal' | 'over' | 'warned' | 'trip' {
  const heat = heatThen(known, t, powerW)
  const isOver = loadOf(powerW, known.contractedW) > 1_000
  if (heat === Number(WHOLE) && isOver && !isHeld(known, t)) return 'trip'
  if (heat >= HALF) return 'warned'
  return isOver ? 'over' : 'normal'
}

/** Closed again, a switch has at most half of its patience. */
export const restoredHeat = (heat: number): number => (heat >= HALF ? HALF - 1 : heat)
export const heldUntil = (t: number, untilMs: number): number => (untilMs - t > DAY_MS ? t + DAY_MS : untilMs)

/** How long until the supply is cut; null when it is not. */
export function leftMs({ profile, contractedW, heat }: Heat, powerW: number): number | null {
  const most = lasts(profile, loadOf(powerW, contractedW))
  if (most === null) return null
  return Number(((WHOLE - BigInt(heat)) * BigInt(most) + WHOLE - 1n) / WHOLE)
}
