import { describe, expect, it } from 'vitest'
import { checkRules, RULES_MOST } from '../../protocols/rules/trade-rules/check.ts'
import type { TradeRule } from '../../protocols/rules/trade-rules/rule.ts'
import { faultOf as thrownFault } from './thrown.ts'

const SALE: TradeRule = {
  name: 'Sun',
  do: 'sell',
  resource: 'energy',
  when: {},
  amount: { kind: 'share', percent: 50 },
  leastAmount: 1,
  limitMicroSct: 150_000,
  window: null,
  perDay: { times: 24, spendMicroSct: null },
}
const PURCHASE: TradeRule = { ...SALE, name: 'Store', do: 'buy', amount: { kind: 'fixed', amount: 1_000 } }
const POWER: TradeRule = {
  ...PURCHASE,
  name: 'Oven',
  resource: 'power',
  window: { fromMinute: 720, untilMinute: 840 },
}

const faultOf = (...rules: readonly TradeRule[]) => thrownFault(() => checkRules({ keepMicroSct: 0, rules }))
const factsOf = (...rules: readonly TradeRule[]) => faultOf(...rules)?.facts ?? null
const fieldOf = (...rules: readonly TradeRule[]) => factsOf(...rules)?.['field'] ?? null

describe('a set of rules', () => {
  it('has no more rules than a person keeps in mind', () => {
    const many = (count: number) => Array.from({ length: count }, (_, i) => ({ ...SALE, name: `r${i}` }))
    expect(faultOf()).toBeNull()
    expect(faultOf(...many(RULES_MOST))).toBeNull()
    expect(factsOf(...many(RULES_MOST + 1))).toEqual({
      field: 'rules',
      expected: 'at most 32 rules',
      got: '33',
    })
  })

  it('has a name for each rule', () => {
    const twice = faultOf(SALE, { ...SALE, resource: 'water' })
    expect([twice?.code, twice?.facts]).toEqual(['duplicate-rule', { name: 'Sun' }])
    expect(twice?.message).toBe('rule "Sun": expected a name of its own; rename one')
  })
})

describe('the amount of a rule', () => {
  const kind = (rule: TradeRule, amount: TradeRule['amount']) => factsOf({ ...rule, amount })

  it('is fixed or what is missing for a purchase, and fixed or of the surplus for a sale', () => {
    expect(kind(PURCHASE, { kind: 'missing' })).toBeNull()
    for (const amount of [
      { kind: 'share', percent: 5 },
      { kind: 'above', percent: 5 },
    ] as const) {
      expect(kind(SALE, amount)).toBeNull()
      expect(kind(PURCHASE, amount)).toEqual({
        field: 'rule "Store", amount',
        expected: '"fixed" or "missing" for a purchase',
        got: `"${amount.kind}"`,
      })
    }
    expect(kind(SALE, { kind: 'fixed', amount: 5 })).toBeNull()
    expect(kind(SALE, { kind: 'missing' })).toEqual({
      field: 'rule "Sun", amount',
      expected: '"fixed", "share" or "above" for a sale',
      got: '"missing"',
    })
  })

  it('is no less than the least lot, where it is fixed', () => {
    expect(factsOf({ ...PURCHASE, leastAmount: 1_000 })).toBeNull()
    const fault = faultOf({ ...PURCHASE, leastAmount: 1_001 })
    expect(fault?.facts).toEqual({
      field: 'rule "Store", leastAmount',
      expected: 'at most its amount of 1000',
      got: '1001',
    })
    expect(fault?.message).toContain('it could never act')
    expect(factsOf({ ...SALE, leastAmount: 1_001 })).toBeNull()
  })
})

describe('the window of a rule', () => {
  it('is given for bought power, and for nothing else', () => {
    expect(factsOf(POWER)).toBeNull()
    expect(factsOf({ ...POWER, window: 'rest-of-period' })).toBeNull()
    const none = faultOf({ ...POWER, window: null })
    expect(none?.facts).toEqual({
      field: 'rule "Oven", window',
      expected: 'the hours for which power is bought',
      got: '"none"',
    })
    expect(none?.message).toContain('give from and until')
    const other = (rule: TradeRule) => faultOf({ ...rule, window: 'rest-of-period' })
    expect(other(PURCHASE)?.facts['field']).toBe('rule "Store", window')
    expect(other(PURCHASE)?.message).toContain('only bought power has a window, got "a window"; remove it')
    expect(other(SALE)?.facts['field']).toBe('rule "Sun", window')
    expect(other({ ...SALE, resource: 'power' })?.facts['field']).toBe('rule "Sun", window')
  })

  it('is shorter than a day', () => {
    const day = faultOf({ ...POWER, window: { fromMinute: 480, untilMinute: 480 } })
    expect(day?.facts).toEqual({
      field: 'rule "Oven", window',
      expected: 'hours that end at another time',
      got: '"a whole day"',
    })
    expect(day?.message).toContain('give a shorter one')
    expect(faultOf({ ...POWER, window: { fromMinute: 480, untilMinute: 479 } })).toBeNull()
  })
})

describe('the bounds of a rule', () => {
  it('leave a price and a balance between them', () => {
    const price = (least: number, most: number) => {
      return faultOf({
        ...SALE,
        when: { marketPriceAtLeastMicroSct: least, marketPriceAtMostMicroSct: most },
      })
    }
    expect(price(5, 5)).toBeNull()
    expect(price(6, 5)?.facts).toEqual({
      field: 'rule "Sun", when.marketPriceAtMostMicroSct',
      expected: 'at least 6',
      got: '5',
    })
    expect(price(6, 5)?.message).toContain('it could never act: no price is within both bounds')
    const balance = (least: number, most: number) =>
      faultOf({ ...SALE, when: { balanceAtLeastMicroSct: least, balanceAtMostMicroSct: most } })
    expect(balance(5, 5)).toBeNull()
    expect(balance(6, 5)?.facts['field']).toBe('rule "Sun", when.balanceAtMostMicroSct')
    expect(balance(6, 5)?.message).toContain('it could never act: no balance is within both bounds')
    expect(faultOf({ ...SALE, when: { balanceAtLeastMicroSct: 6 } })).toBeNull()
    expect(faultOf({ ...SALE, when: { balanceAtMostMicroSct: 0 } })).toBeNull()
  })
})

describe('a home that would buy what it sells', () => {
  it('is told which rules are against each other', () => {
    const fault = faultOf(PURCHASE, SALE)
    expect([fault?.code, fault?.facts]).toEqual(['rules-conflict', { sells: 'Sun', buys: 'Store' }])
    expect(fieldOf(SALE, { ...PURCHASE, resource: 'water' })).toBeNull()
    expect(faultOf(SALE, { ...SALE, name: 'Other' })).toBeNull()
    expect(faultOf(PURCHASE, { ...PURCHASE, name: 'Other' })).toBeNull()
    expect(faultOf(SALE, { ...PURCHASE, amount: { kind: 'missing' } })).toBeNull()
    const water = { ...SALE, name: 'Rain', resource: 'water' } as const
    expect(faultOf(SALE, water, { ...PURCHASE, resource: 'water' })?.facts).toEqual({
      sells: 'Rain',
      buys: 'Store',
    })
  })

  it('may do so on different days', () => {
    const days = (sells: TradeRule['when']['weekdays'], buys: TradeRule['when']['weekdays']) =>
      faultOf({ ...SALE, when: { weekdays: sells } }, { ...PURCHASE, when: { weekdays: buys } })?.code
    expect(days(['monday'], ['sunday', 'tuesday'])).toBeUndefined()
    expect(days(['monday', 'sunday'], ['sunday'])).toBe('rules-conflict')
    expect(days(['monday'], undefined)).toBe('rules-conflict')
    expect(days(undefined, ['monday'])).toBe('rules-conflict')
  })

  it('may do so at different hours', () => {
    const hours = (untilMinute: number, fromMinute: number) =>
      faultOf(
        { ...SALE, when: { hours: { fromMinute: 0, untilMinute } } },
        { ...PURCHASE, when: { hours: { fromMinute, untilMinute: 1_439 } } },
      )?.code
    expect(hours(600, 600)).toBeUndefined()
    expect(hours(601, 600)).toBe('rules-conflict')
    expect(hours(1_439, 1_438)).toBe('rules-conflict')
    const last = { fromMinute: 1_439, untilMinute: 0 }
    expect(faultOf({ ...SALE, when: { hours: last } }, { ...PURCHASE, when: { hours: last } })?.code).toBe(
      'rules-conflict',
    )
  })

  it('may do so at different market prices', () => {
    const prices = (sells: TradeRule['when'], buys: TradeRule['when']) =>
      faultOf({ ...SALE, when: sells }, { ...PURCHASE, when: buys })?.code
    const [least, most] = ['marketPriceAtLeastMicroSct', 'marketPriceAtMostMicroSct'] as const
    expect(prices({ [least]: 200 }, { [most]: 199 })).toBeUndefined()
    expect(prices({ [least]: 200 }, { [most]: 200 })).toBe('rules-conflict')
    expect(prices({ [most]: 199 }, { [least]: 200 })).toBeUndefined()
    expect(prices({ [most]: 200 }, { [least]: 200 })).toBe('rules-conflict')
    expect(prices({ [least]: 1 }, { [least]: 2 })).toBe('rules-conflict')
  })
})
