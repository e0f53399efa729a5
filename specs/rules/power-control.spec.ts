import { describe, expect, it } from 'vitest'
import { kilowatts } from '../../protocols/rules/alarm.ts'
import {
  heatAt,
  heatWhenRestored,
  isOverridden,
  msToTrip,
  overrideUntil,
  powerAlarm,
  type PowerHeat,
  powerLevel,
  type PowerNotice,
} from '../../protocols/rules/power-control.ts'
import { HEAT_TO_TRIP, HEAT_TO_WARN } from '../../protocols/rules/trip-curve.ts'

const NOW = 1_800_000_000_000
const DAY_MS = 24 * 3_600_000
/** A switch that trips after ten seconds at twice the contract. */
const COLD: PowerHeat = {
  profile: 'icp-m',
  contractedW: 3_000,
  heat: 0,
  lastT: NOW - 2_000,
  maxGapMs: 6_000,
  overrideUntilMs: null,
}
const hot = (heat: number, change: Partial<PowerHeat> = {}): PowerHeat => ({
  ...COLD,
  heat,
  lastT: NOW,
  ...change,
})
const reading = (powerW: number, t = NOW) => ({ t, powerW })

describe('the heat of a switch', () => {
  it('counts the power of a reading for the time since the one before', () => {
    expect(heatAt(COLD, reading(6_000))).toBe(HEAT_TO_TRIP / 5)
    expect(heatAt({ ...COLD, heat: 7 }, reading(6_000))).toBe(HEAT_TO_TRIP / 5 + 7)
  })

  it('does not count a longer silence, a clock that went back, or the time before the first reading', () => {
    expect(heatAt({ ...COLD, lastT: NOW - 60_000 }, reading(6_000))).toBe((HEAT_TO_TRIP * 6) / 10)
    expect(heatAt({ ...COLD, lastT: NOW + 5_000 }, reading(6_000))).toBe(0)
    expect(heatAt({ ...COLD, lastT: null }, reading(6_000))).toBe(0)
  })

  it('is below the warning once the supply is restored', () => {
    expect(heatWhenRestored(HEAT_TO_TRIP)).toBe(HEAT_TO_WARN - 1)
    expect(heatWhenRestored(HEAT_TO_WARN)).toBe(HEAT_TO_WARN - 1)
    expect(heatWhenRestored(5)).toBe(5)
  })
})

describe('a person who keeps the supply on', () => {
  it('does so until before the moment that was said, and a day at most', () => {
    const known = hot(0, { overrideUntilMs: NOW })
    expect(isOverridden(known, NOW - 1)).toBe(true)
    expect(isOverridden(known, NOW)).toBe(false)
    expect(isOverridden(COLD, NOW)).toBe(false)
    expect(overrideUntil(NOW, NOW + 5)).toBe(NOW + 5)
    expect(overrideUntil(NOW, NOW + 2 * DAY_MS)).toBe(NOW + DAY_MS)
  })
})

describe('the level of a supply', () => {
  it('is over as soon as the power is above the contract', () => {
    expect(powerLevel(hot(0), reading(3_000))).toBe('normal')
    expect(powerLevel(hot(0), reading(3_002))).toBe('normal')
    expect(powerLevel(hot(0), reading(3_003))).toBe('over')
  })

  it('is a warning from half the heat on, until it has cooled below', () => {
    expect(powerLevel(hot(HEAT_TO_WARN), reading(0))).toBe('warned')
    expect(powerLevel(hot(HEAT_TO_WARN - 1), reading(0))).toBe('normal')
    expect(powerLevel(hot(HEAT_TO_TRIP - 1), reading(6_000))).toBe('warned')
  })

  it('is a trip at full heat, while the power is above the contract and nobody overrides it', () => {
    expect(powerLevel(hot(HEAT_TO_TRIP), reading(6_000))).toBe('trip')
    expect(powerLevel(hot(HEAT_TO_TRIP), reading(3_000))).toBe('warned')
    const kept = hot(HEAT_TO_TRIP, { overrideUntilMs: NOW + 1 })
    expect(powerLevel(kept, reading(6_000))).toBe('warned')
    expect(powerLevel({ ...kept, overrideUntilMs: NOW }, reading(6_000))).toBe('trip')
  })
})

describe('the time to a trip', () => {
  it('is what the heat leaves of the curve, and none where the power never trips', () => {
    expect(msToTrip(hot(0), 6_000)).toBe(10_000)
    expect(msToTrip(hot(HEAT_TO_WARN), 6_000)).toBe(5_000)
    expect(msToTrip(hot(0, { profile: 'smart-meter' }), 6_000)).toBe(310_000)
    expect(msToTrip(hot(0), 3_300)).toBeNull()
  })
})

describe('the alarm of a supply', () => {
  const base = { resource: 'power', slot: 9, value: 6_000, limit: 3_000 }
  const alarm = (notice: PowerNotice, known: PowerHeat, powerW = 6_000) =>
    powerAlarm(notice, known, { powerW, slot: 9 })

  it('warns with the time that is left: seconds below two minutes, else minutes', () => {
    expect(alarm('warned', hot(HEAT_TO_WARN))).toEqual({
      ...base,
      code: 'power-over',
      severity: 'warning',
      text: '6.0 kW is too much: power will be cut in 5 s.',
    })
    const textAt = (heat: number, powerW: number) =>
      alarm('warned', hot(heat, { profile: 'smart-meter' }), powerW).text
    expect(textAt(0, 6_000)).toContain('in 5 min.')
    expect(textAt(613_000_000, 6_000)).toContain('in 120 s.')
    expect(textAt(612_903_226, 6_000)).toContain('in 2 min.')
    expect(textAt(612_903_225, 6_000)).toContain('in 2 min.')
    expect(textAt(0, 3_000)).toBe('3.0 kW is too much: power will be cut soon.')
  })

  it('tells what became of the supply', () => {
    expect(alarm('tripped', hot(0))).toEqual({
      ...base,
      code: 'power-trip',
      severity: 'critical',
      text: 'Power was cut: too much for too long. Unplug, restore.',
    })
    expect(alarm('restored', hot(0), -40)).toEqual({
      ...base,
      value: 0,
      code: 'power-restored',
      severity: 'info',
      text: 'Power is back on.',
    })
    expect(alarm('relay-failed', hot(0))).toEqual({
      ...base,
      code: 'board-fault',
      severity: 'critical',
      text: 'The power switch does not obey. Have it checked.',
    })
  })

  it('writes power in kilowatts with one decimal', () => {
    expect(kilowatts(3_450)).toBe('3.5 kW')
    expect(kilowatts(0)).toBe('0.0 kW')
  })
})
