import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FeedBench } from '../price-feed/feed-bench.ts'
import { type FeedWorldEvent, feedModel } from './price-feed.ts'
import { carryOut, type Deeds, leavesOf, metaSchema, toursOf } from './tour.ts'

const PATIENCE = { timeout: 30_000, interval: 30 } as const
const STEP_S = 600
const LONG_S = 4 * 3600

let bench: FeedBench
beforeEach(async () => {
  bench = await FeedBench.open()
})
afterEach(() => bench.close())

const posted = (): Promise<number> => bench.events('MarketPricePosted')

async function rests(): Promise<void> {
  await expect.poll(() => bench.feed?.actor.snapshot().value.work, PATIENCE).toBe('resting')
}

/** The time to look comes, and the feed comes to rest again. */
async function looks(seconds = STEP_S): Promise<void> {
  await rests()
  const { reads } = bench
  await bench.pass(seconds)
  await expect.poll(() => bench.reads, PATIENCE).toBeGreaterThan(reads)
  await rests()
}

async function startsAgain(): Promise<void> {
  await bench.feed?.stop()
  await bench.start()
}

async function posts(market: FeedBench['market']): Promise<void> {
  const before = await posted()
  bench.market = market
  await looks()
  await expect.poll(posted, PATIENCE).toBeGreaterThan(before)
}

const deeds: Deeds<FeedWorldEvent> = {
  STARTS: async () => {
    await bench.start()
    await expect.poll(posted, PATIENCE).toBe(1)
  },
  STARTS_WITHOUT_A_CHAIN: async () => {
    bench.chainAwayIn = 'meeting'
    await bench.start()
  },
  CHAIN_COMES: async () => {
    bench.chainAwayIn = null
    await bench.pass(STEP_S)
  },
  CHAIN_COMES_AND_IT_STARTS_AGAIN: async () => {
    bench.chainAwayIn = null
    await startsAgain()
  },
  MARKET_SAYS_THE_SAME: () => looks(),
  MARKET_RISES: () => posts({ energy: 151_000 }),
  MARKET_SPEAKS_OF_POWER_ONLY: async () => {
    await posts({ power: 3_500 })
    bench.market = { energy: 151_000 }
  },
  STARTS_AGAIN: startsAgain,
  CHAIN_GOES_BEFORE_THE_TOKEN_IS_READ: async () => {
    bench.chainAwayIn = 'pricing'
    await posts({ energy: 152_000 })
    bench.chainAwayIn = null
  },
  SOURCE_GOES: async () => {
    bench.market = null
    await looks()
  },
  SOURCE_STAYS_AWAY: () => looks(60),
  SOURCE_COMES: async () => {
    bench.market = { energy: 150_500 }
    await looks()
  },
  NO_PRICE_FOR_HOURS: () => looks(LONG_S),
  PRICE_COMES: () => posts({ energy: 153_000 }),
}

describe('a price feed, through its model', () => {
  it.each(toursOf(feedModel))('%s', { timeout: 240_000 }, async (_name, life) => {
    for (const { event, meta } of life) {
      await carryOut(deeds, event)
      await expect
        .poll(() => [event, ...leavesOf(bench.feed?.actor.snapshot().value)], PATIENCE)
        .toEqual(expect.arrayContaining(metaSchema.parse(meta)))
    }
  })
})
