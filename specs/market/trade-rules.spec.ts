import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RESOURCES } from '../../protocols/rules/resource.ts'
import { type AskedLot, bidOn } from '../../protocols/rules/trade-rules/bid.ts'
import { decide } from '../../protocols/rules/trade-rules/decide.ts'
import type { TradeAction, TradeDecision } from '../../protocols/rules/trade-rules/decision.ts'
import { surplusOf } from '../../protocols/rules/trade-rules/facts.ts'
import {
  anyFacts,
  facts,
  faultOf,
  OVEN,
  type RuleForm,
  rulesOf,
  SHORT,
  SUN,
  tradeRules,
} from './household.ts'

const MANY = { numRuns: 400 }
const acts = (decisions: readonly TradeDecision[]) => decisions.filter((one): one is TradeAction => one.act)
const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0)
const sentences = (decisions: readonly TradeDecision[]) => decisions.map(({ sentence }) => sentence)
const codes = (decisions: readonly TradeDecision[]) =>
  decisions.map(({ act, because }) => (act ? 'acts' : because.map(({ code }) => code).join(' ')))

describe('rules of a home, whatever they are and whatever it knows,', () => {
  it('never sell what is not surplus', () => {
    fc.assert(
      fc.property(tradeRules, anyFacts, (rules, known) => {
        const selling = acts(decide(rules, known)).filter((one) => one.do === 'sell')
        for (const resource of RESOURCES) {
          const amounts = selling.filter((one) => one.resource === resource).map(({ amount }) => amount)
          expect(sum(amounts)).toBeLessThanOrEqual(surplusOf(known.resources[resource]))
        }
      }),
      MANY,
    )
  })

  it('never take a bond from what is kept, nor a bid above the bond', () => {
    fc.assert(
      fc.property(tradeRules, anyFacts, (rules, known) => {
        const bonds = acts(decide(rules, known)).map(({ bondMicroSct }) => bondMicroSct)
        if (sum(bonds) === 0) return
        expect(known.balanceMicroSct - sum(bonds)).toBeGreaterThanOrEqual(rules.keepMicroSct)
        for (const { bondMicroSct, costMicroSct } of acts(decide(rules, known))) {
          expect(costMicroSct).toBeLessThanOrEqual(bondMicroSct)
        }
      }),
      MANY,
    )
  })

  it('never spend more in a day, nor act more often, than each of them may', () => {
    fc.assert(
      fc.property(tradeRules, anyFacts, (rules, known) => {
        for (const one of acts(decide(rules, known))) {
          const { perDay } = rules.rules.find(({ name }) => name === one.rule) ?? { perDay: null }
          const done = known.today[one.rule] ?? { times: 0, spentMicroSct: 0 }
          expect(done.times).toBeLessThan(perDay?.times ?? 0)
          if (one.do === 'sell') continue
          const spent = done.spentMicroSct + one.costMicroSct
          expect(spent).toBeLessThanOrEqual(perDay?.spendMicroSct ?? Infinity)
        }
      }),
      MANY,
    )
  })

  it('decide the same of the same, one decision for each rule, each with a reason', () => {
    fc.assert(
      fc.property(tradeRules, anyFacts, (rules, known) => {
        const decisions = decide(rules, known)
        expect(decide(rules, structuredClone(known))).toEqual(decisions)
        expect(decisions.map(({ rule }) => rule)).toEqual(rules.rules.map(({ name }) => name))
        for (const { because, sentence } of decisions) {
          expect(because.length).toBeGreaterThan(0)
          for (const { says } of because) expect(sentence).toContain(says)
          expect(sentence).toMatch(/^(Sells|Buys|Does not (sell|buy)) [^{}]+, because [^{}]+\.$/)
        }
      }),
      MANY,
    )
  })

  it('never buy what they sell', () => {
    fc.assert(
      fc.property(tradeRules, anyFacts, (rules, known) => {
        const sides = acts(decide(rules, known)).map((one) => `${one.resource} ${one.do}`)
        for (const resource of RESOURCES) {
          expect([`${resource} sell`, `${resource} buy`].every((side) => sides.includes(side))).toBe(false)
        }
      }),
      MANY,
    )
  })

  it('act for no more than their limit, in lots no smaller than their least', () => {
    fc.assert(
      fc.property(tradeRules, anyFacts, (rules, known) => {
        for (const one of acts(decide(rules, known))) {
          const rule = rules.rules.find(({ name }) => name === one.rule)
          expect(one.amount).toBeGreaterThanOrEqual(rule?.leastAmount ?? Infinity)
          if (one.do === 'buy') expect(one.unitMicroSct).toBeLessThanOrEqual(rule?.limitMicroSct ?? 0)
          else expect(one.unitMicroSct).toBe(rule?.limitMicroSct)
        }
      }),
      MANY,
    )
  })
})

describe('a rule to sell', () => {
  const sunny = facts({ energy: { left: 9_000, likely: 3_000 } })

  it('keeps back a part of the quota and says so', () => {
    expect(sentences(decide(rulesOf([SUN]), sunny))).toEqual([
      'Sells up to 4 kWh for at least 0.15 SCT per kWh, because the market price is 0.21 SCT per kWh, ' +
        'at least 0.2 SCT and 6 kWh can be spared, and 20 % of the quota, 2 kWh, is kept back.',
    ])
  })

  it('waits for its price, and says what the price is', () => {
    const cheap = facts({ energy: { left: 9_000, likely: 3_000, marketPriceMicroSct: 199_999 } })
    expect(sentences(decide(rulesOf([SUN]), cheap))).toEqual([
      'Does not sell energy, because the market price is 0.199999 SCT per kWh, less than 0.2 SCT.',
    ])
    const unknown = facts({ energy: { left: 9_000, likely: 3_000, marketPriceMicroSct: null } })
    expect(codes(decide(rulesOf([SUN]), unknown))).toEqual(['market-price'])
  })

  it('does not count what the home will use, nor what its bids have locked', () => {
    const amountAt = (change: object) =>
      decide(rulesOf([SUN]), facts({ energy: { left: 9_000, likely: 3_000, ...change } })).map((one) =>
        one.act ? one.amount : 0,
      )
    expect(amountAt({})).toEqual([4_000])
    expect(amountAt({ likely: 5_000 })).toEqual([2_000])
    expect(amountAt({ offered: 1_500 })).toEqual([2_500])
    expect(amountAt({ likely: 9_001 })).toEqual([0])
  })

  it('takes the surplus before the rules after it', () => {
    const share: RuleForm = { ...SUN, when: {}, amount: { kind: 'share', percent: 60 } }
    const rules = rulesOf([share, { ...share, name: 'Rest', amount: { kind: 'share', percent: 100 } }])
    expect(acts(decide(rules, sunny)).map(({ amount }) => amount)).toEqual([3_600, 2_400])
  })

  it('sells a fixed amount or nothing', () => {
    const rule: RuleForm = { ...SUN, when: {}, amount: { kind: 'fixed', amount: 6_001 } }
    expect(sentences(decide(rulesOf([rule]), sunny))).toEqual([
      'Does not sell energy, because only 6 kWh can be spared, and the rule sells 6.001 kWh or nothing.',
    ])
  })

  it('rests while the home is buying, after its times of the day, and when no bond is left', () => {
    const buying = facts({ energy: { left: 9_000, likely: 3_000, buying: 1 } })
    expect(codes(decide(rulesOf([SUN]), buying))).toEqual(['other-side'])
    const done = { ...sunny, today: { Sun: { times: 24, spentMicroSct: 0 } } }
    expect(codes(decide(rulesOf([SUN]), done))).toEqual(['times'])
    expect(codes(decide(rulesOf([SUN], 50_000_000), sunny))).toEqual(['keep'])
  })
})

describe('a rule to buy', () => {
  it('buys power for the oven on a Saturday, once', () => {
    const rules = rulesOf([OVEN])
    expect(sentences(decide(rules, facts()))).toEqual([
      'Buys 2 kW from 12:00 to 14:00 for at most 0.3 SCT per kW and hour, because it is Saturday, ' +
        'it is 10:00, within 09:00 to 11:30 and it asks for 2 kW.',
    ])
    // 2 kW for two hours: 4 units at the ceiling of 0.4 SCT, and at the limit of 0.3 SCT.
    expect(acts(decide(rules, facts()))).toMatchObject([{ bondMicroSct: 1_600_000, costMicroSct: 1_200_000 }])
    const again = facts({ today: { Oven: { times: 1, spentMicroSct: 1_200_000 } } })
    expect(codes(decide(rules, again))).toEqual(['times'])
    const monday = facts({ local: { day: '2026-11-23', weekday: 'monday', minute: 600 } })
    expect(sentences(decide(rules, monday))).toEqual([
      'Does not buy power, because it is Monday, and the rule is for Saturday.',
    ])
  })

  it('buys no window that has begun or outlasts the period', () => {
    const late = facts({ local: { day: '2026-11-21', weekday: 'saturday', minute: 720 } })
    expect(codes(decide(rulesOf([{ ...OVEN, when: {} }]), late))).toEqual(['window'])
    const four = 4 * 3_600_000
    expect(codes(decide(rulesOf([OVEN]), facts({ periodEndsInMs: four })))).toEqual(['acts'])
    expect(codes(decide(rulesOf([OVEN]), facts({ periodEndsInMs: four - 1 })))).toEqual(['window'])
  })

  it('buys power for the rest of a period', () => {
    const rule: RuleForm = { ...OVEN, when: {}, window: 'rest-of-period' }
    const [one] = acts(decide(rulesOf([rule]), facts({ periodEndsInMs: 1_800_000 })))
    expect(one).toMatchObject({ window: 'rest-of-period', bondMicroSct: 400_000, costMicroSct: 300_000 })
    expect(one?.sentence).toContain('Buys 2 kW for the rest of the period')
  })

  const hungry = facts({ energy: { left: 1_000, likely: 4_000 } })

  it('buys what is missing, less what it is buying already', () => {
    expect(sentences(decide(rulesOf([SHORT]), hungry))).toEqual([
      'Buys 3 kWh for at most 0.25 SCT per kWh, because 3 kWh will likely be missing by the period’s end.',
    ])
    const buying = facts({ energy: { left: 1_000, likely: 4_000, buying: 2_000 } })
    expect(acts(decide(rulesOf([SHORT]), buying))).toMatchObject([{ amount: 1_000 }])
    expect(codes(decide(rulesOf([SHORT]), facts()))).toEqual(['missing'])
  })

  it('buys less when the balance or the budget of the day is short, and a fixed amount not at all', () => {
    const keep = (micro: number, rule: RuleForm = SHORT) => decide(rulesOf([rule], micro), hungry)
    // 3 kWh take a bond of 1.2 SCT.
    expect(acts(keep(48_800_000))).toMatchObject([{ amount: 3_000 }])
    expect(acts(keep(48_800_001))).toMatchObject([{ amount: 2_999, bondMicroSct: 1_199_600 }])
    expect(codes(keep(50_000_000))).toEqual(['missing keep'])
    const budget = (micro: number) => ({ ...SHORT, perDay: { spendMicroSct: micro } })
    expect(acts(keep(0, budget(500_000)))).toMatchObject([{ amount: 2_000, costMicroSct: 500_000 }])
    expect(codes(keep(0, budget(249)))).toEqual(['missing budget'])
    const fixed: RuleForm = { ...SHORT, amount: { kind: 'fixed', amount: 3_000 } }
    expect(codes(keep(48_800_001, fixed))).toEqual(['fixed keep'])
    expect(sentences(keep(48_800_001, fixed))[0]).toContain(
      '1.199999 SCT of the free balance may go into a bond beside what is kept',
    )
  })

  it('pays no more than the ceiling, and waits while there is none', () => {
    const rule: RuleForm = { ...SHORT, limitMicroSct: 900_000 }
    expect(acts(decide(rulesOf([rule]), hungry))).toMatchObject([
      { unitMicroSct: 400_000, costMicroSct: 1_200_000 },
    ])
    const none = facts({ energy: { left: 1_000, likely: 4_000, ceilingMicroSct: null } })
    expect(codes(decide(rulesOf([SHORT]), none))).toEqual(['ceiling'])
  })

  it('does not open an auction for less than its least lot', () => {
    expect(codes(decide(rulesOf([{ ...SHORT, leastAmount: 3_001 }]), hungry))).toEqual(['missing least'])
  })
})

describe('a bid by rules', () => {
  const lot: AskedLot = { resource: 'energy', period: 7, amount: 4_000, slots: 0, sampleMs: 0 }
  const sunny = facts({ energy: { left: 9_000, likely: 3_000 } })
  const bid = (forms: readonly RuleForm[], change: Partial<AskedLot> = {}, keep = 0) => {
    const rules = rulesOf(forms, keep)
    return bidOn({ ...lot, ...change }, rules, sunny, decide(rules, sunny))
  }
  const codesOf = (...args: Parameters<typeof bid>) => bid(...args).because.map(({ code }) => code)

  it('asks what the rule says for the whole lot, rounded up', () => {
    expect(bid([SUN])).toMatchObject({
      bid: true,
      rule: 'Sun',
      lotMicroSct: 600_000,
      bondMicroSct: 1_600_000,
    })
    expect(bid([SUN]).sentence).toMatch(/^Bids 0\.6 SCT for 4 kWh by "Sun", because the market price is/)
    expect(bid([{ ...SUN, limitMicroSct: 150_001 }], { amount: 1 })).toMatchObject({ lotMicroSct: 151 })
  })

  it('is by the rule that asks least of those that hold the whole lot', () => {
    const small: RuleForm = {
      ...SUN,
      name: 'Small',
      limitMicroSct: 1,
      amount: { kind: 'fixed', amount: 1_000 },
    }
    expect(bid([small, SUN], { amount: 3_000 })).toMatchObject({ rule: 'Sun' })
    expect(bid([small, SUN], { amount: 1_000 })).toMatchObject({ rule: 'Small', lotMicroSct: 1 })
  })

  it('is not made on more than is for sale, above the ceiling, or from what is kept', () => {
    expect(codesOf([SUN], { amount: 4_001 })).toEqual(['amount'])
    expect(codesOf([{ ...SUN, limitMicroSct: 400_001 }])).toEqual(['ceiling'])
    expect(codesOf([SUN], {}, 48_400_000)).toEqual(['market-price', 'surplus'])
    expect(codesOf([SUN], {}, 48_400_001)).toEqual(['keep'])
    expect(codesOf([SUN], { period: 8 })).toEqual(['lot'])
    expect(codesOf([SHORT])).toEqual(['rule'])
    expect(bid([SUN], { amount: 4_001 }).sentence).toBe(
      'Does not bid on 4.001 kWh, because "Sun" sells 4 kWh at most.',
    )
  })

  it('never leaves less than is kept, never promises more than the surplus', () => {
    fc.assert(
      fc.property(
        tradeRules,
        anyFacts,
        fc.constantFrom(...RESOURCES),
        fc.nat(9_999),
        (rules, known, of, n) => {
          const asked = {
            ...lot,
            resource: of,
            period: known.period,
            amount: n + 1,
            slots: 60,
            sampleMs: 60_000,
          }
          const answer = bidOn(asked, rules, known, decide(rules, known))
          expect(answer.because.length).toBeGreaterThan(0)
          if (!answer.bid) return
          expect(known.balanceMicroSct - answer.bondMicroSct).toBeGreaterThanOrEqual(rules.keepMicroSct)
          expect(answer.lotMicroSct).toBeLessThanOrEqual(answer.bondMicroSct)
          expect(asked.amount).toBeLessThanOrEqual(surplusOf(known.resources[of]))
        },
      ),
    )
  })
})

describe('facts that cannot be', () => {
  it.each([-1, 0.5, NaN, 2 ** 46 + 1])('are refused: a quota of %d', (quota) => {
    expect(faultOf(() => decide(rulesOf([SUN]), facts({ energy: { quota } })))).toBe('bad-field')
  })
})
