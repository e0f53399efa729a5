import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clear, type PricedOffer } from '../../protocols/rules/clear.ts'

type Offers = readonly PricedOffer<number>[]

/** Few prices, so that ties, and prices at the cap, are common. */
const price = fc.oneof(fc.nat(6), fc.nat(1_000_000), fc.maxSafeNat())
const prices = fc.array(price, { maxLength: 30 })
const offersOf = (list: readonly number[]): Offers => list.map((value, i) => ({ id: `o${i}`, price: value }))

/** The rule as one would do it by hand: put the offers in order and look at the first two. */
function byHand(offers: Offers, cap: number, strict: boolean) {
  const none = { winner: null, winningBid: null, price: null }
  const sorted = offers
    .map((offer, line) => ({ ...offer, line }))
    .sort((a, b) => (a.price === b.price ? a.line - b.line : a.price < b.price ? -1 : 1))
  const [first, second] = sorted
  if (first === undefined) return { ...none, reason: 'no-offers' }
  if (first.price > cap) return { ...none, reason: 'none-under-cap' }
  if (strict && second !== undefined && second.price > cap) return { ...none, reason: 'second-above-cap' }
  const paid = Math.min(second?.price ?? cap, cap)
  return { winner: first.id, winningBid: first.price, price: paid, reason: null }
}

describe('the clearing rule', () => {
  it('is that of ordering all offers by hand, for numbers and big integers, strict or not', () => {
    fc.assert(
      fc.property(prices, price, fc.boolean(), (list, cap, strict) => {
        const offers = offersOf(list)
        const expected = byHand(offers, cap, strict)
        expect(clear(offers, cap, { strict })).toEqual(expected)
        const big = clear(
          offers.map(({ id, price: value }) => ({ id, price: BigInt(value) })),
          BigInt(cap),
          { strict },
        )
        const small = (value: bigint | null) => (value === null ? null : Number(value))
        expect({ ...big, winningBid: small(big.winningBid), price: small(big.price) }).toEqual(expected)
      }),
      { numRuns: 2_000 },
    )
  })

  it('lets the order of the offers decide who wins a tie, and nothing else', () => {
    fc.assert(
      fc.property(prices, price, fc.boolean(), (list, cap, strict) => {
        const forward = clear(offersOf(list), cap, { strict })
        const backward = clear([...offersOf(list)].reverse(), cap, { strict })
        expect(backward.price).toBe(forward.price)
        expect(backward.winningBid).toBe(forward.winningBid)
        expect(backward.reason).toBe(forward.reason)
      }),
    )
  })

  it('leaves the winner nothing to gain by another offer than its cost', () => {
    const others = fc.array(fc.nat(20), { maxLength: 5 })
    fc.assert(
      fc.property(others, fc.nat(20), fc.nat(20), fc.nat(20), (rivals, cap, cost, lie) => {
        const gain = (asked: number) => {
          const cleared = clear([{ id: 'me', price: asked }, ...offersOf(rivals)], cap)
          return cleared.winner === 'me' ? cleared.price - cost : 0
        }
        expect(gain(cost)).toBeGreaterThanOrEqual(0)
        expect(gain(cost)).toBeGreaterThanOrEqual(gain(lie))
      }),
      { numRuns: 1_000 },
    )
  })

  it('pays the cap where the second offer is above it, unless the strict rule is asked for', () => {
    expect(clear(offersOf([3, 12]), 9)).toMatchObject({ winner: 'o0', price: 9 })
    expect(clear(offersOf([3, 12]), 9, { strict: true })).toMatchObject({ winner: null, price: null })
  })

  it('pays a sole bidder the cap, also by the strict rule', () => {
    for (const strict of [false, true]) {
      expect(clear(offersOf([3]), 9, { strict })).toMatchObject({ winner: 'o0', price: 9 })
    }
  })

  it('awards when the second lowest is above the cap, but for the strict rule', () => {
    expect(clear(offersOf([3, 10]), 9)).toMatchObject({ winner: 'o0', price: 9 })
    expect(clear(offersOf([3, 10]), 9, { strict: true })).toMatchObject({ reason: 'second-above-cap' })
    expect(clear(offersOf([3, 9]), 9, { strict: true })).toMatchObject({ winner: 'o0', price: 9 })
  })
})
