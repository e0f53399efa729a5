import fc from 'fast-check'
import { expect, it } from 'vitest'
import { careLimits } from '../../protocols/rules/care-limits.ts'

const QUARTER_HOURS_OF_A_MONTH = 30 * 24 * 4

it('lets a shower run in a quarter-hour, and no burst hose, at ten cubic metres a month', () => {
  const limits = careLimits({ powerW: 3_450, waterMl: 10_000_000 }, QUARTER_HOURS_OF_A_MONTH)
  expect(limits).toEqual({ peakPowerW: 3_450, waterMlPerSlot: 69_445 })
})

it('empties no quota of water before a twentieth of its period is over', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e11 }), fc.integer({ min: 1, max: 50_000 }), (quotaMl, slots) => {
      const { waterMlPerSlot } = careLimits({ powerW: 0, waterMl: quotaMl }, slots)
      expect(Number.isSafeInteger(waterMlPerSlot)).toBe(true)
      expect(waterMlPerSlot * (slots / 20)).toBeGreaterThanOrEqual(quotaMl * (1 - 1e-9))
      expect((waterMlPerSlot - 1) * (slots / 20)).toBeLessThan(quotaMl + 1)
    }),
  )
})
