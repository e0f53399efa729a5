import { describe, expect, it } from 'vitest'
import { ALARM_TEXT_BYTES_MAX } from '../../protocols/messages/alarm-payload.ts'
import type { AlarmDraft } from '../../protocols/rules/alarm.ts'
import {
  BAD_SLOTS,
  NEW_WATCH,
  refusalText,
  SILENT_SLOTS,
  type Watch,
  watchReading,
  watchRefused,
  watchSilence,
} from '../../protocols/rules/silence.ts'

const told = (alarms: readonly AlarmDraft[]) => alarms.map(({ code, resource }) => `${resource} ${code}`)
const HEARD: Watch = { lastSlot: 100, silent: false, badInARow: 0 }

describe('a reading', () => {
  it('ends a silence and a run of bad data, and never moves the last slot back', () => {
    const watch: Watch = { lastSlot: 100, silent: true, badInARow: 2 }
    expect(watchReading(watch, 105)).toEqual({ next: { ...HEARD, lastSlot: 105 }, alarms: [] })
    expect(watchReading(watch, 90).next).toEqual(HEARD)
    expect(watchReading(NEW_WATCH, 7).next.lastSlot).toBe(7)
  })
})

describe('a silence', () => {
  it('is told with the slots that were missed, from the limit on', () => {
    expect(watchSilence(HEARD, 103)).toEqual({ next: HEARD, alarms: [] })
    const { next, alarms } = watchSilence({ ...HEARD, badInARow: 1 }, 104)
    expect(next).toEqual({ lastSlot: 100, silent: true, badInARow: 1 })
    expect(alarms).toEqual([
      {
        code: 'silence',
        severity: 'warning',
        resource: 'none',
        slot: 104,
        value: 3,
        limit: SILENT_SLOTS,
        text: 'No readings arrive from your home. Check its gateway.',
      },
    ])
  })

  it('is told by a limit of one’s own, and counted from when somebody listened', () => {
    expect(watchSilence(HEARD, 106, { limit: 6 }).alarms).toEqual([])
    expect(watchSilence(HEARD, 107, { limit: 6 }).alarms[0]).toMatchObject({ value: 6, limit: 6 })
    expect(watchSilence(HEARD, 130, { sinceSlot: 120 }).alarms[0]?.value).toBe(9)
    expect(watchSilence(HEARD, 130, { sinceSlot: 50 }).alarms[0]?.value).toBe(29)
  })

  it('is told once', () => {
    const silent = { ...HEARD, silent: true }
    expect(watchSilence(silent, 200)).toEqual({ next: silent, alarms: [] })
  })

  it('is none of a home that has not begun, however short the limit', () => {
    expect(watchSilence(NEW_WATCH, 1_000, { limit: 1 }).alarms).toEqual([])
  })
})

describe('refused slots', () => {
  const refused = (badInARow: number, reason = 'spike', limit?: number) =>
    watchRefused({ ...HEARD, badInARow }, 110, reason, limit)

  it('are told when so many came in a row, and not again', () => {
    expect(refused(1)).toEqual({ next: { ...HEARD, badInARow: 2 }, alarms: [] })
    expect(refused(2)).toEqual({
      next: { ...HEARD, badInARow: 3 },
      alarms: [
        {
          code: 'bad-data',
          severity: 'warning',
          resource: 'none',
          slot: 110,
          value: 3,
          limit: BAD_SLOTS,
          text: 'A meter sends values that cannot be true. Have it checked.',
        },
      ],
    })
    expect(refused(3).alarms).toEqual([])
    expect(refused(4, 'spike', 5).alarms[0]).toMatchObject({ value: 5, limit: 5 })
  })

  it('have a code of their own when a board is silent or broken', () => {
    expect(refused(2, 'board-silent').alarms[0]?.code).toBe('board-away')
    expect(refused(2, 'sensor-fault').alarms[0]?.code).toBe('board-fault')
    expect(refused(2, 'clock-back').alarms[0]?.code).toBe('bad-data')
  })

  it('are explained by what to look at', () => {
    expect(refusalText('board-silent')).toContain('Check its power and link')
    expect(refusalText('sensor-fault')).toContain('Check its wires')
    for (const code of ['clock-suspect', 'clock-back', 'board-clock-ahead']) {
      expect(refusalText(code)).toContain('Check the time')
    }
    expect(refusalText('register-back')).toContain('Have it checked')
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
