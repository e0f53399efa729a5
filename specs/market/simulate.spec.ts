import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AskedLot } from '../../protocols/rules/trade-rules/bid.ts'
import { type PastMoment, simulateRules } from '../../protocols/rules/trade-rules/simulate.ts'
import { anyFacts, facts, OVEN, rulesOf, SHORT, SUN, tradeRules } from './household.ts'

const lot = (amount: number): AskedLot => ({ resource: 'energy', period: 7, amount, slots: 0, sampleMs: 0 })
const moment = (atMs: number, facts: PastMoment['facts'], asked: readonly AskedLot[] = []): PastMoment => ({
  atMs,
  facts,
  asked,
})

describe('a simulation of rules over a past day', () => {
  it('sells the surplus once, however many asked for it', () => {
    const sunny = facts({ energy: { left: 9_000, likely: 3_000 } })
    const { outcomes, acts } = simulateRules(rulesOf([SUN]), [
      moment(1, sunny, [lot(3_000), lot(3_000)]),
      moment(2, sunny, [lot(500)]),
    ])
    // 20 % of what is then the quota stay: 7 kWh after the first sale, so that 0.5 more can be sold, not 3.
    expect(outcomes).toEqual([
      {
        rule: 'Sun',
        times: 2,
        amount: 3_500,
        microSct: 525_000,
        sentence: '"Sun" would have sold 3.5 kWh, 2 times, for at least 0.525 SCT together.',
      },
    ])
    expect(acts.map(({ atMs }) => atMs)).toEqual([1, 2])
  })

  it('buys what is missing once, and in the next period again', () => {
    const hungry = facts({ energy: { left: 1_000, likely: 4_000 } })
    const { outcomes } = simulateRules(rulesOf([SHORT]), [
      moment(1, hungry),
      moment(2, hungry),
      moment(3, { ...hungry, period: 8 }),
    ])
    expect(outcomes).toMatchObject([{ times: 2, amount: 6_000, microSct: 1_500_000 }])
  })

  it('begins the count of a day with each day', () => {
    const sunday = facts({ local: { day: '2026-11-22', weekday: 'saturday', minute: 600 } })
    const { outcomes } = simulateRules(rulesOf([OVEN]), [
      moment(1, facts()),
      moment(2, facts()),
      moment(3, sunday),
    ])
    expect(outcomes).toMatchObject([{ times: 2 }])
  })

  it('says why a rule would not have traded', () => {
    const quiet = simulateRules(rulesOf([SUN, OVEN, SHORT]), [
      moment(1, facts({ local: { day: '2026-11-23', weekday: 'monday', minute: 600 } })),
    ])
    expect(quiet.outcomes.map(({ sentence }) => sentence)).toEqual([
      '"Sun" would not have traded, mostly because nothing can be spared.',
      '"Oven" would not have traded, mostly because it is Monday, and the rule is for Saturday.',
      '"Short" would not have traded, mostly because the quota of energy will likely last.',
    ])
    const ready = facts({ energy: { left: 9_000, likely: 3_000 } })
    expect(simulateRules(rulesOf([SUN]), [moment(1, ready)]).outcomes[0]?.sentence).toBe(
      '"Sun" would not have traded, nobody asked for what it sells.',
    )
  })

  it('never goes below what is kept, nor beyond a day’s times, whatever was', () => {
    const past = fc.array(
      fc.tuple(anyFacts, fc.array(fc.integer({ min: 1, max: 9_000 }).map(lot), { maxLength: 3 })),
      { maxLength: 12 },
    )
    fc.assert(
      fc.property(tradeRules, past, (rules, days) => {
        const history = days.map(([known, asked], i) =>
          moment(
            i,
            { ...known, balanceMicroSct: 40_000_000 },
            asked.map((one) => ({ ...one, period: known.period })),
          ),
        )
        const { outcomes } = simulateRules(rules, history)
        const paid = outcomes.filter((_, i) => rules.rules[i]?.do === 'buy')
        const got = outcomes.filter((_, i) => rules.rules[i]?.do === 'sell')
        const total = (list: typeof outcomes) => list.reduce((sum, { microSct }) => sum + microSct, 0)
        expect(40_000_000 - total(paid) + total(got)).toBeGreaterThanOrEqual(rules.keepMicroSct)
        expect(simulateRules(rules, history).outcomes).toEqual(outcomes)
        outcomes.forEach(({ times }, i) => {
          expect(times).toBeLessThanOrEqual((rules.rules[i]?.perDay.times ?? 0) * history.length)
        })
      }),
    )
  })
})
