import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readTradeRules } from '../../protocols/messages/trade-rules.ts'
import { Fault, messageOf } from '../../protocols/rules/fault.ts'
import { faultOf, OVEN, type RuleForm, SHORT, SUN } from './household.ts'

const read = (...rules: readonly unknown[]) => readTradeRules({ rules })
const change = (form: RuleForm, changes: object): object => ({ ...form, ...changes })

function message(work: () => unknown): string {
  try {
    work()
    return ''
  } catch (thrown) {
    return messageOf(thrown)
  }
}

describe('rules at the door', () => {
  it('are read with what is usual filled in', () => {
    const { rules, keepMicroSct } = readTradeRules({ keepMicroSct: 5_000_000, rules: [SUN, OVEN] })
    expect(keepMicroSct).toBe(5_000_000)
    expect(rules[0]).toMatchObject({
      leastAmount: 1,
      window: null,
      perDay: { times: 24, spendMicroSct: null },
    })
    expect(rules[1]).toMatchObject({
      when: { hours: { fromMinute: 540, untilMinute: 690 } },
      window: { fromMinute: 720, untilMinute: 840 },
      perDay: { times: 1, spendMicroSct: null },
    })
  })

  it.each([
    ['no list', {}, 'rules: expected array'],
    ['an unknown resource', { rules: [change(SUN, { resource: 'gas' })] }, 'rule "Sun", resource'],
    ['a rule without a name', { rules: [change(SUN, { name: '' })] }, 'rule 1, name'],
    ['a price in SCT', { rules: [change(SUN, { limitMicroSct: 0.15 })] }, 'rule "Sun", limitMicroSct'],
    ['a price of nothing', { rules: [change(SUN, { limitMicroSct: 0 })] }, 'rule "Sun", limitMicroSct'],
    [
      'an amount of nothing',
      { rules: [change(SHORT, { amount: { kind: 'fixed', amount: 0 } })] },
      'amount.amount',
    ],
    ['half past six', { rules: [change(OVEN, { window: { from: '6:30', until: '07:00' } })] }, 'window'],
    ['an unknown day', { rules: [change(OVEN, { when: { weekdays: ['sabado'] } })] }, 'when.weekdays.0'],
    ['a misspelt condition', { rules: [change(SUN, { when: { priceAbove: 1 } })] }, 'rule "Sun", when'],
    [
      'too many rules',
      { rules: Array.from({ length: 33 }, (_, i) => change(SUN, { name: `${i}` })) },
      'rules',
    ],
  ])('are refused with %s, by the name of rule and field', (_, form, says) => {
    expect(message(() => readTradeRules(form))).toContain(says)
    expect(faultOf(() => readTradeRules(form))).toBe('bad-field')
  })

  it.each([
    [
      'a purchase of surplus',
      change(SHORT, { amount: { kind: 'share', percent: 5 } }),
      '"fixed" or "missing"',
    ],
    [
      'a sale of what is missing',
      change(SUN, { amount: { kind: 'missing' } }),
      '"fixed", "share" or "above"',
    ],
    ['power without a window', change(OVEN, { window: null }), 'rule "Oven", window: expected the hours'],
    ['a window of energy', change(SHORT, { window: 'rest-of-period' }), 'only bought power has a window'],
    ['a window of a day', change(OVEN, { window: { from: '08:00', until: '08:00' } }), 'a shorter one'],
    [
      'prices that never are',
      change(SUN, { when: { marketPriceAtLeastMicroSct: 2, marketPriceAtMostMicroSct: 1 } }),
      'never act',
    ],
    [
      'balances that never are',
      change(SUN, { when: { balanceAtLeastMicroSct: 2, balanceAtMostMicroSct: 1 } }),
      'never act',
    ],
    ['a least lot above its own', change(OVEN, { leastAmount: 2_001 }), 'it could never act'],
  ])('are refused with %s, with a way out', (_, form, says) => {
    expect(message(() => read(form))).toContain(says)
    expect(faultOf(() => read(form))).toBe('bad-field')
  })

  it('are refused when two have one name', () => {
    expect(faultOf(() => read(SUN, SUN))).toBe('duplicate-rule')
  })

  it('are refused when one buys what another sells, unless both can never act at once', () => {
    const sale = change(SUN, { when: {} })
    const store = (changes: object) => change(SHORT, { amount: { kind: 'fixed', amount: 1_000 }, ...changes })
    expect(faultOf(() => read(sale, store({})))).toBe('rules-conflict')
    expect(message(() => read(store({}), sale))).toBe(
      'rules: "Sun" sells energy while "Short" buys it; give them hours, weekdays or market prices apart, ' +
        'or let "Short" buy only what is missing',
    )
    expect(faultOf(() => read(sale, SHORT))).toBe('')
    expect(faultOf(() => read(sale, store({ resource: 'water' })))).toBe('')
    const night = { hours: { from: '22:00', until: '06:00' } }
    const sellsAt = (hours: object) => change(SUN, { when: { hours } })
    expect(faultOf(() => read(sellsAt({ from: '06:00', until: '22:00' }), store({ when: night })))).toBe('')
    expect(faultOf(() => read(sellsAt({ from: '05:59', until: '22:00' }), store({ when: night })))).toBe(
      'rules-conflict',
    )
    const weekend = change(SUN, { when: { weekdays: ['saturday', 'sunday'] } })
    expect(faultOf(() => read(weekend, store({ when: { weekdays: ['monday'] } })))).toBe('')
    expect(faultOf(() => read(weekend, store({ when: { weekdays: ['sunday'] } })))).toBe('rules-conflict')
    const dear = change(SUN, { when: { marketPriceAtLeastMicroSct: 200 } })
    expect(faultOf(() => read(dear, store({ when: { marketPriceAtMostMicroSct: 199 } })))).toBe('')
    expect(faultOf(() => read(dear, store({ when: { marketPriceAtMostMicroSct: 200 } })))).toBe(
      'rules-conflict',
    )
  })

  it('are rules or a fault, whatever JSON comes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (json, rule) => {
        for (const form of [json, { rules: [rule] }, { rules: [change(SUN, { when: rule })] }]) {
          try {
            readTradeRules(form)
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(Fault)
          }
        }
      }),
    )
  })
})
