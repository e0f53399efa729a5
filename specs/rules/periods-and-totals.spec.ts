import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  beginsPeriod,
  keptSince,
  scaledQuota,
  slotsOf,
  slotsPerBilling,
} from '../../protocols/rules/billing.ts'
import { differenceOf, homesInTotal, homesPresent } from '../../protocols/rules/totals.ts'
import { periodOf, slotAt } from '../../protocols/rules/units.ts'
import { faultOf } from './thrown.ts'

const homes = (count: number, periods: readonly number[]) =>
  Array.from({ length: count }, (_, i) => ({ account: `0x${String(i).padStart(2, '0')}`, periods }))

const decide = (change: Partial<Parameters<typeof homesInTotal>[0]>) =>
  homesInTotal({ period: 9, homes: homes(6, [8, 9]), published: new Map(), ...change })

describe('billing periods', () => {
  it('hold every slot in exactly one period', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.integer({ min: 1, max: 5_000 }), (slot, perBilling) => {
        const { first, last } = slotsOf(periodOf(slot, perBilling), perBilling)
        expect(slot).toBeGreaterThanOrEqual(first)
        expect(slot).toBeLessThanOrEqual(last)
        expect(slotsOf(periodOf(slot, perBilling) + 1, perBilling).first).toBe(last + 1)
      }),
    )
  })

  it('begin with their first reading, however late it comes', () => {
    expect(beginsPeriod(null, 5, 30)).toBe(true)
    expect(beginsPeriod(29, 30, 30)).toBe(true)
    expect(beginsPeriod(29, 200, 30)).toBe(true)
    expect(beginsPeriod(30, 59, 30)).toBe(false)
  })

  it('are a whole number of slots, or the settings are refused', () => {
    expect(slotsPerBilling(60_000, 2_000)).toBe(30)
    expect(slotsPerBilling(2_000, 2_000)).toBe(1)
    for (const billingMs of [61_000, 1_000, 0, -2_000]) {
      const fault = faultOf(() => slotsPerBilling(billingMs, 2_000))
      expect(fault?.code).toBe('bad-field')
      expect(fault?.facts).toMatchObject({ field: '--billing', got: String(billingMs) })
      expect(fault?.message).toContain('2000 ms')
    }
  })

  it('scale a monthly quota, and place a moment in its slot', () => {
    expect(scaledQuota(300_000, 30 * 24 * 3_600_000)).toBe(300_000)
    expect(scaledQuota(300_000, 60_000)).toBe(6)
    expect(slotAt(3_999, 2_000)).toBe(1)
    expect(slotAt(4_000, 2_000)).toBe(2)
  })

  it('keep days for ever, quarter-hours for 400 days and slots for five weeks', () => {
    const now = 1_800_000_000_000
    expect(keptSince('days', now)).toBe(0)
    expect(now - keptSince('slots', now)).toBe(35 * 86_400_000)
    expect(now - keptSince('quarterHours', now)).toBe(400 * 86_400_000)
    expect(keptSince('slots', 35 * 86_400_000 - 1)).toBe(0)
  })
})

describe('a community total', () => {
  it('counts the homes that are present at both ends of the period', () => {
    const some = [
      { account: '0xb', periods: [8, 9] },
      { account: '0xa', periods: [7, 8, 9, 10] },
      { account: '0xc', periods: [9] },
      { account: '0xd', periods: [8] },
    ]
    expect(homesPresent(9, some)).toEqual(['0xa', '0xb'])
    expect(decide({ homes: [...homes(5, [8, 9])].reverse() })).toEqual({
      ok: true,
      homes: ['0x00', '0x01', '0x02', '0x03', '0x04'],
      warning: null,
    })
  })

  it('needs five homes, or a configured number with a warning', () => {
    expect(decide({})).toMatchObject({ ok: true, warning: null })
    expect(decide({ homes: homes(5, [8, 9]) })).toMatchObject({ ok: true, warning: null })
    expect(decide({ homes: homes(4, [8, 9]) })).toEqual({
      ok: false,
      refused: { code: 'too-few-homes', homes: 4, least: 5 },
    })
    expect(decide({ homes: homes(3, [8, 9]), least: 3 })).toMatchObject({ ok: true, warning: 'below-five' })
    expect(decide({ homes: homes(1, [8, 9]), least: 1 })).toMatchObject({ ok: true, warning: 'below-five' })
    for (const least of [0, 1.5]) {
      expect(faultOf(() => decide({ least }))?.facts).toMatchObject({ field: 'least homes in a total' })
    }
  })

  it('is published once, so that two totals of one period cannot be subtracted', () => {
    const all = homes(6, [8, 9]).map(({ account }) => account)
    expect(decide({ published: new Map([[9, all]]) })).toEqual({
      ok: false,
      refused: { code: 'already-published', period: 9 },
    })
    expect(decide({ published: new Map([[9, all.slice(1)]]) })).toEqual({
      ok: false,
      refused: { code: 'differs-by-few', differing: 1, least: 5 },
    })
    const others = (differing: number) =>
      decide({ published: new Map([[9, [...all, ...['a', 'b', 'c', 'd', 'e'].slice(0, differing)]]]) })
    expect(others(4)).toMatchObject({ refused: { code: 'differs-by-few', differing: 4 } })
    expect(others(5)).toMatchObject({ refused: { code: 'already-published' } })
    expect(decide({ published: new Map([[8, all]]) })).toMatchObject({ ok: true })
    expect(differenceOf(['a', 'b'], ['b', 'c', 'd'])).toBe(3)
  })
})
