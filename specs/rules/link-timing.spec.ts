import { expect, it } from 'vitest'
import { backOffMs, reportWindowMs } from '../../protocols/rules/link-timing.ts'

it('waits for a board from half a second, twice as long each time, to half a minute', () => {
  expect([1, 2, 3, 6].map(backOffMs)).toEqual([500, 1_000, 2_000, 16_000])
  expect([7, 8, 11, 5_000].map(backOffMs)).toEqual([30_000, 30_000, 30_000, 30_000])
  expect(backOffMs(0)).toBe(500)
})

it('asks for two reports a sample period, within what a board takes', () => {
  expect(reportWindowMs(2_000)).toBe(1_000)
  expect(reportWindowMs(2_001)).toBe(1_000)
  expect(reportWindowMs(800)).toBe(400)
  expect(reportWindowMs(500)).toBe(400)
  expect(reportWindowMs(120_000)).toBe(60_000)
  expect(reportWindowMs(900_000)).toBe(60_000)
})
