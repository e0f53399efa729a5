import fc from 'fast-check'
import { expect, it } from 'vitest'
import { backingOf, fundingOf } from '../../protocols/rules/token-backing.ts'
import { costOf } from '../../protocols/rules/token-price.ts'

const wei = fc.bigInt(1n, 10n ** 19n)
const tokens = fc.bigInt(0n, 10n ** 15n)

it('backs new tokens so that two steps of their price leave them backed', () => {
  fc.assert(
    fc.property(tokens, wei, (count, price) => {
      const risen = (price * 1_020n * 1_020n) / 1_000_000n
      expect(backingOf(count, price) >= costOf(count, risen)).toBe(true)
    }),
  )
})

it('funds what is missing to buy every token back at its price, and nothing when all is there', () => {
  fc.assert(
    fc.property(tokens, wei, wei, (circulating, tokenPriceWei, backingWei) => {
      const market = { circulating, tokenPriceWei, backingWei, maxSpreadPpm: 100_000n }
      const funded = backingWei + fundingOf(market)
      expect(funded >= costOf(circulating, tokenPriceWei)).toBe(true)
      expect(fundingOf({ ...market, backingWei: funded })).toBe(0n)
    }),
  )
})

it('adds a twentieth to what the tokens cost, rounded up', () => {
  expect(backingOf(2_000_000n, 100n)).toBe(210n)
  expect(backingOf(1_000_000n, 101n)).toBe(107n)
  const market = { circulating: 1_000_000n, tokenPriceWei: 101n, maxSpreadPpm: 0n }
  expect(fundingOf({ ...market, backingWei: 100n })).toBe(7n)
  expect(fundingOf({ ...market, backingWei: 106n })).toBe(1n)
  expect(fundingOf({ ...market, backingWei: 107n })).toBe(0n)
  expect(fundingOf({ ...market, backingWei: 500n })).toBe(0n)
})
