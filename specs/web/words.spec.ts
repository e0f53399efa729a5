import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { withAlarm, withReading } from '../../web/app/src/model/merge.ts'
import {
  ago,
  codeWords,
  duration,
  energyScale,
  percent,
  powerScale,
  waterScale,
} from '../../web/app/src/words/format.ts'
import { levelOf } from '../../web/app/src/words/level.ts'
import type { HomeView } from '../../web/read-model.ts'
import { exampleCommunity, exampleHome, NOON_MS } from './example-views.ts'

const plain = (text: string): string => text.replaceAll('\u00a0', ' ')

describe('Amounts', () => {
  it('choose unit and precision by the largest of a tile', () => {
    expect(plain(energyScale(620).text(17))).toBe('17 Wh')
    expect(plain(energyScale(9999).text(620))).toBe('0.62 kWh')
    expect(plain(energyScale(200_000).text(124_300))).toBe('124.3 kWh')
    expect(plain(powerScale(4600).text(345))).toBe('0.35 kW')
    expect(plain(powerScale(4600).text(-1240))).toBe('-1.24 kW')
    expect(plain(waterScale(9_500).text(640))).toBe('0.64 L')
    expect(plain(waterScale(10_000_000).text(8_350_000))).toBe('8.35 m³')
  })

  it('never show a limit as reached before it is', () => {
    fc.assert(
      fc.property(fc.nat(10_000_000), fc.integer({ min: 1, max: 10_000_000 }), (used, limit) => {
        expect(percent(used, limit) >= 100).toBe(used >= limit)
        expect(levelOf(used, limit) === 'over').toBe(used >= limit)
      }),
    )
  })

  it.each([
    [79_999, 'fine'],
    [80_000, 'warn'],
    [89_999, 'warn'],
    [90_000, 'high'],
    [99_999, 'high'],
    [100_000, 'over'],
  ])('%d of 100,000 is %s', (used, level) => expect(levelOf(used, 100_000)).toBe(level))

  it('have no level while the limit is unknown, and are over a limit of nothing', () => {
    expect(levelOf(5, null)).toBe('none')
    expect(levelOf(1, 0)).toBe('over')
    expect(levelOf(0, 0)).toBe('fine')
  })
})

describe('Times', () => {
  it.each([
    [0, '0 s'],
    [-5000, '0 s'],
    [89_400, '89 s'],
    [90_000, '2 min'],
    [3_540_000, '59 min'],
    [3_600_000, '1 h'],
    [8_100_000, '2 h 15 min'],
    [86_400_000, '1 day'],
    [97_200_000, '1 day 3 h'],
  ])('%d ms is %s', (ms, words) => expect(plain(duration(ms))).toBe(words))

  it('that lie a little ahead are just now', () => {
    expect(ago(NOON_MS + 400, NOON_MS)).toBe('just now')
    expect(plain(ago(NOON_MS - 12_000, NOON_MS))).toBe('12 s ago')
  })
})

it('A code is shown as words', () => expect(codeWords('energy-quota-90')).toBe('Energy quota 90'))

describe('An event laid over a view', () => {
  const reading = {
    home: exampleHome().account,
    slot: (exampleHome().slot ?? 0) + 1,
    atMs: NOON_MS + 2000,
    meanPowerW: 777,
    peakPowerW: 888,
    importWh: 1,
    exportWh: 0,
    waterMl: 0,
  }
  const home = (view: unknown): HomeView => view as HomeView

  it('shows a new reading and keeps the line within its limit', () => {
    const after = home(withReading(exampleHome(), reading))
    expect(after.now.powerW).toBe(777)
    expect(after.series.at(-1)).toEqual({ atMs: NOON_MS + 2000, powerW: 777 })
    const long = { ...exampleHome(), series: Array.from({ length: 720 }, (_, n) => ({ atMs: n, powerW: 0 })) }
    expect(home(withReading(long, reading)).series).toHaveLength(720)
  })

  it('changes nothing when the view already knows the slot', () => {
    const view = exampleHome()
    expect(withReading(view, { ...reading, slot: view.slot ?? 0 })).toBe(view)
  })

  it('finds the member whatever the case of its account', () => {
    const community = exampleCommunity()
    const member = community.members[2]
    const told = { ...reading, home: member?.account.toUpperCase().replace('0X', '0x') ?? '' }
    const after = withReading(community, told)
    expect(after.role === 'community' && after.members[2]).toMatchObject({ online: true, powerW: 777 })
  })

  it('adds an alarm once, at the head', () => {
    const [first] = exampleHome().alarms
    if (first === undefined) throw new Error('the example has no alarm')
    const fresh = { ...first, id: '99' }
    const once = withAlarm(exampleHome(), fresh)
    expect(home(once).alarms[0]).toEqual(fresh)
    expect(withAlarm(once, fresh)).toBe(once)
  })
})
