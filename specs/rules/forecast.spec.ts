import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  HISTORY_DAYS,
  keptOf,
  LEAST_STRETCHES,
  likelyPeak,
  likelyUse,
  MARGIN_UNKNOWN_PPM,
} from '../../protocols/rules/forecast.ts'
import { useBySteps, type UseHistory } from '../../protocols/rules/use-history.ts'

const HOUR = 3_600_000
const history = (used: number[], firstStep = 0, stepsPerDay = 24): UseHistory => ({
  stepsPerDay,
  firstStep,
  used,
})
/** So many days of the same day. */
const days = (count: number, of: (hour: number, day: number) => number): number[] =>
  Array.from({ length: count * 24 }, (_, step) => of(step % 24, Math.floor(step / 24)))
const sum = (used: readonly number[]): number => used.reduce((total, each) => total + each, 0)

describe('use by steps', () => {
  it('is the difference of registers at the ends of whole steps', () => {
    const marks = [
      { atMs: 0, register: 100 },
      { atMs: HOUR, register: 160 },
      { atMs: 2 * HOUR, register: 170 },
      { atMs: 2 * HOUR + 5, register: 999 },
    ]
    expect(useBySteps(marks, HOUR, 24)).toEqual({ stepsPerDay: 24, firstStep: 0, used: [60, 10] })
  })

  it('spreads what was used in a gap evenly over it', () => {
    const marks = [
      { atMs: 0, register: 0 },
      { atMs: 3 * HOUR, register: 100 },
    ]
    expect(useBySteps(marks, HOUR, 24).used).toEqual([33, 33, 34])
  })

  it('begins and ends with whole steps, and is nothing without them', () => {
    const marks = [
      { atMs: HOUR / 2, register: 0 },
      { atMs: 2 * HOUR + HOUR / 2, register: 200 },
    ]
    expect(useBySteps(marks, HOUR, 24)).toEqual({ stepsPerDay: 24, firstStep: 1, used: [100] })
    expect(useBySteps(marks.slice(0, 1), HOUR, 24).used).toEqual([])
    expect(useBySteps([], HOUR, 24).used).toEqual([])
  })

  it('refuses a register that falls, and a step of nothing', () => {
    const falling = [
      { atMs: 0, register: 5 },
      { atMs: 2 * HOUR, register: 4 },
    ]
    expect(() => useBySteps(falling, HOUR, 24)).toThrow(/register: expected at least 5/)
    expect(() => useBySteps([], 0, 24)).toThrow(/stepMs/)
  })

  it('loses and adds nothing, whatever was missed', () => {
    const gaps = fc.array(fc.record({ ms: fc.nat(3 * HOUR), use: fc.nat(5000) }), { maxLength: 40 })
    fc.assert(
      fc.property(gaps, fc.integer({ min: 1, max: 10 * HOUR }), (all, startMs) => {
        let [atMs, register] = [startMs, 7]
        const marks = [{ atMs, register }]
        for (const { ms, use } of all) {
          atMs += ms
          register += use
          marks.push({ atMs, register })
        }
        const { used } = useBySteps(marks, HOUR, 24)
        expect(used.every((each) => Number.isSafeInteger(each) && each >= 0)).toBe(true)
        expect(sum(used)).toBeLessThanOrEqual(register - 7)
        const whole = useBySteps([{ atMs: 0, register: 0 }, ...marks], HOUR, 24)
        const upTo = Math.floor(atMs / HOUR) * HOUR
        const end = marks.findLast((mark) => mark.atMs <= upTo)
        if (end?.atMs === upTo) expect(sum(whole.used)).toBe(end.register)
      }),
    )
  })
})

describe('a forecast', () => {
  it('is what a steady home uses, by time of day, without a margin', () => {
    const used = days(14, (hour) => (hour < 8 ? 100 : 400))
    const forecast = likelyUse(history(used), 14 * 24 + 4, 14 * 24 + 10)
    expect(forecast).toEqual({ likely: 4 * 100 + 2 * 400, usual: 1200, marginPpm: 0, stretches: 14 })
  })

  it('covers many days to come', () => {
    const used = days(14, (hour) => hour)
    expect(likelyUse(history(used), 14 * 24 + 20, 20 * 24 + 22)?.likely).toBe(6 * 276 + 20 + 21)
  })

  it('adds what nine of ten comparable stretches stayed within', () => {
    const used = days(20, (_, day) => (day % 10 === 9 ? 300 : day % 10 === 8 ? 150 : 100))
    const usual = (8 * 100 + 150 + 300) / 10
    const forecast = likelyUse(history(used), 20 * 24, 21 * 24)
    expect(forecast?.usual).toBe(usual * 24)
    expect(forecast?.marginPpm).toBe(Math.floor((150 * 1e6) / usual) - 1_000_000)
    expect(forecast?.likely).toBe(150 * 24)
  })

  it('keeps half as much again while little is known, and all while nothing is', () => {
    const little = likelyUse(history(days(2, () => 100)), 48, 72)
    expect(little).toEqual({ likely: 3600, usual: 2400, marginPpm: MARGIN_UNKNOWN_PPM, stretches: 0 })
    expect(likelyUse(history([]), 48, 72)).toBeNull()
    expect(keptOf(null, 12_345)).toBe(12_345)
    expect(keptOf(little, 12_345)).toBe(3600)
  })

  it('is nothing at the end of the period', () => {
    const nothing = { likely: 0, usual: 0, marginPpm: 0, stretches: 0 }
    for (const until of [100, 99]) {
      expect(likelyUse(history(days(9, () => 5)), 100, until)).toEqual(nothing)
      expect(likelyPeak(history(days(9, () => 5)), 100, until)).toEqual(nothing)
    }
  })

  it('has its margin from five stretches on', () => {
    const after = (count: number) => likelyUse(history(days(count, () => 100)), 24 * count, 24 * count + 24)
    expect(after(LEAST_STRETCHES)).toEqual({ likely: 2400, usual: 2400, marginPpm: 0, stretches: 5 })
    expect(after(LEAST_STRETCHES - 1)).toMatchObject({ marginPpm: MARGIN_UNKNOWN_PPM, stretches: 0 })
  })

  it('takes its margin from stretches that began at the same time of day, where there are five', () => {
    const even = (count: number) =>
      history(
        Array.from({ length: count }, () => 10),
        0,
        4,
      )
    // Four steps a day: stretches of three that began at the second step of a day, or one after the other.
    expect(likelyUse(even(21), 21, 24)?.stretches).toBe(5)
    expect(likelyUse(even(17), 17, 20)?.stretches).toBe(5)
    expect(likelyUse(even(16), 17, 20)?.stretches).toBe(5)
  })

  it('says little of a home that used nothing', () => {
    const none = { likely: 0, usual: 0, marginPpm: MARGIN_UNKNOWN_PPM, stretches: 0 }
    expect(likelyUse(history(days(9, () => 0)), 216, 240)).toEqual(none)
  })

  it('forgets habits that are older than four weeks', () => {
    const used = [...days(10, () => 9999), ...days(HISTORY_DAYS, () => 100)]
    expect(likelyUse(history(used), used.length, used.length + 24)?.likely).toBe(2400)
  })

  it('takes any stretches where a period is shorter than a day of steps', () => {
    const used = [100, 200, 100, 200, 100, 200, 100, 200, 100, 200, 100, 200]
    const forecast = likelyUse(history(used, 500, 86_400), 512, 514)
    expect(forecast).toEqual({ likely: 300, usual: 300, marginPpm: 0, stretches: 6 })
  })

  const someHistory = fc.record({
    used: fc.array(fc.nat(5000), { minLength: 1, maxLength: 24 * 12 }),
    firstStep: fc.nat(1000),
  })

  it('is never less than what is usual, and grows with the time it is for', () => {
    fc.assert(
      fc.property(someHistory, fc.integer({ min: 1, max: 24 }), ({ used, firstStep }, steps) => {
        const now = firstStep + used.length
        const forecast = likelyUse(history(used, firstStep), now, now + steps)
        const longer = likelyUse(history(used, firstStep), now, now + steps + 24)
        if (forecast === null || longer === null) throw new Error('something is known')
        expect(forecast.likely).toBeGreaterThanOrEqual(forecast.usual - 1)
        expect(longer.usual).toBeGreaterThanOrEqual(forecast.usual)
        for (const each of [forecast, longer]) expect(Number.isSafeInteger(each.likely)).toBe(true)
      }),
    )
  })

  it('does not depend on the unit', () => {
    fc.assert(
      fc.property(someHistory, fc.integer({ min: 2, max: 1000 }), ({ used, firstStep }, factor) => {
        const now = firstStep + used.length
        const of = (times: number) =>
          likelyUse(
            history(
              used.map((each) => each * times),
              firstStep,
            ),
            now,
            now + 30,
          )
        const [one, many] = [of(1), of(factor)]
        expect(Math.abs((many?.likely ?? 0) - factor * (one?.likely ?? 0))).toBeLessThanOrEqual(2 * factor)
      }),
    )
  })
})

describe('a forecast of power', () => {
  it('is the highest peak at these times of day, whatever was usual', () => {
    const peaks = days(9, (hour, day) => (day === 3 && hour === 20 ? 4600 : hour === 7 ? 3000 : 1000))
    expect(likelyPeak(history(peaks), 9 * 24 + 6, 9 * 24 + 9)?.likely).toBe(3000)
    expect(likelyPeak(history(peaks), 9 * 24 + 8, 9 * 24 + 10)?.likely).toBe(1000)
    expect(likelyPeak(history(peaks), 9 * 24 + 8, 40 * 24)?.likely).toBe(4600)
    expect(likelyPeak(history(peaks), 9 * 24 + 5, 9 * 24 + 7)?.likely).toBe(1000)
    expect(likelyPeak(history(peaks), 9 * 24 + 7, 9 * 24 + 8)).toEqual({
      likely: 3000,
      usual: 3000,
      marginPpm: 0,
      stretches: 9,
    })
    expect(likelyPeak(history([]), 0, 5)).toBeNull()
  })

  it('takes any peaks where these times of day were never seen', () => {
    expect(likelyPeak(history([700, 900], 0), 30, 32)?.likely).toBe(900)
  })
})

/** A home of our own making: a daily shape, weekends, days away, and noise, from a seed. */
function livedIn(seed: number, count: number): number[] {
  let state = seed
  const chance = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
  const mood = Array.from({ length: count }, () => (chance() < 0.1 ? 0.3 : 0.8 + 0.4 * chance()))
  return days(count, (hour, day) => {
    const shape = hour < 7 ? 150 : hour < 9 ? 500 : hour < 18 ? 250 : hour < 23 ? 700 : 300
    const weekend = day % 7 >= 5 ? 1.15 : 1
    return Math.round(shape * weekend * (mood[day] ?? 1) * (0.7 + 0.6 * chance()))
  })
}

describe('a home that sells all that it can spare', () => {
  it('does not sell itself short more often than it was told, over many lives', () => {
    let [sold, short, kept, needed] = [0, 0, 0, 0]
    for (let seed = 1; seed <= 40; seed += 1) {
      const used = livedIn(seed, 42)
      for (const hour of [0, 9, 18, 22]) {
        const now = 35 * 24 + hour
        const until = 36 * 24
        const forecast = likelyUse(history(used.slice(0, now)), now, until)
        const actual = sum(used.slice(now, until))
        const left = 2 * actual
        sold += 1
        kept += keptOf(forecast, left)
        needed += actual
        if (actual > keptOf(forecast, left)) short += 1
      }
    }
    expect(short / sold).toBeLessThan(0.15)
    expect(kept / needed).toBeLessThan(1.45)
  })

  it('has enough stretches to judge by after a week', () => {
    const used = livedIn(9, 7)
    const forecast = likelyUse(history(used), 7 * 24, 8 * 24)
    expect(forecast?.stretches).toBeGreaterThanOrEqual(LEAST_STRETCHES)
  })
})
