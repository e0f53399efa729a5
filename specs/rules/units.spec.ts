import { describe, expect, it } from 'vitest'
import {
  energyWh,
  periodNumber,
  periodOf,
  powerW,
  slotAt,
  slotNumber,
  unixMs,
  waterMl,
} from '../../protocols/rules/units.ts'

const SAFE = Number.MAX_SAFE_INTEGER

describe('a number with a unit', () => {
  it.each([
    ['energyWh', energyWh, SAFE],
    ['powerW', powerW, 4_294_967_295],
    ['waterMl', waterMl, SAFE],
    ['unixMs', unixMs, SAFE],
    ['slot', slotNumber, SAFE],
    ['period', periodNumber, SAFE],
  ] as const)('%s is a natural number within its width', (field, unit, most) => {
    expect(unit(0)).toBe(0)
    expect(unit(most)).toBe(most)
    for (const bad of [-1, most + 1, 0.5, Number.NaN]) {
      expect(() => unit(bad)).toThrow(`${field}: expected an integer from 0 to ${most}, got ${bad}`)
    }
  })
})

describe('time', () => {
  it('is divided into slots, and slots into billing periods', () => {
    expect([3_999, 4_000, 5_999].map((ms) => slotAt(ms, 2_000))).toEqual([1, 2, 2])
    expect([29, 30, 59, 60].map((slot) => periodOf(slot, 30))).toEqual([0, 1, 1, 2])
  })
})
