import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Contribution } from '../../protocols/rules/divide.ts'
import { divideByContribution, divideContract } from '../../protocols/rules/divide.ts'
import { faultOf } from './thrown.ts'

const community = fc
  .uniqueArray(fc.nat(200), { minLength: 1, maxLength: 40 })
  .chain((ids) =>
    fc.tuple(
      ...ids.map((id) =>
        fc.record({
          account: fc.constant(`0x${id.toString(16).padStart(40, '0')}`),
          weight: fc.oneof(fc.nat(5), fc.maxSafeNat()),
        }),
      ),
    ),
  )
  .filter((homes) => homes.some(({ weight }) => weight > 0))
const amounts = fc.oneof(fc.nat(50), fc.maxSafeNat())

const amountOf = (amount: number, homes: readonly Contribution[]) =>
  new Map(divideByContribution(amount, homes).map((share) => [share.account, share.amount]))

describe('the community contract divided by contribution', () => {
  it('is exactly the sum of its parts, E_c = Σ E_ci', () => {
    fc.assert(
      fc.property(amounts, community, (amount, homes) => {
        const sum = divideByContribution(amount, homes).reduce(
          (total, share) => total + BigInt(share.amount),
          0n,
        )
        expect(sum).toBe(BigInt(amount))
      }),
    )
  })

  it('gives nobody a whole unit more or less than the exact part', () => {
    fc.assert(
      fc.property(amounts, community, (amount, homes) => {
        const total = homes.reduce((sum, { weight }) => sum + BigInt(weight), 0n)
        for (const { account, weight } of homes) {
          const exact = BigInt(amount) * BigInt(weight)
          const given = BigInt(amountOf(amount, homes).get(account) ?? -1) * total
          expect(given - exact < total && exact - given < total).toBe(true)
        }
      }),
      { numRuns: 40 },
    )
  })

  it('does not depend on the order of the homes', () => {
    fc.assert(
      fc.property(amounts, community, (amount, homes) => {
        expect(amountOf(amount, [...homes].reverse())).toEqual(
          new Map([...amountOf(amount, homes)].reverse()),
        )
      }),
    )
  })

  it('never gives more to the home that contributes less', () => {
    fc.assert(
      fc.property(amounts, community, (amount, homes) => {
        const given = amountOf(amount, homes)
        const sorted = [...homes].sort((a, b) => a.weight - b.weight)
        sorted.slice(1).forEach((home, i) => {
          const lower = sorted[i]
          if (lower === undefined || lower.weight === home.weight) return
          expect(given.get(home.account)).toBeGreaterThanOrEqual(given.get(lower.account) ?? 0)
        })
      }),
    )
  })

  it('gives the units left over to the lower account among equals', () => {
    const homes = [
      { account: '0xC', weight: 1 },
      { account: '0xa', weight: 1 },
      { account: '0xB', weight: 1 },
    ]
    expect(divideByContribution(5, homes)).toEqual([
      { account: '0xC', amount: 1 },
      { account: '0xa', amount: 2 },
      { account: '0xB', amount: 2 },
    ])
  })

  it('gives the largest remainders first', () => {
    const homes = [
      { account: '0x1', weight: 47 },
      { account: '0x2', weight: 16 },
      { account: '0x3', weight: 15.8 * 10 },
    ]
    expect(divideByContribution(10, homes).map(({ amount }) => amount)).toEqual([2, 1, 7])
  })

  it('refuses what cannot be divided, and names the field', () => {
    const fault = (amount: number, homes: Contribution[]) =>
      faultOf(() => divideByContribution(amount, homes))?.code
    const one = { account: '0x1', weight: 1 }
    expect(fault(-1, [one])).toBe('bad-field')
    expect(fault(1.5, [one])).toBe('bad-field')
    expect(fault(1, [])).toBe('bad-field')
    expect(fault(1, [{ account: '0x1', weight: 0 }])).toBe('bad-field')
    expect(fault(1, [{ account: '0x1', weight: -1 }])).toBe('bad-field')
    expect(fault(1, [one, { account: '0X1', weight: 1 }])).toBe('bad-field')
  })

  it('names the field that is wrong', () => {
    const field = (amount: number, homes: Contribution[]) => {
      const facts = faultOf(() => divideByContribution(amount, homes))?.facts
      return [facts?.['field'], facts?.['got']]
    }
    const one = { account: '0xa', weight: 1 }
    expect(field(-1, [one])).toEqual(['amount', '-1'])
    expect(field(1, [{ ...one, weight: 0.5 }])).toEqual(['weight of 0xa', '0.5'])
    expect(field(1, [one, { account: '0xA', weight: 1 }])).toEqual(['account', '"0xA"'])
    expect(field(1, [{ ...one, weight: 0 }])).toEqual(['weights', '"a sum of 0"'])
    expect(divideByContribution(0, [one])).toEqual([{ account: '0xa', amount: 0 }])
  })

  it('divides every resource on its own', () => {
    const homes = [
      { account: '0x1', weight: 2 },
      { account: '0x2', weight: 1 },
    ]
    expect(divideContract({ energyWh: 100, powerW: 10, waterMl: 9 }, homes)).toEqual([
      { account: '0x1', energyWh: 67, powerW: 7, waterMl: 6 },
      { account: '0x2', energyWh: 33, powerW: 3, waterMl: 3 },
    ])
  })
})
