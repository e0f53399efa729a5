import { describe, expect, it } from 'vitest'
import { missingOf, type ResourceFacts, surplusOf } from '../../protocols/rules/trade-rules/facts.ts'
import { type Hours, isWithin, minutesOf, WEEKDAYS } from '../../protocols/rules/trade-rules/rule.ts'

const hours = (fromMinute: number, untilMinute: number): Hours => ({ fromMinute, untilMinute })

describe('hours of a day', () => {
  it('hold the minute that they begin with and not the one that they end with', () => {
    const within = (minute: number) => isWithin(hours(540, 690), minute)
    expect([539, 540, 689, 690].map(within)).toEqual([false, true, true, false])
  })

  it('reach over midnight when they end no later than they begin', () => {
    const within = (minute: number) => isWithin(hours(1_320, 360), minute)
    expect([1_319, 1_320, 0, 359, 360].map(within)).toEqual([false, true, true, true, false])
    expect([479, 480, 481].map((minute) => isWithin(hours(480, 480), minute))).toEqual([true, true, true])
  })

  it('last as long as it is from their begin to their end, or a whole day', () => {
    expect(minutesOf(hours(540, 690))).toBe(150)
    expect(minutesOf(hours(1_320, 360))).toBe(480)
    expect(minutesOf(hours(480, 480))).toBe(1_440)
  })

  it('belong to a week from Monday to Sunday', () => {
    expect(WEEKDAYS.map((day) => day.slice(0, 2))).toEqual(['mo', 'tu', 'we', 'th', 'fr', 'sa', 'su'])
  })
})

describe('what a home has to spare, and what it lacks', () => {
  const facts = (change: Partial<ResourceFacts>): ResourceFacts => ({
    quota: 100,
    left: 50,
    likely: 30,
    usual: 20,
    offered: 5,
    buying: 7,
    marketPriceMicroSct: null,
    ceilingMicroSct: null,
    ...change,
  })

  it('is what is left less bids and likely use, never below nothing', () => {
    expect(surplusOf(facts({}))).toBe(15)
    expect(surplusOf(facts({ likely: 46 }))).toBe(0)
  })

  it('is the usual use less what is left and what it is buying, never below nothing', () => {
    expect(missingOf(facts({ usual: 60 }))).toBe(3)
    expect(missingOf(facts({ usual: 56 }))).toBe(0)
  })
})
