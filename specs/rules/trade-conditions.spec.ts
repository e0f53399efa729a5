import { describe, expect, it } from 'vitest'
import { standingsOf } from '../../protocols/rules/trade-rules/conditions.ts'
import type { Conditions } from '../../protocols/rules/trade-rules/rule.ts'
import { facts } from '../market/household.ts'

/** What one condition says of energy, and whether it holds. */
const standing = (when: Conditions, known = facts()) => {
  const [one, ...more] = standingsOf(when, 'energy', known)
  expect(more).toEqual([])
  return one
}

describe('a condition as it stands', () => {
  it('is of the surplus above a part of the quota', () => {
    const surplus = (likely: number) =>
      standing({ surplusAbovePercent: 20 }, facts({ energy: { left: 9_000, likely } }))
    expect(surplus(6_999)).toEqual({
      code: 'surplus',
      holds: true,
      says: 'the surplus is 2.001 kWh, 20 % of the quota, above 20 %',
    })
    expect(surplus(7_000)).toEqual({
      code: 'surplus',
      holds: false,
      says: 'the surplus is 2 kWh, 20 % of the quota, not above 20 %',
    })
  })

  it('is of what is left below a part of the quota', () => {
    const left = (value: number) =>
      standing({ quotaLeftBelowPercent: 50 }, facts({ energy: { left: value } }))
    expect(left(4_999)).toEqual({
      code: 'quota-left',
      holds: true,
      says: '4.999 kWh of the quota, 49.9 % of it, is left, below 50 %',
    })
    expect(left(5_000)).toEqual({
      code: 'quota-left',
      holds: false,
      says: '5 kWh of the quota, 50 % of it, is left, not below 50 %',
    })
  })

  it('is of the market price', () => {
    const price = (when: Conditions) => standing(when)
    const is = 'the market price is 0.21 SCT per kWh'
    const code = 'market-price'
    expect(price({ marketPriceAtLeastMicroSct: 210_000 })).toEqual({
      code,
      holds: true,
      says: `${is}, at least 0.21 SCT`,
    })
    expect(price({ marketPriceAtLeastMicroSct: 210_001 })).toEqual({
      code,
      holds: false,
      says: `${is}, less than 0.210001 SCT`,
    })
    expect(price({ marketPriceAtMostMicroSct: 210_000 })).toEqual({
      code,
      holds: true,
      says: `${is}, at most 0.21 SCT`,
    })
    expect(price({ marketPriceAtMostMicroSct: 209_999 })).toEqual({
      code,
      holds: false,
      says: `${is}, more than 0.209999 SCT`,
    })
  })

  it('does not hold of a market price that nobody knows', () => {
    const unknown = facts({ energy: { marketPriceMicroSct: null } })
    const none = { code: 'market-price', holds: false, says: 'no market price of energy is known' }
    expect(standing({ marketPriceAtMostMicroSct: 5 }, unknown)).toEqual(none)
    expect(standing({ marketPriceAtLeastMicroSct: 5 }, unknown)).toEqual(none)
    expect(standing({}, unknown)).toBeUndefined()
  })

  it('is of the free balance', () => {
    const is = 'the free balance is 50 SCT'
    expect(standing({ balanceAtLeastMicroSct: 50_000_000 })).toEqual({
      code: 'balance',
      holds: true,
      says: `${is}, at least 50 SCT`,
    })
    expect(standing({ balanceAtMostMicroSct: 49_999_999 })).toEqual({
      code: 'balance',
      holds: false,
      says: `${is}, more than 49.999999 SCT`,
    })
  })

  it('is of the day and of the hour', () => {
    expect(standing({ weekdays: ['saturday', 'sunday'] })).toEqual({
      code: 'weekday',
      holds: true,
      says: 'it is Saturday',
    })
    expect(standing({ weekdays: ['monday', 'friday', 'sunday'] })).toEqual({
      code: 'weekday',
      holds: false,
      says: 'it is Saturday, and the rule is for Monday, Friday and Sunday',
    })
    expect(standing({ hours: { fromMinute: 540, untilMinute: 660 } })).toEqual({
      code: 'hours',
      holds: true,
      says: 'it is 10:00, within 09:00 to 11:00',
    })
    expect(standing({ hours: { fromMinute: 540, untilMinute: 600 } })).toEqual({
      code: 'hours',
      holds: false,
      says: 'it is 10:00, not within 09:00 to 10:00',
    })
  })

  it('stands beside all others of its rule, and there are none without conditions', () => {
    expect(standingsOf({}, 'energy', facts())).toEqual([])
    const all: Conditions = {
      weekdays: ['saturday'],
      hours: { fromMinute: 0, untilMinute: 1 },
      surplusAbovePercent: 1,
      quotaLeftBelowPercent: 1,
      marketPriceAtLeastMicroSct: 1,
      marketPriceAtMostMicroSct: 1,
      balanceAtLeastMicroSct: 1,
      balanceAtMostMicroSct: 1,
    }
    expect(standingsOf(all, 'energy', facts()).map(({ code, holds }) => `${code} ${holds}`)).toEqual([
      'weekday true',
      'hours false',
      'surplus false',
      'quota-left false',
      'market-price true',
      'market-price false',
      'balance true',
      'balance false',
    ])
  })
})
