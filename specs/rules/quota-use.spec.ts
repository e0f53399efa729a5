import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ALARM_CODES, ALARM_TEXT_BYTES_MAX } from '../../protocols/messages/alarm-payload.ts'
import type { AlarmDraft } from '../../protocols/rules/alarm.ts'
import type { PeriodUse } from '../../protocols/rules/quota-use.ts'
import { ALARM_LEVELS, alarmsFor, levelsCrossed, periodUse, useOf } from '../../protocols/rules/quota-use.ts'

const QUOTA = { energyWh: 10_000, powerW: 3_450, waterMl: 100_000 }

const use = (change: Partial<PeriodUse>): PeriodUse => ({
  slot: 7,
  energyWh: 0,
  waterMl: 0,
  peakPowerW: 0,
  ...change,
})

const told = (alarms: readonly AlarmDraft[]) => alarms.map(({ code, resource }) => `${resource} ${code}`)

describe('use against a quota', () => {
  it('is register now less register at the start of the period', () => {
    const start = { slot: 100, energyImportWh: 5_000, waterMl: 900, peakPowerW: 0 }
    const now = { slot: 130, energyImportWh: 5_700, waterMl: 1_000, peakPowerW: 2_100 }
    expect(periodUse(start, now)).toEqual({ slot: 130, energyWh: 700, waterMl: 100, peakPowerW: 2_100 })
  })

  it('shows what is left and what is too much, never both', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (used, quota) => {
        const { left, excess, leftPermille } = useOf(used, quota)
        expect(left - excess).toBe(quota - used)
        expect(left * excess).toBe(0)
        expect(leftPermille).toBeLessThanOrEqual(1000)
        expect(leftPermille * quota).toBeLessThanOrEqual(left * 1000)
      }),
    )
  })
})

describe('what is left of a quota', () => {
  it('is told in thousandths, rounded down', () => {
    expect(useOf(1, 3)).toEqual({ used: 1, quota: 3, left: 2, excess: 0, leftPermille: 666 })
    expect(useOf(5, 3)).toEqual({ used: 5, quota: 3, left: 0, excess: 2, leftPermille: 0 })
    expect(useOf(0, 3).leftPermille).toBe(1_000)
    expect(useOf(0, 0)).toEqual({ used: 0, quota: 0, left: 0, excess: 0, leftPermille: 0 })
  })
})

describe('the levels of a quota', () => {
  it('are each told exactly once in a period, however the use climbs', () => {
    const steps = fc.array(fc.nat(400), { maxLength: 60 })
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 5_000 }), (climbs, quota) => {
        const crossed: number[] = []
        let used = 0
        for (const climb of climbs) {
          crossed.push(...levelsCrossed(used, used + climb, quota))
          used += climb
        }
        expect(crossed).toEqual(ALARM_LEVELS.filter((level) => used * 100 >= quota * level))
      }),
    )
  })

  it('lie at 80, 90 and 100 percent to the unit', () => {
    expect(levelsCrossed(0, 7_999, 10_000)).toEqual([])
    expect(levelsCrossed(7_999, 8_000, 10_000)).toEqual([80])
    expect(levelsCrossed(8_000, 8_999, 10_000)).toEqual([])
    expect(levelsCrossed(8_999, 9_000, 10_000)).toEqual([90])
    expect(levelsCrossed(9_999, 10_000, 10_000)).toEqual([100])
    expect(levelsCrossed(10_000, 50_000, 10_000)).toEqual([])
  })

  it('are told for energy, water and power alike', () => {
    const after = use({ energyWh: 8_000, waterMl: 95_000, peakPowerW: 3_600 })
    expect(told(alarmsFor(use({ waterMl: 80_000 }), after, QUOTA))).toEqual([
      'energy quota-80',
      'water quota-90',
      'power quota-80',
      'power quota-90',
      'power quota-100',
    ])
  })

  it('begin anew with the first reading of a period', () => {
    expect(told(alarmsFor(null, use({ energyWh: 9_500 }), QUOTA))).toEqual([
      'energy quota-80',
      'energy quota-90',
    ])
    expect(alarmsFor(null, use({}), QUOTA)).toEqual([])
  })

  it('are crossed by any use of a quota of nothing', () => {
    expect(levelsCrossed(0, 1, 0)).toEqual([100])
    expect(levelsCrossed(1, 2, 0)).toEqual([])
    expect(levelsCrossed(0, 0, 0)).toEqual([])
  })

  it('say in plain words what happened, within the room of an alarm', () => {
    const after = use({ energyWh: 10_000, waterMl: 80_000, peakPowerW: 99_999 })
    const alarms = alarmsFor(null, after, { ...QUOTA, powerW: 88_888 })
    for (const { text, code } of alarms) {
      expect(new TextEncoder().encode(text).length).toBeLessThanOrEqual(ALARM_TEXT_BYTES_MAX)
      expect(Object.keys(ALARM_CODES)).toContain(code)
    }
    expect(alarms.map(({ text }) => text)).toContain('Your energy quota of this period is used up.')
  })

  it('are an alarm each, with the use, the quota and a sentence of their own', () => {
    const [eighty, ninety, full, ...more] = alarmsFor(null, use({ energyWh: 10_000 }), QUOTA)
    const energy = { resource: 'energy', slot: 7, value: 10_000, limit: 10_000 }
    const text = (level: number) => `${level} % of this period's energy quota is used.`
    expect(eighty).toEqual({ ...energy, code: 'quota-80', severity: 'info', text: text(80) })
    expect(ninety).toEqual({ ...energy, code: 'quota-90', severity: 'warning', text: text(90) })
    const used = 'Your energy quota of this period is used up.'
    expect(full).toEqual({ ...energy, code: 'quota-100', severity: 'critical', text: used })
    expect(more).toEqual([])
    const power = alarmsFor(use({ peakPowerW: 2_760 }), use({ peakPowerW: 3_500 }), QUOTA)
    expect(power.map((alarm) => alarm.text)).toEqual([
      'Power reached 90 % of your 3.5 kW limit.',
      'Power reached 3.5 kW; your limit is 3.5 kW.',
    ])
  })

  it('are not told again of what the reading before had reached', () => {
    const before = use({ energyWh: 9_000, waterMl: 90_000, peakPowerW: 3_200 })
    expect(alarmsFor(before, before, QUOTA)).toEqual([])
  })
})
