import { describe, expect, it } from 'vitest'
import type { AskedLot } from '../../protocols/rules/trade-rules/bid.ts'
import { type PastMoment, simulateRules } from '../../protocols/rules/trade-rules/simulate.ts'
import { facts, type RuleForm, rulesOf, SHORT, SUN } from '../market/household.ts'

type Past = Parameters<typeof facts>[0]
const lot = (amount: number): AskedLot => ({ resource: 'energy', period: 7, amount, slots: 0, sampleMs: 0 })
const at = (atMs: number, change: Past, ...asked: readonly AskedLot[]): PastMoment => ({
  atMs,
  facts: facts(change),
  asked,
})
const lived = (rule: RuleForm, ...history: readonly PastMoment[]) => {
  const { outcomes, acts } = simulateRules(rulesOf([rule]), history)
  const [outcome] = outcomes
  if (outcome === undefined) throw new Error('a rule has an outcome')
  return { ...outcome, acts }
}
const ALL: RuleForm = { ...SUN, when: {}, amount: { kind: 'share', percent: 100 } }
const sunny = { energy: { left: 9_000, likely: 3_000 } }
const hungry = { energy: { left: 1_000, likely: 4_000 } }

describe('a past that is lived again', () => {
  it('tells each trade at its moment, with its reasons, purchases first', () => {
    const { acts } = lived(ALL, at(5, sunny, lot(1_000)), at(6, sunny, lot(2_000)))
    expect(acts).toEqual([
      {
        atMs: 5,
        rule: 'Sun',
        sentence: 'Bids 0.15 SCT for 1 kWh by "Sun", because 6 kWh can be spared, of which it offers 100 %.',
      },
      {
        atMs: 6,
        rule: 'Sun',
        sentence: 'Bids 0.3 SCT for 2 kWh by "Sun", because 5 kWh can be spared, of which it offers 100 %.',
      },
    ])
    const missing = '3 kWh will likely be missing by the period’s end'
    const bought = lived(SHORT, at(9, hungry))
    expect(bought.acts).toEqual([
      {
        atMs: 9,
        rule: 'Short',
        sentence: `Buys 3 kWh for at most 0.25 SCT per kWh, because ${missing}.`,
      },
    ])
    expect(bought.sentence).toBe('"Short" would have bought 3 kWh, once, for at most 0.75 SCT together.')
  })

  it('takes what was sold from the quota and from what is left, and what was bought adds to them', () => {
    const sold = lived(ALL, at(1, sunny, lot(6_000)), at(2, sunny, lot(1)))
    expect(sold).toMatchObject({ times: 1, amount: 6_000, microSct: 900_000 })
    expect(sold.sentence).toBe('"Sun" would have sold 6 kWh, once, for at least 0.9 SCT together.')
    const bought = lived(SHORT, at(1, hungry), at(2, { energy: { left: 0, likely: 4_000 } }))
    expect(bought).toMatchObject({ times: 2, amount: 4_000, microSct: 1_000_000 })
  })

  it('never leaves less than nothing of a quota', () => {
    const poor = { energy: { quota: 1_000, left: 500, likely: 0 } }
    expect(lived(ALL, at(1, sunny, lot(6_000)), at(2, poor, lot(1)))).toMatchObject({ times: 1 })
  })

  it('begins anew with each period, but for the balance', () => {
    const next = (rule: RuleForm, balanceMicroSct: number) =>
      lived(rule, at(1, { ...hungry, balanceMicroSct }), at(2, { ...hungry, balanceMicroSct, period: 8 }))
    expect(next(SHORT, 1_950_000)).toMatchObject({ times: 2, amount: 6_000, microSct: 1_500_000 })
    expect(next(SHORT, 1_949_999)).toMatchObject({ times: 2, amount: 5_999 })
    const later = at(2, { ...sunny, period: 8 }, { ...lot(6_000), period: 8 })
    expect(lived(ALL, at(1, sunny, lot(6_000)), later)).toMatchObject({ times: 2 })
  })

  it('earns what it sells', () => {
    const balanceMicroSct = 2_400_000
    const rules = rulesOf([ALL, { ...SHORT, resource: 'water' }], 0)
    const thirsty = { ...sunny, water: { left: 0, likely: 30_000_000 }, balanceMicroSct }
    const [, alone] = simulateRules(rules, [at(1, thirsty), at(2, thirsty)]).outcomes
    const [, paid] = simulateRules(rules, [
      at(1, { ...thirsty, water: {} }, lot(6_000)),
      at(2, thirsty),
    ]).outcomes
    expect(alone?.amount).toBeLessThan(30_000_000)
    expect((paid?.amount ?? 0) - 6_000_000).toBe(2_250_000)
  })

  it('keeps to the budget of each day', () => {
    const rule: RuleForm = { ...SHORT, perDay: { times: 9, spendMicroSct: 1_000_000 } }
    const day = (atMs: number, period: number, of: string) =>
      at(atMs, { ...hungry, period, local: { day: of, weekday: 'saturday', minute: 600 } })
    const today = [day(1, 7, 'a'), day(2, 8, 'a'), day(3, 9, 'a')]
    expect(lived(rule, ...today)).toMatchObject({ times: 2, microSct: 1_000_000 })
    expect(lived(rule, ...today, day(4, 10, 'b'))).toMatchObject({ times: 3, microSct: 1_750_000 })
  })

  it('says what mostly stood against a rule, in its latest words', () => {
    const rule: RuleForm = { ...SUN, when: { marketPriceAtLeastMicroSct: 300_000 } }
    const cheap = (atMs: number, marketPriceMicroSct: number) =>
      at(atMs, { energy: { left: 9_000, likely: 3_000, marketPriceMicroSct } })
    const buying = at(1, { energy: { left: 9_000, likely: 3_000, buying: 1, marketPriceMicroSct: 300_000 } })
    expect(lived(rule, buying, cheap(2, 210_000), cheap(3, 220_000)).sentence).toBe(
      '"Sun" would not have traded, mostly because the market price is 0.22 SCT per kWh, less than 0.3 SCT.',
    )
    expect(lived(rule, cheap(2, 210_000), cheap(3, 220_000), buying).sentence).toContain('0.22 SCT')
    expect(lived(rule, cheap(3, 210_000), buying, buying).sentence).toBe(
      '"Sun" would not have traded, mostly because the home is buying energy at this moment.',
    )
  })
})
