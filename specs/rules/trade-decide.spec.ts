import { describe, expect, it } from 'vitest'
import { type AskedLot, bidOn } from '../../protocols/rules/trade-rules/bid.ts'
import { decide } from '../../protocols/rules/trade-rules/decide.ts'
import type { TradeFacts } from '../../protocols/rules/trade-rules/facts.ts'
import { facts, OVEN, type RuleForm, rulesOf, SHORT, SUN } from '../market/household.ts'
import { faultOf } from './thrown.ts'

const sunny = facts({ energy: { left: 9_000, likely: 3_000 } })
const hungry = facts({ energy: { left: 1_000, likely: 4_000 } })
const ANY_SUN: RuleForm = { ...SUN, when: {} }

/** The only decision on one rule. */
const decided = (rule: RuleForm, known: TradeFacts, keepMicroSct = 0) => {
  const [one] = decide(rulesOf([rule], keepMicroSct), known)
  if (one === undefined) throw new Error('nothing was decided')
  return one
}
const said = (...args: Parameters<typeof decided>) =>
  decided(...args).because.map(({ code, says }) => `${code}: ${says}`)

describe('what a sale is made of', () => {
  const selling = (amount: RuleForm['amount'], likely = 3_000) =>
    decided({ ...ANY_SUN, amount }, facts({ energy: { left: 9_000, likely } }))

  it('is a part of the surplus, rounded down', () => {
    expect(selling({ kind: 'share', percent: 60 }, 3_999)).toMatchObject({ act: true, amount: 3_000 })
    expect(selling({ kind: 'share', percent: 60 }).because).toEqual([
      { code: 'surplus', says: '6 kWh can be spared, of which it offers 60 %' },
    ])
  })

  it('is what lies above a part of the quota, which is rounded up', () => {
    const odd = facts({ energy: { quota: 9_999, left: 9_000, likely: 3_000 } })
    expect(decided({ ...ANY_SUN, amount: { kind: 'above', percent: 20 } }, odd)).toMatchObject({
      amount: 4_000,
    })
    const kept = '20 % of the quota, 2 kWh, is kept back'
    expect(selling({ kind: 'above', percent: 20 }, 6_999)).toMatchObject({ act: true, amount: 1 })
    expect(selling({ kind: 'above', percent: 20 }, 7_000)).toMatchObject({
      act: false,
      because: [{ code: 'surplus', says: `2 kWh can be spared, and ${kept}` }],
    })
  })

  it('is a fixed amount up to the whole surplus, and nothing of nothing', () => {
    expect(selling({ kind: 'fixed', amount: 6_000 })).toMatchObject({
      act: true,
      amount: 6_000,
      because: [{ code: 'surplus', says: '6 kWh can be spared' }],
    })
    expect(selling({ kind: 'fixed', amount: 6_001 })).toMatchObject({
      act: false,
      because: [{ code: 'surplus' }],
    })
    expect(selling({ kind: 'fixed', amount: 1 }, 9_000).because).toEqual([
      { code: 'surplus', says: 'nothing can be spared' },
    ])
  })

  it('is no smaller than its least lot, and says so with its amount', () => {
    const least = (leastAmount: number) => ({ ...ANY_SUN, leastAmount })
    expect(decided(least(4_000), sunny)).toMatchObject({ act: true, amount: 4_000 })
    expect(said(least(4_001), sunny)).toEqual([
      'surplus: 6 kWh can be spared, and 20 % of the quota, 2 kWh, is kept back',
      'least: 4 kWh is less than the rule’s least lot of 4.001 kWh',
    ])
  })

  it('takes no bond and costs nothing, and waits when no bond is left', () => {
    expect(decided(ANY_SUN, sunny)).toMatchObject({
      unitMicroSct: 150_000,
      bondMicroSct: 0,
      costMicroSct: 0,
      window: null,
    })
    expect(decided(ANY_SUN, sunny, 49_999_999).act).toBe(true)
    const none = 'keep: 0 SCT of the free balance may go into a bond beside what is kept'
    expect(said(ANY_SUN, sunny, 50_000_000)).toEqual([none])
    expect(said(ANY_SUN, sunny, 50_000_005)).toEqual([none])
  })

  it('is not for a home that is buying, nor after its times of the day', () => {
    const buying = facts({ energy: { left: 9_000, likely: 3_000, buying: 1, offered: 5 } })
    expect(said(ANY_SUN, buying)).toEqual(['other-side: the home is buying energy at this moment'])
    const today = (times: number) => ({ ...sunny, today: { Sun: { times, spentMicroSct: 0 } } })
    expect(decided(ANY_SUN, today(23)).act).toBe(true)
    expect(said(ANY_SUN, today(24))).toEqual(['times: it has acted 24 times today, of 24 at most'])
  })
})

describe('what a purchase is made of', () => {
  it('is nothing while the quota lasts, or while the home sells', () => {
    expect(said(SHORT, facts())).toEqual(['missing: the quota of energy will likely last'])
    const selling = facts({ energy: { left: 1_000, likely: 4_000, offered: 1, buying: 5 } })
    expect(said(SHORT, selling)).toEqual(['other-side: the home has bids to sell energy at this moment'])
  })

  it('waits for a ceiling', () => {
    const none = facts({ energy: { left: 1_000, likely: 4_000, ceilingMicroSct: null } })
    expect(said(SHORT, none)).toEqual(['ceiling: the manager has set no ceiling price of energy'])
  })

  it('pays no more than the ceiling, and says when that is less than its limit', () => {
    const limit = (limitMicroSct: number) => ({ ...SHORT, limitMicroSct })
    const missing = 'missing: 3 kWh will likely be missing by the period’s end'
    expect(said(limit(400_000), hungry)).toEqual([missing])
    expect(said(limit(400_001), hungry)).toEqual([
      missing,
      'ceiling: nobody may pay more than the ceiling of 0.4 SCT per kWh',
    ])
    expect(decided(limit(400_001), hungry)).toMatchObject({ unitMicroSct: 400_000 })
  })

  it('is cut to what the balance or the budget of the day allows, and says which', () => {
    expect(said(SHORT, hungry, 48_800_001)).toEqual([
      'missing: 3 kWh will likely be missing by the period’s end',
      'keep: 1.199999 SCT of the free balance may go into a bond beside what is kept',
    ])
    expect(said(SHORT, hungry, 48_800_000)).toEqual([
      'missing: 3 kWh will likely be missing by the period’s end',
    ])
    expect(decided({ ...SHORT, leastAmount: 3_000 }, hungry)).toMatchObject({ act: true, amount: 3_000 })
    const budget: RuleForm = { ...SHORT, perDay: { times: 5, spendMicroSct: 900_000 } }
    const spent = (spentMicroSct: number) => ({ ...hungry, today: { Short: { times: 1, spentMicroSct } } })
    expect(decided(budget, spent(150_000))).toMatchObject({ amount: 3_000, costMicroSct: 750_000 })
    expect(decided(budget, spent(150_001))).toMatchObject({ amount: 2_999 })
    expect(said(budget, spent(400_000)).at(-1)).toBe('budget: 0.5 SCT is left of today’s budget')
    expect(said(budget, spent(900_001)).at(-1)).toBe('budget: 0 SCT is left of today’s budget')
    expect(decided(budget, spent(900_000)).act).toBe(false)
  })

  it('leaves what is missing and the balance to the rules after it', () => {
    const two = (first: RuleForm) => decide(rulesOf([first, { ...SHORT, name: 'Then' }], 48_400_000), hungry)
    const part: RuleForm = { ...SHORT, amount: { kind: 'fixed', amount: 1_000 } }
    expect(two(part)).toMatchObject([{ bondMicroSct: 400_000 }, { amount: 2_000, bondMicroSct: 800_000 }])
    const more: RuleForm = { ...SHORT, amount: { kind: 'fixed', amount: 3_500 } }
    expect(two(more)).toMatchObject([{ act: true }, { act: false, because: [{ code: 'missing' }] }])
    const dear = decide(rulesOf([part, { ...part, name: 'Then' }], 49_400_000), hungry)
    expect(dear).toMatchObject([
      { act: true },
      { act: false, because: [{ code: 'fixed' }, { code: 'keep' }] },
    ])
  })
})

describe('a window of bought power', () => {
  const at = (minute: number, periodEndsInMs = 86_400_000) =>
    facts({ periodEndsInMs, local: { day: '2026-11-21', weekday: 'saturday', minute } })
  const rule: RuleForm = { ...OVEN, when: {} }

  it('is ahead of now', () => {
    expect(decided(rule, at(719))).toMatchObject({ act: true, window: { fromMinute: 720 } })
    expect(said(rule, at(720))).toEqual(['window: today’s window, 12:00 to 14:00, has begun'])
  })

  it('ends within the billing period', () => {
    expect(decided(rule, at(719, 121 * 60_000)).act).toBe(true)
    expect(said(rule, at(719, 121 * 60_000 - 1))).toEqual([
      'window: the window, 12:00 to 14:00, ends after this billing period',
    ])
  })

  it('is said with the purchase', () => {
    expect(decided(rule, at(600)).sentence).toBe(
      'Buys 2 kW from 12:00 to 14:00 for at most 0.3 SCT per kW and hour, because it asks for 2 kW.',
    )
    expect(decided({ ...rule, window: 'rest-of-period' }, at(600)).sentence).toBe(
      'Buys 2 kW for the rest of the period for at most 0.3 SCT per kW and hour, because it asks for 2 kW.',
    )
  })
})

describe('facts that cannot be', () => {
  it.each(['quota', 'left', 'likely', 'usual', 'offered', 'buying'])('are refused by name: %s', (field) => {
    const fault = (value: number) => {
      const told = faultOf(() => decide(rulesOf([SUN]), facts({ water: { [field]: value } })))?.facts
      return [told?.['field'], told?.['expected']]
    }
    const wrong = [`water.${field}`, 'an integer from 0 to 70368744177664']
    for (const value of [-1, 0.5, 2 ** 46 + 1]) expect(fault(value)).toEqual(wrong)
    expect(fault(0)).toEqual([undefined, undefined])
    expect(fault(2 ** 46)).toEqual([undefined, undefined])
  })
})

describe('a bid that is not made', () => {
  const lot: AskedLot = { resource: 'energy', period: 7, amount: 4_000, slots: 0, sampleMs: 0 }
  const bid = (
    change: Partial<AskedLot>,
    known = sunny,
    forms: readonly RuleForm[] = [ANY_SUN],
    keep = 0,
  ) => {
    const rules = rulesOf(forms, keep)
    return bidOn({ ...lot, ...change }, rules, known, decide(rules, known))
  }

  it('says what is against the lot', () => {
    expect(bid({ period: 8 })).toEqual({
      bid: false,
      because: [{ code: 'lot', says: 'it is of another billing period' }],
      sentence: 'Does not bid on 4 kWh, because it is of another billing period.',
    })
    const none = facts({ energy: { left: 9_000, likely: 3_000, ceilingMicroSct: null } })
    expect(bid({}, none).because).toEqual([{ code: 'lot', says: 'there is no ceiling price' }])
    expect(bid({}, sunny, []).because).toEqual([{ code: 'rule', says: 'no rule sells it now' }])
    expect(bid({ resource: 'water' }).because).toEqual([{ code: 'rule', says: 'no rule sells it now' }])
  })

  it('says why no sale holds the whole lot', () => {
    const dear = { ...ANY_SUN, limitMicroSct: 400_001 }
    expect(bid({ amount: 4_001 }, sunny, [dear]).because).toEqual([
      { code: 'amount', says: '"Sun" sells 4 kWh at most' },
      {
        code: 'ceiling',
        says: '"Sun" asks 0.400001 SCT per kWh, and nobody may pay more than the ceiling',
      },
    ])
    expect(bid({}, sunny, [{ ...ANY_SUN, limitMicroSct: 400_000 }]).bid).toBe(true)
  })

  it('says what its bond would leave', () => {
    expect(bid({}, sunny, [ANY_SUN], 48_400_001).because).toEqual([
      {
        code: 'keep',
        says: 'its bond of 1.6 SCT would leave less than the 48.400001 SCT that is kept',
      },
    ])
  })

  it('is made by the cheapest sale, of equals by the first', () => {
    const sale = (name: string, limitMicroSct: number): RuleForm => ({
      ...ANY_SUN,
      name,
      limitMicroSct,
      amount: { kind: 'fixed', amount: 1_000 },
    })
    const by = (...forms: readonly RuleForm[]) => {
      const made = bid({ amount: 1_000 }, sunny, forms)
      return made.bid ? made.rule : ''
    }
    expect(by(sale('a', 3), sale('b', 2), sale('c', 4))).toBe('b')
    expect(by(sale('a', 2), sale('b', 3))).toBe('a')
    expect(by(sale('a', 2), sale('b', 2))).toBe('a')
  })
})
