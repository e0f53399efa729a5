import { badField } from './fault.ts'

/** One multiple of the contracted power and how long a constant load of it may last. */
export interface TripPoint {
  /** Thousandths of the contracted power. */
  readonly multiplePermille: number
  /** A constant load of this multiple never trips before. */
  readonly leastMs: number
  /** And never lasts longer. */
  readonly mostMs: number
  /** Where within the band our curve runs. */
  readonly tripMs: number
  /**
   * `published`: a figure of the source. `drawn`: between or beyond its figures, by the source's own shape.
   */
  readonly from: 'published' | 'drawn'
}

/** A power control switch: how it trips and how it forgets. */
export interface TripProfile {
  readonly name: TripProfileName
  readonly source: string
  /** Ascending multiples, falling times. Below the first nothing accumulates. */
  readonly points: readonly TripPoint[]
  /** A switch that was about to trip has forgotten it after this long below the contracted power. */
  readonly coolMs: number
}

export type TripProfileName = 'icp-m' | 'smart-meter'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/**
 * The electromechanical switch of UNE 20317 (ICP-M). The standard's text is not public; what is: it trips
 * much like a C curve and takes about 10 s at twice the contracted power (es.wikipedia.org, "Interruptor de
 * control de potencia"). The band is that of a C-curve breaker up to 32 A (IEC 60898-1, table of time-current
 * characteristics: no trip within 1 h at 1.13, within 1 h at 1.45, 1 to 60 s at 2.55, 0.1 to 15 s at 5, at
 * once at 10).
 */
const ICP_M: TripProfile = {
  name: 'icp-m',
  source: 'es.wikipedia.org "Interruptor de control de potencia"; IEC 60898-1, type C up to 32 A',
  points: [
    { multiplePermille: 1130, leastMs: HOUR, mostMs: 4 * HOUR, tripMs: 2 * HOUR, from: 'drawn' },
    { multiplePermille: 1450, leastMs: MINUTE, mostMs: HOUR, tripMs: 2 * MINUTE, from: 'published' },
    {
      multiplePermille: 2000,
      leastMs: 5 * SECOND,
      mostMs: 20 * SECOND,
      tripMs: 10 * SECOND,
      from: 'published',
    },
    { multiplePermille: 2550, leastMs: SECOND, mostMs: MINUTE, tripMs: 5 * SECOND, from: 'published' },
    { multiplePermille: 5000, leastMs: 100, mostMs: 15 * SECOND, tripMs: SECOND, from: 'published' },
    { multiplePermille: 10_000, leastMs: 0, mostMs: 100, tripMs: 50, from: 'published' },
  ],
  coolMs: 5 * MINUTE,
}

/**
 * A Spanish smart meter that does the switch's job: about 15 min at 1.5 times the contracted power and a
 * little over 5 min at twice (noticiasveigaluz.blogspot.com, October 2016). The other points follow the power
 * law through these two, t = 310 s · (m − 1)^−1.54, and their bands are wide for it.
 */
const SMART_METER: TripProfile = {
  name: 'smart-meter',
  source: 'noticiasveigaluz.blogspot.com, October 2016: two measured points',
  points: [
    { multiplePermille: 1100, leastMs: HOUR, mostMs: 6 * HOUR, tripMs: 3 * HOUR, from: 'drawn' },
    { multiplePermille: 1250, leastMs: 25 * MINUTE, mostMs: 75 * MINUTE, tripMs: 43 * MINUTE, from: 'drawn' },
    {
      multiplePermille: 1500,
      leastMs: 13 * MINUTE,
      mostMs: 17 * MINUTE,
      tripMs: 15 * MINUTE,
      from: 'published',
    },
    {
      multiplePermille: 2000,
      leastMs: 5 * MINUTE,
      mostMs: 6 * MINUTE,
      tripMs: 310 * SECOND,
      from: 'published',
    },
    { multiplePermille: 3000, leastMs: MINUTE, mostMs: 3 * MINUTE, tripMs: 107 * SECOND, from: 'drawn' },
    { multiplePermille: 5000, leastMs: 15 * SECOND, mostMs: MINUTE, tripMs: 36 * SECOND, from: 'drawn' },
  ],
  coolMs: 15 * MINUTE,
}

export const TRIP_PROFILES: Readonly<Record<TripProfileName, TripProfile>> = {
  'icp-m': ICP_M,
  'smart-meter': SMART_METER,
}

/** The profile of a name that came through a door; throws `bad-field`. */
export function tripProfile(name: string): TripProfile {
  for (const profile of Object.values(TRIP_PROFILES)) if (profile.name === name) return profile
  throw badField('trip profile', Object.keys(TRIP_PROFILES).join(' or '), name)
}

/** Heat at which the switch trips: parts per billion of a trip, so that all sums are integers. */
export const HEAT_TO_TRIP = 1_000_000_000
/** From this heat on people are warned: half the way. */
export const HEAT_TO_WARN = HEAT_TO_TRIP / 2

/** Power against the contract, in thousandths, rounded down; a contract of 0 W is exceeded by any power. */
export function multipleOf(powerW: number, contractedW: number): number {
  if (powerW <= 0) return 0
  return contractedW <= 0 ? Number.MAX_SAFE_INTEGER : Math.floor((powerW * 1000) / contractedW)
}

/**
 * How long a constant load lasts by our curve, ms; `null` when it never trips. Falls as the multiple rises.
 */
export function timeToTrip(profile: TripProfile, multiplePermille: number): number | null {
  let before: TripPoint | undefined
  for (const point of profile.points) {
    if (multiplePermille < point.multiplePermille) {
      return before === undefined ? null : between(before, point, multiplePermille)
    }
    before = point
  }
  return before?.tripMs ?? null
}

function between(a: TripPoint, b: TripPoint, multiplePermille: number): number {
  const along = multiplePermille - a.multiplePermille
  const span = b.multiplePermille - a.multiplePermille
  return a.tripMs - Math.floor(((a.tripMs - b.tripMs) * along) / span)
}

/**
 * Heat after `elapsedMs` at a constant power: rises by elapsed ÷ time to trip, falls at or below the
 * contract, and stays between the two. Never falls when the power is higher, so more power never trips later.
 */
export function heatAfter(
  profile: TripProfile,
  heat: number,
  elapsedMs: number,
  multiplePermille: number,
): number {
  const tripMs = timeToTrip(profile, multiplePermille)
  if (tripMs !== null) {
    return Math.min(HEAT_TO_TRIP, heat + Math.floor((elapsedMs * HEAT_TO_TRIP) / tripMs))
  }
  if (multiplePermille > 1000) return heat
  return Math.max(0, heat - Math.floor((elapsedMs * HEAT_TO_TRIP) / profile.coolMs))
}

/**
 * How long until the switch trips if the power stays, ms; `null` when it does not. What a page counts down.
 */
export function timeLeft(profile: TripProfile, heat: number, multiplePermille: number): number | null {
  const tripMs = timeToTrip(profile, multiplePermille)
  return tripMs === null ? null : Math.ceil(((HEAT_TO_TRIP - heat) * tripMs) / HEAT_TO_TRIP)
}
