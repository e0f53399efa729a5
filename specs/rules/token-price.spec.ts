import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  costOf,
  currencyFor,
  microEuroOf,
  MICRO_SCT,
  pricesAround,
  tokensFor,
  type TokenMarket,
} from '../../protocols/rules/token-price.ts'

const PPM = 1_000_000n
const C = 10n ** 18n
const market = (change: Partial<TokenMarket> = {}): TokenMarket => ({
  tokenPriceWei: 150_000_000_000_000_000n,
  backingWei: 0n,
  circulating: 0n,
  maxSpreadPpm: 100_000n,
  ...change,
})
const anyMarket = fc.record({
  tokenPriceWei: fc.bigInt({ min: 1n, max: 10n ** 27n }),
  backingWei: fc.bigInt({ min: 0n, max: 10n ** 24n }),
  circulating: fc.bigInt({ min: 0n, max: 10n ** 13n }),
  maxSpreadPpm: fc.bigInt({ min: 0n, max: PPM }),
})
const spread = fc.bigInt({ min: 0n, max: 2n * PPM })

describe('the prices of the token', () => {
  it('lie half a spread above and below Z_T', () => {
    expect(pricesAround(market(), 20_000n)).toEqual({
      ok: true,
      buyWei: 151_500_000_000_000_000n,
      sellWei: 148_500_000_000_000_000n,
    })
  })

  it('give way below where the backing is short, and say what is missing where that is not enough', () => {
    const circulating = 100n * MICRO_SCT
    const short = market({ circulating, backingWei: 14n * C })
    expect(pricesAround(short, 20_000n)).toMatchObject({ ok: true, sellWei: (14n * C) / 100n })
    const lost = market({ circulating, backingWei: 13n * C })
    const found = pricesAround(lost, 20_000n)
    if (found.ok) throw new Error('13 C cannot back 100 SCT at 0.15 C')
    expect(pricesAround({ ...lost, backingWei: 13n * C + found.missingWei }, 20_000n).ok).toBe(true)
    expect(pricesAround({ ...lost, backingWei: 13n * C + found.missingWei - 1n }, 20_000n).ok).toBe(false)
  })

  it('are none for a token without a price, and may be one wei', () => {
    expect(pricesAround(market({ tokenPriceWei: 0n }), 20_000n).ok).toBe(false)
    expect(pricesAround(market({ tokenPriceWei: 1n }), 0n)).toEqual({ ok: true, buyWei: 1n, sellWei: 1n })
  })

  it('are always ones that the contract takes', () => {
    fc.assert(
      fc.property(anyMarket, spread, (found, spreadPpm) => {
        const prices = pricesAround(found, spreadPpm)
        if (!prices.ok) {
          expect(prices.missingWei).toBeGreaterThan(0n)
          return
        }
        const { buyWei, sellWei } = prices
        expect(sellWei).toBeGreaterThan(0n)
        expect(sellWei).toBeLessThanOrEqual(found.tokenPriceWei)
        expect(buyWei).toBeGreaterThanOrEqual(found.tokenPriceWei)
        expect(buyWei).toBeLessThanOrEqual(sellWei + (sellWei * found.maxSpreadPpm) / PPM)
        const needs = (found.circulating * sellWei + MICRO_SCT - 1n) / MICRO_SCT
        expect(needs).toBeLessThanOrEqual(found.backingWei)
      }),
    )
  })
})

describe('amounts', () => {
  const tokens = fc.bigInt({ min: 1n, max: 10n ** 15n })
  const rate = fc.bigInt({ min: 1n, max: 10n ** 24n })

  it('cost the least that buys them', () => {
    fc.assert(
      fc.property(tokens, rate, (wanted, buyWei) => {
        const cost = costOf(wanted, buyWei)
        expect(tokensFor(cost, buyWei)).toBeGreaterThanOrEqual(wanted)
        expect(tokensFor(cost - 1n, buyWei)).toBeLessThan(wanted)
      }),
    )
  })

  it('never bring a gain when they are bought and sold at once', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 24n }), rate, (paid, price) => {
        expect(currencyFor(tokensFor(paid, price), price)).toBeLessThanOrEqual(paid)
      }),
    )
  })

  it('bring what the contract pays, rounded down', () => {
    expect(currencyFor(2_500_000n, 3n)).toBe(7n)
    expect(tokensFor(7n, 2n)).toBe(3_500_000n)
    expect(costOf(2_500_000n, 3n)).toBe(8n)
  })

  it('are shown in micro-euro', () => {
    expect(microEuroOf(150_999_999_999_999_999n, 10n ** 12n)).toBe(150_999n)
  })
})
