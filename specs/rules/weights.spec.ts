import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type LotSize, mostPriceOf } from '../../protocols/rules/lot-price.ts'
import { RESOURCES, type Resource } from '../../protocols/rules/resource.ts'
import { MICRO_SCT } from '../../protocols/rules/token-price.ts'
import {
  EQUAL_WEIGHTS,
  estimateOf,
  goingMicroSctOf,
  LEAST_WEIGHT,
  MOST_WEIGHT,
  type TokenRate,
  unitMicroSctOf,
  type WeighedTrade,
  WEIGHT_ONE,
  weightAt,
  weightsOf,
} from '../../protocols/rules/weights.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const lotOf = (resource: Resource, amount: number): LotSize =>
  resource === 'power'
    ? { resource, amount, slots: 1800, sampleMs: 2000 }
    : { resource, amount, slots: 0, sampleMs: 0 }
/** A trade of kWh at so many thousandths of the market's price of one SCT. */
const trade = (change: Partial<WeighedTrade> & { permille?: number; kwh?: number } = {}): WeighedTrade => {
  const { permille = 1000, kwh = 1, ...rest } = change
  const priceMicroSct = BigInt(kwh) * BigInt(permille) * 1000n
  const lot = lotOf('energy', kwh * 1000)
  return { buyer: '0xa', seller: '0xb', atMs: 0, lot, priceMicroSct, marketMicroSct: MICRO_SCT, ...rest }
}

describe('weights', () => {
  it('are one before anybody has traded', () => {
    expect(weightsOf([])).toEqual(EQUAL_WEIGHTS)
    expect(weightAt(weightsOf([]), 'power', 5 * HOUR)).toBe(WEIGHT_ONE)
  })

  it('are what was paid over what the market would have asked, large lots counting more', () => {
    const trades = [
      trade({ permille: 500, kwh: 3, seller: '0xc' }),
      trade({ permille: 900, kwh: 1, seller: '0xd' }),
    ]
    expect(weightAt(weightsOf(trades), 'energy', 0)).toBe(600_000)
  })

  it('are kept by resource and hour of the day; an hour without trades has that of all hours', () => {
    const weights = weightsOf([
      trade({ permille: 800, atMs: 7 * HOUR }),
      trade({ permille: 1200, atMs: DAY + 20 * HOUR + 59 * 60_000 }),
    ])
    expect(weightAt(weights, 'energy', 5 * DAY + 7 * HOUR)).toBe(800_000)
    expect(weightAt(weights, 'energy', 5 * DAY + 20 * HOUR)).toBe(1_200_000)
    expect(weightAt(weights, 'energy', 5 * DAY + 21 * HOUR)).toBe(1_000_000)
    expect(weights.energy[3]).toBe(1_000_000)
    expect(weights.water).toEqual(EQUAL_WEIGHTS.water)
  })

  it('count two homes once a day for a resource, whoever buys and sells', () => {
    const first = trade({ permille: 700 })
    const again = trade({ permille: 9000, kwh: 1000, buyer: '0xB', seller: '0xA', atMs: 5 * HOUR })
    expect(weightsOf([first, again])).toEqual(weightsOf([first]))
    const water = { ...again, lot: lotOf('water', 1_000_000) }
    expect(weightsOf([first, water]).energy).toEqual(weightsOf([first]).energy)
    expect(weightsOf([first, water]).water[5]).toBeGreaterThan(WEIGHT_ONE)
    expect(weightsOf([first, { ...again, atMs: DAY }]).energy[0]).toBeGreaterThan(WEIGHT_ONE)
  })

  it('stay within a tenth and ten times the market', () => {
    expect(weightsOf([trade({ permille: 1 })]).energy[0]).toBe(LEAST_WEIGHT)
    expect(weightsOf([trade({ permille: 99_000 })]).energy[0]).toBe(MOST_WEIGHT)
  })

  const anyTrade = fc
    .record({
      buyer: fc.integer({ min: 1, max: 6 }),
      by: fc.integer({ min: 1, max: 6 }),
      atMs: fc.nat(5 * DAY),
      resource: fc.constantFrom(...RESOURCES),
      amount: fc.integer({ min: 1000, max: 1_000_000 }),
      permille: fc.integer({ min: 200, max: 5000 }),
      marketMicroSct: fc.integer({ min: 10_000, max: 20_000_000 }),
    })
    .map(({ buyer, by, atMs, resource, amount, permille, marketMicroSct }): WeighedTrade => {
      const lot = lotOf(resource, amount)
      const priceMicroSct = (mostPriceOf(lot, marketMicroSct) * BigInt(permille)) / 1000n
      const market = BigInt(marketMicroSct)
      const seller = `0x${buyer + by}`
      return { buyer: `0x${buyer}`, seller, atMs, lot, priceMicroSct, marketMicroSct: market }
    })
  const trades = fc.array(anyTrade, { minLength: 1, maxLength: 30 })

  it('are one exactly where everybody paid the market', () => {
    fc.assert(
      fc.property(trades, (all) => {
        const atMarket = all.map((each) => ({
          ...each,
          priceMicroSct: mostPriceOf(each.lot, each.marketMicroSct),
        }))
        expect(weightsOf(atMarket)).toEqual(EQUAL_WEIGHTS)
      }),
    )
  })

  it('lie between the cheapest and the dearest trade', () => {
    fc.assert(
      fc.property(trades, (all) => {
        const weights = weightsOf(all)
        for (const resource of RESOURCES) {
          const ratios = all
            .filter(({ lot }) => lot.resource === resource)
            .map(({ lot, priceMicroSct, marketMicroSct }) =>
              Number((priceMicroSct * 1_000_000n) / mostPriceOf(lot, marketMicroSct)),
            )
          if (ratios.length === 0) continue
          for (const weight of weights[resource]) {
            expect(weight).toBeGreaterThanOrEqual(Math.min(...ratios) - 1)
            expect(weight).toBeLessThanOrEqual(Math.max(...ratios) + 1)
          }
        }
      }),
    )
  })

  it('do not move by what a pair trades again within its day', () => {
    fc.assert(
      fc.property(trades, fc.nat(29), fc.integer({ min: 1, max: 1000 }), (all, which, times) => {
        const one = all[which % all.length]
        if (one === undefined) return
        const lot = { ...one.lot, amount: one.lot.amount * times }
        const again = { ...one, lot, buyer: one.seller, seller: one.buyer }
        expect(weightsOf([...all, again])).toEqual(weightsOf(all))
      }),
    )
  })
})

describe('an estimate', () => {
  const rate: TokenRate = { weiPerMicroEuro: 10n ** 12n, tokenPriceWei: 150_000n * 10n ** 12n }

  it('is M = T · Z_T · W', () => {
    expect(unitMicroSctOf(150_000, rate)).toBe(MICRO_SCT)
    expect(goingMicroSctOf(MICRO_SCT, 800_000)).toBe(800_000n)
    expect(estimateOf(lotOf('energy', 2000), 150_000, rate, 800_000)).toEqual({
      tokens: 2_000_000n,
      compensationWei: 240_000n * 10n ** 12n,
      compensationMicroSct: 1_600_000n,
    })
  })

  it('is for any resource the market times the weight, to a unit', () => {
    const lot = fc.record({
      resource: fc.constantFrom(...RESOURCES),
      amount: fc.integer({ min: 1, max: 1e9 }),
    })
    const price = fc.integer({ min: 1, max: 10_000_000 })
    const weight = fc.integer({ min: LEAST_WEIGHT, max: MOST_WEIGHT })
    fc.assert(
      fc.property(lot, price, price, weight, ({ resource, amount }, micro, token, ppm) => {
        const rates = { weiPerMicroEuro: 10n ** 12n, tokenPriceWei: BigInt(token) * 10n ** 12n }
        const size = lotOf(resource, amount)
        const { tokens, compensationWei, compensationMicroSct } = estimateOf(size, micro, rates, ppm)
        expect(tokens).toBe(mostPriceOf(size, unitMicroSctOf(micro, rates)))
        expect(compensationMicroSct).toBe((tokens * BigInt(ppm)) / 1_000_000n)
        const inTokens = (compensationWei * MICRO_SCT) / rates.tokenPriceWei
        expect(inTokens - compensationMicroSct).toBeLessThanOrEqual(1n)
        expect(inTokens - compensationMicroSct).toBeGreaterThanOrEqual(0n)
      }),
    )
  })

  it('never falls when the market, the weight or the lot grows', () => {
    const amount = fc.integer({ min: 1, max: 1e9 })
    const price = fc.integer({ min: 1, max: 10_000_000 })
    const weight = fc.integer({ min: LEAST_WEIGHT, max: MOST_WEIGHT - 1 })
    fc.assert(
      fc.property(amount, price, weight, (size, micro, ppm) => {
        const of = (more: number, dearer: number, heavier: number) =>
          estimateOf(lotOf('water', size + more), micro + dearer, rate, ppm + heavier).compensationWei
        const base = of(0, 0, 0)
        for (const grown of [of(1, 0, 0), of(0, 1, 0), of(0, 0, 1)]) {
          expect(grown).toBeGreaterThanOrEqual(base)
        }
      }),
    )
  })
})
