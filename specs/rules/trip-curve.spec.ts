import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TripProfile } from '../../protocols/rules/trip-curve.ts'
import {
  HEAT_TO_TRIP,
  heatAfter,
  multipleOf,
  timeLeft,
  timeToTrip,
  TRIP_PROFILES,
  tripProfile,
} from '../../protocols/rules/trip-curve.ts'

/** How long a constant load lasts when it is read every `stepMs`, ms; null when it outlasts `mostMs`. */
function lasts(profile: TripProfile, multiple: number, stepMs: number, mostMs: number): number | null {
  let heat = 0
  for (let t = stepMs; t <= mostMs + stepMs; t += stepMs) {
    heat = heatAfter(profile, heat, stepMs, multiple)
    if (heat >= HEAT_TO_TRIP) return t
  }
  return null
}

const profiles = Object.values(TRIP_PROFILES)

describe.each(profiles)('the curve of $name', (profile) => {
  it('has a source, ascending multiples and falling times', () => {
    expect(profile.source.length).toBeGreaterThan(10)
    profile.points.slice(1).forEach((point, i) => {
      const before = profile.points[i]
      if (before === undefined) return
      expect(point.multiplePermille).toBeGreaterThan(before.multiplePermille)
      expect(point.tripMs).toBeLessThan(before.tripMs)
    })
  })

  it.each(profile.points)('trips within its band at $multiplePermille thousandths', (point) => {
    const stepMs = Math.max(10, Math.floor(point.tripMs / 500))
    const lasted = lasts(profile, point.multiplePermille, stepMs, point.mostMs)
    expect(lasted).not.toBeNull()
    expect(lasted ?? 0).toBeGreaterThanOrEqual(point.leastMs)
    expect(lasted ?? 0).toBeLessThanOrEqual(point.mostMs)
  })

  it('never trips below its first multiple', () => {
    const first = profile.points[0]?.multiplePermille ?? 0
    expect(timeToTrip(profile, first - 1)).toBeNull()
    expect(lasts(profile, first - 1, 60_000, 86_400_000)).toBeNull()
    expect(lasts(profile, 1000, 60_000, 86_400_000)).toBeNull()
  })

  it('never trips later for more power, from any history', () => {
    const load = fc.integer({ min: 0, max: 12_000 })
    const loads = fc.array(fc.tuple(load, fc.nat(3_000), fc.nat(60_000)), { maxLength: 60 })
    fc.assert(
      fc.property(loads, (steps) => {
        let low = 0
        let high = 0
        for (const [multiple, more, elapsedMs] of steps) {
          low = heatAfter(profile, low, elapsedMs, multiple)
          high = heatAfter(profile, high, elapsedMs, multiple + more)
          expect(high).toBeGreaterThanOrEqual(low)
        }
      }),
    )
  })

  it('keeps heat an integer between nothing and a trip', () => {
    fc.assert(
      fc.property(fc.nat(HEAT_TO_TRIP), fc.nat(10_000_000), fc.nat(20_000), (heat, elapsedMs, multiple) => {
        const after = heatAfter(profile, heat, elapsedMs, multiple)
        expect(Number.isSafeInteger(after)).toBe(true)
        expect(after).toBeGreaterThanOrEqual(0)
        expect(after).toBeLessThanOrEqual(HEAT_TO_TRIP)
      }),
    )
  })

  it('forgets an excess after its time to cool', () => {
    expect(heatAfter(profile, HEAT_TO_TRIP, profile.coolMs, 900)).toBe(0)
    expect(heatAfter(profile, HEAT_TO_TRIP, profile.coolMs - 60_000, 900)).toBeGreaterThan(0)
  })

  it('neither heats nor cools between the contract and its first multiple', () => {
    const first = profile.points[0]?.multiplePermille ?? 0
    for (const multiple of [1_001, first - 1])
      expect(heatAfter(profile, 1_000_000, 60_000, multiple)).toBe(1_000_000)
    expect(heatAfter(profile, 1_000_000, 60_000, 1_000)).toBe(0)
  })

  it('counts down to the trip that then comes', () => {
    const multiple = 2_200
    const heat = heatAfter(profile, 0, 1_000, multiple)
    const left = timeLeft(profile, heat, multiple) ?? 0
    expect(heatAfter(profile, heat, left, multiple)).toBeGreaterThanOrEqual(HEAT_TO_TRIP - 2_000)
    expect(timeLeft(profile, heat, 1_000)).toBeNull()
  })
})

describe('the curve of the electromechanical switch', () => {
  const { 'icp-m': icp, 'smart-meter': meter } = TRIP_PROFILES

  it('runs straight between its points, and stays at the last one', () => {
    expect(timeToTrip(icp, 1_129)).toBeNull()
    expect(timeToTrip(icp, 1_130)).toBe(7_200_000)
    expect(timeToTrip(icp, 2_000)).toBe(10_000)
    expect(timeToTrip(icp, 2_001)).toBe(10_000 - 9)
    expect(timeToTrip(icp, 2_275)).toBe(7_500)
    expect(timeToTrip(icp, 10_000)).toBe(50)
    expect(timeToTrip(icp, 99_000)).toBe(50)
    expect(timeToTrip({ ...icp, points: [] }, 2_000)).toBeNull()
  })

  it('heats by the part of the time to trip that passed, rounded down, and no further than a trip', () => {
    expect(heatAfter(icp, 0, 1_000, 2_000)).toBe(100_000_000)
    expect(heatAfter(icp, 5, 3, 2_275)).toBe(5 + 400_000)
    expect(heatAfter(meter, 0, 1, 2_000)).toBe(3_225)
    expect(heatAfter(icp, 0, 10_001, 2_000)).toBe(HEAT_TO_TRIP)
  })

  it('cools by the part of its time to cool, and no further than nothing', () => {
    expect(heatAfter(icp, HEAT_TO_TRIP, 150_000, 1_000)).toBe(HEAT_TO_TRIP / 2)
    expect(heatAfter(icp, 10_000, 1, 0)).toBe(10_000 - 3_333)
    expect(heatAfter(icp, 5, 1_000, 0)).toBe(0)
  })

  it('leaves the time that its heat leaves, rounded up', () => {
    expect(timeLeft(icp, 0, 2_000)).toBe(10_000)
    expect(timeLeft(icp, 1, 2_000)).toBe(10_000)
    expect(timeLeft(icp, 100_000, 2_000)).toBe(9_999)
    expect(timeLeft(icp, HEAT_TO_TRIP, 2_000)).toBe(0)
  })
})

describe('a curve by its name', () => {
  it('is found, or refused with the names that exist', () => {
    expect(tripProfile('icp-m')).toBe(TRIP_PROFILES['icp-m'])
    expect(tripProfile('smart-meter')).toBe(TRIP_PROFILES['smart-meter'])
    expect(() => tripProfile('fuse')).toThrow('trip profile: expected icp-m or smart-meter, got "fuse"')
  })

  it('measures power against the contract in thousandths', () => {
    expect(multipleOf(3_450, 3_450)).toBe(1_000)
    expect(multipleOf(3_453, 3_450)).toBe(1_000)
    expect(multipleOf(3_454, 3_450)).toBe(1_001)
    expect(multipleOf(-500, 3_450)).toBe(0)
    expect(multipleOf(0, 0)).toBe(0)
    expect(multipleOf(1, 0)).toBe(Number.MAX_SAFE_INTEGER)
    expect(multipleOf(1, -1)).toBe(Number.MAX_SAFE_INTEGER)
  })
})
