import fc from 'fast-check'
import { expect, it } from 'vitest'
import { initialTransition, type SnapshotFrom, transition } from 'xstate'
import {
  priceFeedMachine,
  type PriceFeedEvent,
  TRY_AGAIN_S,
} from '../../actors/community-gateway/price-feed/machine.ts'
import { noticeOf } from '../../actors/community-gateway/price-feed/notices.ts'
import { type MarketPrice, STALE_AFTER_S, type TakenPrices } from '../../protocols/rules/market-price.ts'
import { RESOURCES, type Resource } from '../../protocols/rules/resource.ts'
import { Seen } from './coverage.ts'

type Feed = SnapshotFrom<typeof priceFeedMachine>
interface Done {
  readonly type: string
  readonly params: unknown
}

const START = 1_000_000
const STEP_S = 300
const NOTHING: TakenPrices = { energy: null, power: null, water: null }
const seen = new Seen()

/** The feed after these events, and what it would have done, in order. */
function follow(events: readonly PriceFeedEvent[], from?: Feed): { feed: Feed; done: Done[] } {
  const [first, entry] = initialTransition(priceFeedMachine, { nowS: START })
  let feed = from ?? first
  const done: Done[] = from === undefined ? entry.map(({ type, params }) => ({ type, params })) : []
  for (const event of events) {
    const [next, actions] = transition(priceFeedMachine, feed, event)
    feed = next
    seen.note(feed.value)
    done.push(...actions.map(({ type, params }) => ({ type, params })))
  }
  return { feed, done }
}

const names = (done: readonly Done[]) => done.map(({ type }) => type)
const chain = (taken: TakenPrices = NOTHING, nowS = START): PriceFeedEvent => ({
  type: 'CHAIN_READ',
  taken,
  leastStepS: STEP_S,
  nowS,
})
const priceOf = (resource: Resource, microEuro: number, change: Partial<MarketPrice> = {}): MarketPrice => ({
  resource,
  microEuro,
  validFromS: START - 100,
  validUntilS: START + 3500,
  source: 'a spec',
  ...change,
})
const market = (...prices: MarketPrice[]): PriceFeedEvent => ({ type: 'SOURCE_READ', prices, nowS: START })
const took = (microEuro: number, change = {}) => ({
  microEuro,
  validFromS: START - 100,
  validUntilS: START + 3500,
  postedAtS: START,
  ...change,
})
const ended = (
  number: number,
  resource: Resource,
  taken: ReturnType<typeof took> | null,
  nowS = START,
): PriceFeedEvent => ({ type: 'POST_ENDED', number, resource, taken, nowS })

const POSTED = [chain(), market(priceOf('energy', 150_000))]
const TAKEN = [...POSTED, ended(1, 'energy', took(150_000))]
const PRICED: PriceFeedEvent[] = [
  ...TAKEN,
  { type: 'TOKEN_PRICED', buyWei: '11', sellWei: '9' },
  { type: 'PRICE_ENDED', error: null, nowS: START },
]

it('learns what the chain has before it reads the market', () => {
  const { feed, done } = follow([chain({ ...NOTHING, energy: took(5) })])
  expect(names(done)).toEqual(['readChain', 'readSource'])
  expect(feed.context).toMatchObject({ leastStepS: STEP_S, taken: { energy: { microEuro: 5 } } })
})

it('asks an absent chain again after a while', () => {
  const { feed } = follow([{ type: 'CHAIN_AWAY', code: 'rpc-away', nowS: START }])
  expect(feed.value).toMatchObject({ work: 'away' })
  expect(feed.context.nextAtS).toBe(START + TRY_AGAIN_S)
  expect(names(follow([{ type: 'DUE' }], feed).done)).toEqual(['readChain'])
})

it('rests until the next price is due', () => {
  const { feed, done } = follow([
    chain({ ...NOTHING, energy: took(150_000) }),
    market(priceOf('energy', 150_000, { validUntilS: START + 60 })),
  ])
  expect(feed.value).toMatchObject({ work: 'resting' })
  expect(feed.context.nextAtS).toBe(START + 60)
  expect(names(done)).not.toContain('post')
  expect(names(follow([{ type: 'DUE' }], feed).done)).toEqual(['readSource'])
})

it('posts each price under a number that no other call has', () => {
  const both = market(priceOf('energy', 1), priceOf('water', 2))
  const { feed, done } = follow([chain(), both])
  const posts = [
    { number: 1, resource: 'energy', microEuro: 1, validFromS: START - 100, validUntilS: START + 3500 },
    { number: 2, resource: 'water', microEuro: 2, validFromS: START - 100, validUntilS: START + 3500 },
  ]
  expect(done.slice(2)).toEqual([
    { type: 'post', params: { posts } },
    { type: 'awaitPosts', params: { posts } },
  ])
  expect(feed.value).toMatchObject({ work: 'posting' })
})

it('tells once that the source gives nothing, and again only after it gave something', () => {
  const failed = (code: string): PriceFeedEvent => ({ type: 'SOURCE_FAILED', code, nowS: START })
  const due: PriceFeedEvent = { type: 'DUE' }
  const told = (events: PriceFeedEvent[]) =>
    follow(events).done.flatMap(({ type, params }) => (type === 'tell' ? [params] : []))
  const away = { code: 'source-hindered', about: 'source-away' }
  expect(told([chain(), failed('source-away'), due, failed('source-away')])).toEqual([away])
  const answered = market()
  expect(told([chain(), failed('source-away'), due, answered, due, failed('source-away')])).toEqual([
    away,
    away,
  ])
  const { feed } = follow([chain(), failed('source-away')])
  expect(feed.context.nextAtS).toBe(START + TRY_AGAIN_S)
})

it('lets the token follow energy', () => {
  const { feed, done } = follow(TAKEN)
  expect(feed.value).toMatchObject({ work: 'pricing' })
  expect(names(done).at(-1)).toBe('readToken')
})

it('leaves the token alone for other prices', () => {
  const { feed } = follow([chain(), market(priceOf('water', 7)), ended(1, 'water', took(7))])
  expect(feed.value).toMatchObject({ work: 'resting' })
})

it('looks again when the next step may be taken', () => {
  const { feed } = follow([...POSTED, ended(1, 'energy', took(100_000))])
  expect(feed.context.nextAtS).toBe(START + STEP_S)
  expect(feed.context.taken.energy?.microEuro).toBe(100_000)
})

it('tries a refused post again after a while', () => {
  for (const unchanged of [null, took(9, { validFromS: START - 4000 })]) {
    const { feed } = follow([...POSTED, ended(1, 'energy', unchanged)])
    expect(feed.value).toMatchObject({ work: 'resting' })
    expect(feed.context.nextAtS).toBe(START + TRY_AGAIN_S)
    expect(feed.context.taken.energy).toBeNull()
  }
})

it('tells what is missing and tries again after a while', () => {
  const { feed, done } = follow([...TAKEN, { type: 'BACKING_SHORT', missingWei: '77', nowS: START }])
  expect(done.at(-1)).toEqual({ type: 'tell', params: { code: 'backing-short', about: '77' } })
  expect(feed.context).toMatchObject({ isPricingDue: true, nextAtS: START + TRY_AGAIN_S })
  const again = follow([{ type: 'DUE' }, market(priceOf('energy', 150_000))], feed)
  expect(names(again.done)).toEqual(['readSource', 'readToken'])
})

it('tells of a refused price and sets it again', () => {
  const refused: PriceFeedEvent = { type: 'PRICE_ENDED', error: 'Insolvent', nowS: START }
  const priced: PriceFeedEvent = { type: 'TOKEN_PRICED', buyWei: '11', sellWei: '9' }
  const { feed, done } = follow([...TAKEN, priced, refused])
  expect(done.at(-1)).toEqual({ type: 'tell', params: { code: 'price-refused', about: 'Insolvent' } })
  const again = follow([{ type: 'DUE' }, market(priceOf('energy', 150_000)), priced], feed)
  expect(again.done.at(-2)).toEqual({ type: 'setPrice', params: { number: 3, buyWei: '11', sellWei: '9' } })
})

it('rests once the token has followed', () => {
  const { feed, done } = follow(PRICED)
  expect(feed.value).toEqual({ work: 'resting', freshness: 'fresh' })
  expect(feed.context.isPricingDue).toBe(false)
  expect(done.filter(({ type }) => type === 'setPrice')).toEqual([
    { type: 'setPrice', params: { number: 2, buyWei: '11', sellWei: '9' } },
  ])
})

it('is stale once', () => {
  const { feed, done } = follow([...PRICED, { type: 'STALE' }, { type: 'STALE' }])
  expect(feed.value).toMatchObject({ freshness: 'stale' })
  expect(names(done).filter((name) => name === 'tell')).toHaveLength(1)
})

it('is fresh again with a newer price, and not with an old one', () => {
  const { feed } = follow([...PRICED, { type: 'STALE' }, { type: 'DUE' }])
  const next = { validFromS: START - 50, validUntilS: START + 7100 }
  const prices = [priceOf('energy', 150_000, next)]
  const posted = follow([{ type: 'SOURCE_READ', prices, nowS: START + STEP_S }], feed).feed
  expect(follow([ended(3, 'energy', took(150_000))], posted).feed.value).toMatchObject({ freshness: 'stale' })
  const { feed: newer, done } = follow([ended(3, 'energy', took(150_000, next))], posted)
  expect(newer.value).toMatchObject({ freshness: 'fresh' })
  expect(done).toContainEqual({ type: 'tell', params: { code: 'price-fresh' } })
  expect(newer.context.staleAtS).toBe(START + 7100 + STALE_AFTER_S)
})

it('gives itself time after a sleep before it calls a price stale', () => {
  const wokenAt = START + 100_000
  const { feed, done } = follow([...PRICED, { type: 'WOKEN', nowS: wokenAt }])
  expect(feed.context.staleAtS).toBe(wokenAt + STALE_AFTER_S)
  expect(names(done).at(-1)).toBe('readChain')
  const stale = follow([...PRICED, { type: 'STALE' }, { type: 'WOKEN', nowS: START }]).feed
  expect(follow([chain({ ...NOTHING, energy: took(1) })], stale).feed.value).toMatchObject({
    freshness: 'fresh',
  })
})

const nowS = fc.integer({ min: START, max: START + 20_000 })
const taken = fc.option(
  fc.record({
    microEuro: fc.integer({ min: 1, max: 3 }),
    validFromS: nowS,
    validUntilS: nowS,
    postedAtS: nowS,
  }),
)
const resource = fc.constantFrom(...RESOURCES)
const anyEvent: fc.Arbitrary<PriceFeedEvent> = fc.oneof(
  fc.record({ type: fc.constant('WOKEN'), nowS }),
  fc.record({
    type: fc.constant('CHAIN_READ'),
    taken: fc.record({ energy: taken, power: taken, water: taken }),
    leastStepS: fc.constant(STEP_S),
    nowS,
  }),
  fc.record({ type: fc.constant('CHAIN_AWAY'), code: fc.constant('rpc-away'), nowS }),
  fc.constant<PriceFeedEvent>({ type: 'DUE' }),
  fc.record({
    type: fc.constant('SOURCE_READ'),
    prices: fc.array(
      fc.record({
        resource,
        microEuro: fc.integer({ min: 1, max: 3 }),
        validFromS: nowS,
        validUntilS: fc.constant(START + 30_000),
        source: fc.constant('a spec'),
      }),
      { maxLength: 4 },
    ),
    nowS,
  }),
  fc.record({ type: fc.constant('SOURCE_FAILED'), code: fc.constant('source-away'), nowS }),
  fc.record({
    type: fc.constant('POST_ENDED'),
    number: fc.integer({ min: 1, max: 8 }),
    resource,
    taken,
    nowS,
  }),
  fc.constant<PriceFeedEvent>({ type: 'TOKEN_PRICED', buyWei: '2', sellWei: '1' }),
  fc.record({ type: fc.constant('BACKING_SHORT'), missingWei: fc.constant('1'), nowS }),
  fc.record({ type: fc.constant('PRICE_ENDED'), error: fc.option(fc.constant('Insolvent')), nowS }),
  fc.constant<PriceFeedEvent>({ type: 'STALE' }),
)

/** Numbers that an action uses on the chain. */
const numbersOf = ({ type, params }: Done): number[] => {
  if (type !== 'post' && type !== 'setPrice') return []
  return [...JSON.stringify(params ?? null).matchAll(/"number":(\d+)/g)].map(([, number]) => Number(number))
}

it('never uses a number twice, nor posts before all posts have ended', () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 60 }), (events) => {
      let { feed } = follow([])
      const used: number[] = []
      let told = feed.matches({ freshness: 'stale' })
      for (const event of events) {
        const waited = feed.context.waiting.length
        const step = follow([event], feed)
        feed = step.feed
        const numbers = step.done.flatMap(numbersOf)
        used.push(...numbers)
        if (step.done.some(({ type }) => type === 'post')) expect(waited).toBe(0)
        expect(feed.matches({ work: 'posting' })).toBe(feed.context.waiting.length > 0)
        const isStale = feed.matches({ freshness: 'stale' })
        const staleTold = step.done.some(({ params }) =>
          JSON.stringify(params ?? null).includes('price-stale'),
        )
        expect(staleTold).toBe(isStale && !told)
        told = isStale
      }
      expect(used).toEqual([...new Set(used)].sort((a, b) => a - b))
    }),
    { numRuns: 400 },
  )
})

it('has words for all that it tells', () => {
  for (const code of [
    'price-stale',
    'price-fresh',
    'source-hindered',
    'backing-short',
    'price-refused',
  ] as const) {
    expect(noticeOf(code, 'x')).toMatchObject({ code, about: 'x' })
    expect(noticeOf(code, '').text).toMatch(/^[A-Z].+\.$/)
  }
})

it('was seen in every state', () => {
  expect(seen.missing(priceFeedMachine)).toEqual([])
})
