import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  completedBy,
  type MarketPrice,
  nearPrices,
  planPosts,
  postable,
  priceInForce,
  READ_AGAIN_S,
  STALE_AFTER_S,
  staleAtS,
  type TakenPrice,
  type TakenPrices,
} from '../../protocols/rules/market-price.ts'
import { RESOURCES, resourceNumber, resourceOf } from '../../protocols/rules/resource.ts'

const STEP_S = 300
const NOTHING: TakenPrices = { energy: null, power: null, water: null }
const price = (change: Partial<MarketPrice> = {}): MarketPrice => ({
  resource: 'energy',
  microEuro: 150_000,
  validFromS: 3600,
  validUntilS: 7200,
  source: 'a test',
  ...change,
})
const taken = (change: Partial<TakenPrice> = {}): TakenPrices => {
  const energy = { microEuro: 150_000, validFromS: 3600, validUntilS: 7200, postedAtS: 3600, ...change }
  return { ...NOTHING, energy }
}
const moment = fc.nat(20_000)
const anyPrice = fc
  .record({
    resource: fc.constantFrom(...RESOURCES),
    microEuro: fc.integer({ min: -1_000_000, max: 2_000_000_000 }),
    validFromS: moment,
    length: fc.integer({ min: 1, max: 4000 }),
  })
  .map(({ length, ...rest }) => price({ ...rest, validUntilS: rest.validFromS + length }))
const anyTaken = fc.record({
  microEuro: fc.integer({ min: 1, max: 1_000_000_000 }),
  validFromS: moment,
  validUntilS: moment,
  postedAtS: moment,
})
const anyTakens = fc.record({
  energy: fc.option(anyTaken),
  power: fc.option(anyTaken),
  water: fc.option(anyTaken),
})
const anyPrices = fc.array(anyPrice, { maxLength: 12 })

describe('what is posted of the market', () => {
  it('is the price in force, where the contract has none', () => {
    const posted = { resource: 'energy', microEuro: 150_000, validFromS: 3600, validUntilS: 7200 }
    expect(planPosts([price()], NOTHING, 3600, STEP_S)).toEqual({ posts: [posted], nextAtS: 4500 })
    expect(planPosts([price()], NOTHING, 3599, STEP_S).posts).toEqual([])
    expect(planPosts([price()], NOTHING, 7200, STEP_S).posts).toEqual([])
  })

  it('is nothing while the contract has it', () => {
    expect(planPosts([price()], taken(), 7000, STEP_S)).toEqual({ posts: [], nextAtS: 7200 })
  })

  it('is the same price again until a bounded step has let it through whole', () => {
    const half = taken({ microEuro: 100_000, postedAtS: 3700 })
    expect(planPosts([price()], half, 3900, STEP_S)).toEqual({ posts: [], nextAtS: 4000 })
    expect(planPosts([price()], half, 4000, STEP_S).posts).toHaveLength(1)
  })

  it('waits for the next step that the contract takes', () => {
    const late = taken({ validFromS: 0, validUntilS: 3600, postedAtS: 3500 })
    expect(planPosts([price()], late, 3600, STEP_S)).toEqual({ posts: [], nextAtS: 3800 })
    expect(planPosts([price()], late, 3800, STEP_S).posts).toHaveLength(1)
  })

  it('is of several prices in force the one that began last', () => {
    const day = price({ microEuro: 1, validFromS: 0, validUntilS: 86_400 })
    const quarter = price({ microEuro: 2, validUntilS: 4500 })
    expect(priceInForce([day, price(), quarter], 'energy', 3600)).toBe(quarter)
    expect(priceInForce([day, price(), quarter], 'energy', 4500)?.microEuro).toBe(150_000)
    expect(priceInForce([day, price(), quarter], 'energy', 80_000)).toBe(day)
    expect(priceInForce([day], 'water', 3600)).toBeNull()
  })

  it('is never older than what the contract has, nor outside of what it takes', () => {
    fc.assert(
      fc.property(anyPrices, anyTakens, moment, (prices, has, nowS) => {
        for (const post of planPosts(prices, has, nowS, STEP_S).posts) {
          expect(post.microEuro).toBe(postable(post.microEuro))
          expect(post.validFromS).toBeLessThanOrEqual(nowS)
          expect(post.validUntilS).toBeGreaterThan(nowS)
          const last = has[post.resource]
          if (last === null) continue
          expect(post.validFromS).toBeGreaterThanOrEqual(last.validFromS)
          expect(nowS).toBeGreaterThanOrEqual(last.postedAtS + STEP_S)
        }
      }),
    )
  })

  it('leaves nothing to do once it was taken', () => {
    fc.assert(
      fc.property(anyPrices, anyTakens, moment, (prices, has, nowS) => {
        const { posts } = planPosts(prices, has, nowS, STEP_S)
        const after = posts.reduce<TakenPrices>(
          (so, { resource, ...post }) => ({ ...so, [resource]: { ...post, postedAtS: nowS } }),
          has,
        )
        expect(planPosts(prices, after, nowS, STEP_S).posts).toEqual([])
      }),
    )
  })

  it('is looked at again when a price begins', () => {
    expect(planPosts([price()], NOTHING, 3000, STEP_S).nextAtS).toBe(3600)
    const early = price({ validFromS: 3300, validUntilS: 3400 })
    expect(planPosts([price(), early], NOTHING, 3000, STEP_S).nextAtS).toBe(3300)
  })

  it('needs no more of a source than what is near', () => {
    fc.assert(
      fc.property(anyPrices, anyTakens, moment, (prices, has, nowS) => {
        const near = nearPrices(prices, nowS)
        expect(near.length).toBeLessThanOrEqual(6)
        expect(planPosts(near, has, nowS, STEP_S)).toEqual(planPosts(prices, has, nowS, STEP_S))
      }),
    )
  })

  it('is looked at again in time, and never too soon', () => {
    fc.assert(
      fc.property(anyPrices, anyTakens, moment, (prices, has, nowS) => {
        const { nextAtS } = planPosts(prices, has, nowS, STEP_S)
        expect(nextAtS).toBeGreaterThan(nowS)
        expect(nextAtS).toBeLessThanOrEqual(nowS + READ_AGAIN_S)
      }),
    )
  })
})

describe('the prices of two sources', () => {
  it('are those of the first, and of the second for resources that the first does not know', () => {
    const [mine, later] = [price(), price({ validFromS: 7200 })]
    const water = price({ resource: 'water' })
    expect(completedBy([mine, later], [price({ microEuro: 1 }), water])).toEqual([mine, later, water])
    expect(completedBy([], [water])).toEqual([water])
  })
})

describe('a price as the contract can take it', () => {
  it('lies between one micro-euro and a thousand euro', () => {
    expect([-5, 0, 1, 2, 1_000_000_000, 1_000_000_001].map(postable)).toEqual([
      1, 1, 1, 2, 1_000_000_000, 1_000_000_000,
    ])
    expect(planPosts([price({ microEuro: -5 })], NOTHING, 3600, STEP_S).posts[0]?.microEuro).toBe(1)
    expect(planPosts([price({ microEuro: -5 })], taken({ microEuro: 1 }), 7000, STEP_S).posts).toEqual([])
  })
})

describe('the prices that a plan is made of', () => {
  it('are of each resource the one in force, and the first to come', () => {
    const now = price()
    const soon = price({ validFromS: 7200, validUntilS: 9000 })
    const late = price({ validFromS: 9000, validUntilS: 9900 })
    const water = price({ resource: 'water', validFromS: 5000 })
    expect(nearPrices([late, water, soon, now], 3600)).toEqual([now, soon, water])
    expect(nearPrices([late, soon], 7200)).toEqual([soon, late])
    expect(nearPrices([now, soon, late], 3600)).toEqual([now, soon])
    expect(nearPrices([], 3600)).toEqual([])
  })

  it('hold the shortest of those that began at one time', () => {
    const [long, short] = [price({ validUntilS: 9000 }), price({ validUntilS: 5000 })]
    expect(priceInForce([long, short], 'energy', 4000)).toBe(short)
    expect(priceInForce([short, long], 'energy', 4000)).toBe(short)
    expect(priceInForce([short, long], 'energy', 5000)).toBe(long)
  })
})

describe('a plan of posts', () => {
  it('looks again at each thing that is due first: a price that ends, begins, or a step', () => {
    const ending = price({ validFromS: 3500, validUntilS: 3700 })
    expect(planPosts([ending], NOTHING, 3600, STEP_S).nextAtS).toBe(3700)
    const water = price({ resource: 'water', validFromS: 3650 })
    expect(planPosts([ending, water], NOTHING, 3600, STEP_S).nextAtS).toBe(3650)
    expect(planPosts([], NOTHING, 3600, STEP_S)).toEqual({ posts: [], nextAtS: 3600 + READ_AGAIN_S })
  })

  it('posts nothing older than the contract has, and what began later though the price is the same', () => {
    const older = taken({ validFromS: 3601 })
    expect(planPosts([price()], older, 5000, STEP_S).posts).toEqual([])
    const newer = taken({ validFromS: 3599 })
    expect(planPosts([price()], newer, 5000, STEP_S).posts).toHaveLength(1)
  })
})

describe('a stale price', () => {
  it('is one that ended some time ago and was not followed by another', () => {
    expect(staleAtS(taken(), 0)).toBe(7200 + STALE_AFTER_S)
  })

  it('is none at all, some time after the feed began', () => {
    expect(staleAtS(NOTHING, 500)).toBe(500 + STALE_AFTER_S)
    expect(staleAtS(taken({ validUntilS: 100 }), 9000)).toBe(9000 + STALE_AFTER_S)
  })
})

describe('a resource', () => {
  it('has one number with the contracts', () => {
    expect(RESOURCES.map(resourceNumber)).toEqual([1, 2, 3])
    expect([1, 2n, 3].map(resourceOf)).toEqual([...RESOURCES])
    for (const none of [0, 4, -1]) expect(() => resourceOf(none)).toThrow(/resource: expected 1/)
  })
})
