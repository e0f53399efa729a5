import { afterEach, beforeEach, expect, it } from 'vitest'
import { ANN, buy, C, call, CAROL, MANAGER_ROLE, SCT } from '../chain/contracts/token-setting.ts'
import { FeedBench } from './feed-bench.ts'

let bench: FeedBench

beforeEach(async () => {
  bench = await FeedBench.open()
})
afterEach(async () => {
  await bench.close()
  expect(bench.faults).toEqual([])
})

const marketPrice = async (resource: number) => (await bench.lab.read('lastMarketPrice', resource))[0]
const state = () => bench.feed?.actor.snapshot().value
const codes = () => bench.notices.map(({ code }) => code)
const cents = (count: bigint): bigint => (count * C) / 100n

it('posts what the market says, signed, and lets the token follow', async () => {
  bench.market = { energy: 150_000, power: 3_500, water: 1_950_000 }
  await bench.start()
  await expect.poll(() => bench.lab.number('buyPrice')).toBe((cents(15n) * 101n) / 100n)
  expect(await bench.lab.number('sellPrice')).toBe((cents(15n) * 99n) / 100n)
  expect([await marketPrice(1), await marketPrice(2), await marketPrice(3)]).toEqual([
    150_000n,
    3_500n,
    1_950_000n,
  ])
  expect(await bench.lab.refusalOf(buy(ANN, C))).toBeNull()
  await expect.poll(state).toEqual({ work: 'resting', freshness: 'fresh' })
  expect(codes()).toEqual([])
})

it('posts nothing again while the market says the same', async () => {
  await bench.start()
  await expect.poll(() => bench.events('SCTPriceSet')).toBe(1)
  await expect.poll(state).toMatchObject({ work: 'resting' })
  const { reads } = bench
  await bench.feed?.actor.send({ type: 'DUE' })
  await expect.poll(() => bench.reads).toBe(reads + 1)
  await expect.poll(state).toMatchObject({ work: 'resting' })
  expect(await bench.events('MarketPricePosted')).toBe(1)
})

it('walks to a far price in the steps of the contract, and the token behind it in smaller ones', async () => {
  bench.market = { energy: 100_000 }
  await bench.start()
  await expect.poll(() => bench.events('SCTPriceSet')).toBe(1)
  await expect.poll(state).toMatchObject({ work: 'resting' })
  bench.market = { energy: 350_000 }
  for (const [step, taken, tokenPrice] of [
    [2, 200_000n, 105_000n],
    [3, 350_000n, 110_250n],
  ] as const) {
    await bench.pass(3600)
    await expect.poll(() => bench.events('SCTPriceSet')).toBe(step)
    expect(await marketPrice(1)).toBe(taken)
    expect(await bench.lab.number('tokenPrice')).toBe(tokenPrice * 10n ** 12n)
    await expect.poll(state).toMatchObject({ work: 'resting' })
  }
})

it('raises an alarm once when no price comes, and takes it back when one does', async () => {
  await bench.start()
  await expect.poll(() => bench.events('SCTPriceSet')).toBe(1)
  await expect.poll(state).toMatchObject({ work: 'resting' })
  bench.market = null
  await bench.pass(600)
  await expect.poll(codes).toEqual(['source-hindered'])
  await bench.pass(2 * 3600)
  await expect.poll(state).toEqual({ work: 'resting', freshness: 'stale' })
  await bench.pass(3600)
  await expect.poll(state).toMatchObject({ work: 'resting' })
  expect(codes()).toEqual(['source-hindered', 'price-stale'])
  bench.market = { energy: 151_000 }
  await bench.pass(60)
  await expect.poll(codes).toEqual(['source-hindered', 'price-stale', 'price-fresh'])
  await expect.poll(() => bench.lab.refusalOf(buy(ANN, C))).toBeNull()
})

it('tells what is missing when the token cannot follow, and follows when it is there', async () => {
  bench.market = { energy: 100_000 }
  await bench.start()
  await expect.poll(() => bench.events('SCTPriceSet')).toBe(1)
  await bench.lab.do(buy(ANN, 100n * C))
  bench.market = { energy: 200_000 }
  for (const step of [2, 3, 4]) {
    await expect.poll(state).toMatchObject({ work: 'resting' })
    await bench.pass(3600)
    if (step < 4) await expect.poll(() => bench.events('SCTPriceSet')).toBe(step)
  }
  await expect.poll(codes).toContain('backing-short')
  const missing = BigInt(bench.notices.find(({ code }) => code === 'backing-short')?.about ?? '0')
  await expect.poll(state).toMatchObject({ work: 'resting' })
  await bench.lab.do({ ...call(CAROL, 'fund'), value: missing })
  await bench.feed?.actor.send({ type: 'DUE' })
  await expect.poll(() => bench.events('SCTPriceSet')).toBe(4)
  const [has, needs] = await bench.lab.read('backing')
  expect(Number(has)).toBeGreaterThanOrEqual(Number(needs))
})

it('tells that the chain refused a price, and goes on', async () => {
  await bench.lab.access('revokeRole', MANAGER_ROLE, bench.account())
  await bench.start()
  await expect
    .poll(() => bench.notices)
    .toMatchObject([{ code: 'price-refused', about: 'AccessManagedUnauthorized' }])
  expect(await marketPrice(1)).toBe(150_000n)
  await expect.poll(state).toMatchObject({ work: 'resting' })
  await bench.lab.access('grantRole', MANAGER_ROLE, bench.account(), 0)
  await bench.feed?.actor.send({ type: 'DUE' })
  await expect.poll(() => bench.events('SCTPriceSet')).toBe(1)
})

it('comes to the same end when it is killed while a price is on its way', async () => {
  bench.stopMining()
  await bench.start()
  await expect.poll(state).toMatchObject({ work: 'posting' })
  await bench.feed?.stop()
  bench.mine()
  await expect.poll(() => bench.events('MarketPricePosted')).toBe(1)
  await bench.start()
  await expect.poll(() => bench.events('SCTPriceSet')).toBe(1)
  await expect.poll(state).toMatchObject({ work: 'resting' })
  expect(await bench.events('MarketPricePosted')).toBe(1)
  expect((await bench.lab.read('balanceOf', bench.lab.token))[0]).toBe(10_000n * SCT)
})
