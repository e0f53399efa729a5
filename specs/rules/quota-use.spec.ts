import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ALARM_CODES, ALARM_TEXT_BYTES_MAX } from '../../protocols/messages/alarm-payload.ts'
import type { AlarmDraft } from '../../protocols/rules/alarm.ts'
import type { PeriodUse } from '../../protocols/rules/quota-use.ts'
import { ALARM_LEVELS, alarmsFor, levelsCrossed, periodUse, useOf } from '../../protocols/rules/quota-use.ts'
import {
  refusalText,
  watchReading,
  watchRefused,
  watchSilence,
  NEW_WATCH,
} from '../../protocols/rules/silence.ts'

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
})

describe('silence and bad data', () => {
  it('tells of a silence once, and again only after the home spoke', () => {
    let watch = watchReading(NEW_WATCH, 100).next
    const tick = (slot: number) => {
      const { next, alarms } = watchSilence(watch, slot)
      watch = next
      return told(alarms)
    }
    expect([101, 102, 103].flatMap(tick)).toEqual([])
    expect([104, 105, 106, 200].flatMap(tick)).toEqual(['none silence'])
    watch = watchReading(watch, 201).next
    expect([202, 203, 204, 205, 206].flatMap(tick)).toEqual(['none silence'])
  })

  it('does not call silent what nobody could hear', () => {
    const { next } = watchReading(NEW_WATCH, 100)
    const heard = (slot: number) => told(watchSilence(next, slot, { sinceSlot: 200 }).alarms)
    expect([200, 201, 202, 203].flatMap(heard)).toEqual([])
    expect(heard(204)).toEqual(['none silence'])
  })

  it('does not call a home silent that has not begun', () => {
    expect(watchSilence(NEW_WATCH, 1_000_000).alarms).toEqual([])
  })

  it('tells of bad data after three refused slots, with what to look at', () => {
    const run = (reason: string) => {
      let watch = NEW_WATCH
      return [1, 2, 3, 4, 5].flatMap((slot) => {
        const { next, alarms } = watchRefused(watch, slot, reason)
        watch = next
        return told(alarms)
      })
    }
    expect(run('spike')).toEqual(['none bad-data'])
    expect(run('board-silent')).toEqual(['none board-away'])
    expect(run('sensor-fault')).toEqual(['none board-fault'])
  })

  it('forgets a run of bad data with the first good reading', () => {
    const twice = watchRefused(watchRefused(NEW_WATCH, 1, 'spike').next, 2, 'spike').next
    const good = watchReading(twice, 3).next
    expect(watchRefused(good, 4, 'spike').alarms).toEqual([])
  })

  it('has words for every reason that fit an alarm', () => {
    for (const code of [
      'board-silent',
      'sensor-fault',
      'clock-suspect',
      'clock-back',
      'spike',
      'bad-field',
    ]) {
      expect(new TextEncoder().encode(refusalText(code)).length).toBeLessThanOrEqual(ALARM_TEXT_BYTES_MAX)
    }
  })
})
