import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  amountWithin,
  bondOf,
  heldOf,
  leastPriceOf,
  LOT_AMOUNT_MOST,
  type LotSize,
  mostPriceOf,
  paymentOf,
  unitPriceOf,
} from '../../protocols/rules/lot-price.ts'
import { fieldOf } from '../rules/thrown.ts'
import { faultOf } from './household.ts'

const size = { amount: fc.integer({ min: 1, max: 10 ** 9 }), slots: fc.integer({ min: 1, max: 50_000 }) }
const lot: fc.Arbitrary<LotSize> = fc.record({
  resource: fc.constantFrom('energy', 'power', 'water'),
  ...size,
  sampleMs: fc.constantFrom(500, 1_000, 2_000, 900_000),
})
const unit = fc.integer({ min: 1, max: 10 ** 9 })

/** Money of a lot as an exact fraction, from the words of the interface: per kWh, kW and hour, or m³. */
function exact({ resource, amount, slots, sampleMs }: LotSize, unitMicroSct: number) {
  const hours = { times: BigInt(slots * sampleMs), per: 3_600_000n }
  const of = {
    energy: { times: 1n, per: 1_000n },
    water: { times: 1n, per: 1_000_000n },
    power: { times: hours.times, per: 1_000n * hours.per },
  }[resource]
  return { top: BigInt(amount) * of.times * BigInt(unitMicroSct), bottom: of.per }
}

describe('the price of a lot', () => {
  it('is within one micro-SCT of the exact one: a seller’s above, a buyer’s below', () => {
    fc.assert(
      fc.property(lot, unit, (of, price) => {
        const { top, bottom } = exact(of, price)
        const least = leastPriceOf(of, price)
        const most = mostPriceOf(of, price)
        expect(least * bottom >= top && (least - 1n) * bottom < top).toBe(true)
        expect(most * bottom <= top && (most + 1n) * bottom > top).toBe(true)
        expect(bondOf(of, price)).toBe(least)
      }),
    )
  })

  it('of a seller and of a buyer who name one price can meet, up to the rounding', () => {
    fc.assert(
      fc.property(lot, unit, (of, price) => {
        expect(leastPriceOf(of, price) - mostPriceOf(of, price)).toBeLessThanOrEqual(1n)
        expect(mostPriceOf(of, price)).toBeLessThanOrEqual(bondOf(of, price))
      }),
    )
  })

  it('as a unit price is never above what was paid', () => {
    fc.assert(
      fc.property(lot, fc.bigInt(0n, 10n ** 15n), (of, paid) => {
        const { top, bottom } = exact(of, 1)
        const shown = unitPriceOf(of, paid)
        expect(shown * top <= paid * bottom && (shown + 1n) * top > paid * bottom).toBe(true)
      }),
    )
  })

  it.each([
    ['1.5 kWh at 0.3 SCT', { resource: 'energy', amount: 1_500, slots: 0, sampleMs: 0 }, 300_000, 450_000n],
    ['1 Wh at 0.3 SCT', { resource: 'energy', amount: 1, slots: 0, sampleMs: 0 }, 300_001, 301n],
    [
      '2 kW for half an hour',
      { resource: 'power', amount: 2_000, slots: 900, sampleMs: 2_000 },
      100_000,
      100_000n,
    ],
    [
      '150 L at 2 SCT per m³',
      { resource: 'water', amount: 150_000, slots: 0, sampleMs: 0 },
      2_000_000,
      300_000n,
    ],
  ] as const)('%s', (_, of, price, paid) => {
    expect(leastPriceOf(of, price)).toBe(paid)
  })

  it('is refused for nothing, for more than the market takes, and for power without a window', () => {
    const of = (changes: Partial<LotSize>) => () =>
      bondOf({ resource: 'energy', amount: 1, slots: 0, sampleMs: 0, ...changes }, 1)
    expect(faultOf(of({}))).toBe('')
    expect(faultOf(of({ amount: LOT_AMOUNT_MOST }))).toBe('')
    for (const amount of [0, -1, 0.5, LOT_AMOUNT_MOST + 1]) expect(faultOf(of({ amount }))).toBe('bad-field')
    expect(faultOf(of({ resource: 'power' }))).toBe('bad-field')
    const huge = { resource: 'energy', amount: LOT_AMOUNT_MOST, slots: 0, sampleMs: 0 } as const
    expect(faultOf(() => bondOf(huge, 2n ** 64n))).toBe('bad-field')
  })
})

describe('a lot that is refused', () => {
  const kwh: LotSize = { resource: 'energy', amount: 1_000, slots: 0, sampleMs: 0 }

  it('is told by the field that is wrong', () => {
    expect(fieldOf(() => bondOf({ ...kwh, amount: 0 }, 1))).toBe('amount')
    expect(fieldOf(() => bondOf({ ...kwh, resource: 'power' }, 1))).toBe('slots')
    expect(fieldOf(() => bondOf({ ...kwh, resource: 'power', slots: 1, sampleMs: 1 }, 1))).toBeUndefined()
    const lot = { amount: 5n, priceMicroSct: 1n, heldMicroSct: 1n }
    expect(fieldOf(() => paymentOf(lot, 6n))).toBe('delivered')
  })

  it('is one whose price the market has no room for', () => {
    const most = 2n ** 96n - 2n
    expect(leastPriceOf(kwh, most)).toBe(most)
    expect(fieldOf(() => leastPriceOf(kwh, most + 1n))).toBe('lot price')
    expect(mostPriceOf(kwh, most)).toBe(most)
    expect(fieldOf(() => mostPriceOf(kwh, most + 1n))).toBe('lot price')
  })
})

describe('the amount that money allows', () => {
  it('is the largest whose price is within it', () => {
    fc.assert(
      fc.property(lot, unit, fc.nat(10 ** 12), (of, price, money) => {
        const amount = amountWithin(of, price, money)
        if (amount > 0) expect(leastPriceOf({ ...of, amount }, price)).toBeLessThanOrEqual(BigInt(money))
        if (amount < LOT_AMOUNT_MOST) {
          expect(leastPriceOf({ ...of, amount: amount + 1 }, price)).toBeGreaterThan(BigInt(money))
        }
      }),
    )
    expect(amountWithin({ resource: 'energy', slots: 0, sampleMs: 0 }, 1, -5)).toBe(0)
    expect(amountWithin({ resource: 'water', slots: 0, sampleMs: 0 }, 1, 2 ** 40)).toBe(LOT_AMOUNT_MOST)
  })
})

describe('what is held of a winner’s bond', () => {
  it('is S of the bid, rounded up, and the whole for S = 1', () => {
    expect(heldOf(1n, 2_000)).toBe(1n)
    expect(heldOf(10_000n, 2_000)).toBe(2_000n)
    expect(heldOf(10_001n, 2_000)).toBe(2_001n)
    expect(heldOf(12_345n, 10_000)).toBe(12_345n)
    expect(heldOf(12_345n, 0)).toBe(0n)
  })
})

describe('the payment of a lot', () => {
  const money = fc.bigInt(0n, 2n ** 96n - 2n)
  const sizes = fc.bigInt(1n, 2n ** 48n - 1n)

  it('gives away what there is, at most two micro-SCT short, and nothing for nothing', () => {
    fc.assert(
      fc.property(money, money, sizes, sizes, (priceMicroSct, heldMicroSct, amount, of) => {
        const delivered = of % (amount + 1n)
        const { paid, returned, penalty, spared } = paymentOf(
          { amount, priceMicroSct, heldMicroSct },
          delivered,
        )
        const left = priceMicroSct + heldMicroSct - paid - returned - penalty - spared
        expect(left >= 0n && left <= 2n).toBe(true)
        expect(priceMicroSct - paid - spared).toBeLessThanOrEqual(1n)
        if (delivered === amount) expect([paid, returned]).toEqual([priceMicroSct, heldMicroSct])
        if (delivered === 0n) expect([spared, penalty]).toEqual([priceMicroSct, heldMicroSct])
      }),
    )
  })

  it('is refused for more than the lot', () => {
    const lot = { amount: 5n, priceMicroSct: 1n, heldMicroSct: 1n }
    expect(faultOf(() => paymentOf(lot, 6n))).toBe('bad-field')
    expect(faultOf(() => paymentOf(lot, -1n))).toBe('bad-field')
  })
})
