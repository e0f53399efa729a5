import { Interface } from 'ethers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTokenReader } from '../../actors/community-gateway/price-feed/token-reader.ts'
import { TokenBacking } from '../../actors/community-gateway/token-backing.ts'
import { CommunityPrices } from '../../bin/host/market/community-prices.ts'
import { tokenAbi } from '../../chain/bindings/token.gen.ts'
import { createTradingReads } from '../../chain/proxy/trading-calls.ts'
import { C, SCT } from '../chain/contracts/token-setting.ts'
import { keepingLog } from '../machines/disputes.ts'
import { FeedBench } from './feed-bench.ts'

const WELCOME = 100n * SCT
const HOME = '0x00000000000000000000000000000000000000aa'
const OTHER = '0x00000000000000000000000000000000000000bb'
const PURSE = 1_000n * C

let bench: FeedBench
beforeEach(async () => {
  bench = await FeedBench.open()
})
afterEach(async () => {
  await bench.close()
  expect(bench.faults).toEqual([])
})

async function member(account: string): Promise<void> {
  const row = { account, peer_key: '0x', name: 'home', state: 'active', weight: 1, joined_at_ms: 0 } as const
  const none = { epoch: 1, delegation: 0, operation_key: null, admitted_block: 1, last_slot: null }
  await bench.store.db
    .insertInto('member')
    .values({ ...row, ...none })
    .execute()
}

const reads = () => {
  const at = { token: bench.lab.token, trading: bench.lab.token }
  return createTradingReads((to, data) => bench.read(to, data), at)
}
const missing: bigint[] = []

function backing(balanceWei = PURSE): TokenBacking {
  missing.length = 0
  return new TokenBacking({
    store: bench.store,
    outbox: bench.outbox(),
    abi: new Interface(tokenAbi),
    token: bench.lab.token,
    welcomeMicroSct: WELCOME,
    balanceWei: async () => balanceWei,
    buyPriceWei: () => reads().buyPriceWei(),
    market: () => createTokenReader(bench.lab.token, (to, data) => bench.read(to, data)).market(),
    onMissing: (wei) => missing.push(wei),
    onFault: (thrown) => bench.faults.push(String(thrown)),
  })
}

const solvent = async (): Promise<boolean> => {
  const [has, needs] = await bench.lab.read('backing')
  return BigInt(String(has)) >= BigInt(String(needs))
}
const balanceOf = (home: string) => bench.lab.number('balanceOf', home)
const welcomes = () =>
  bench.store.db.selectFrom('intent').select('id').where('kind', '=', 'createToken').execute()

describe('the first tokens of a member', () => {
  it('wait for a price, and come with the currency that buys them back', async () => {
    await member(HOME)
    const desk = backing()
    desk.wake()
    await desk.idle()
    expect(await welcomes()).toEqual([])
    await bench.start()
    await expect.poll(() => reads().buyPriceWei()).not.toBe(0n)
    desk.wake()
    await expect.poll(() => balanceOf(HOME)).toBe(WELCOME)
    expect(await solvent()).toBe(true)
  })

  it('come once, whatever the gateway lives through, and to those who join later', async () => {
    await bench.start()
    await expect.poll(() => reads().buyPriceWei()).not.toBe(0n)
    await member(HOME)
    const before = backing()
    before.wake()
    await expect.poll(() => balanceOf(HOME)).toBe(WELCOME)
    await member(OTHER)
    const after = backing()
    after.wake()
    await expect.poll(() => balanceOf(OTHER)).toBe(WELCOME)
    after.wake()
    await after.idle()
    expect(await welcomes()).toHaveLength(2)
  })

  it('are not made where the account cannot back them, and it is said how much is missing', async () => {
    await bench.start()
    await expect.poll(() => reads().buyPriceWei()).not.toBe(0n)
    await member(HOME)
    const poor = backing(C)
    poor.wake()
    await poor.idle()
    expect(await welcomes()).toEqual([])
    expect(missing[0]).toBeGreaterThan(14n * C)
  })
})

it('tops the contract up when the market has risen above what backs the tokens', async () => {
  await bench.start()
  await expect.poll(() => reads().buyPriceWei()).not.toBe(0n)
  await member(HOME)
  const desk = backing()
  desk.wake()
  await expect.poll(() => balanceOf(HOME)).toBe(WELCOME)
  const [before] = await bench.lab.read('backing')
  bench.market = { energy: 300_000 }
  for (let step = 2; step < 6; step += 1) {
    await bench.pass(3600)
    await expect.poll(() => bench.events('MarketPricePosted')).toBe(step)
    desk.topUp()
    await desk.idle()
    expect(await solvent()).toBe(true)
  }
  await expect
    .poll(async () => BigInt(String((await bench.lab.read('backing'))[0])))
    .toBeGreaterThan(BigInt(String(before)))
})

it('raises an alarm on the manager’s page when no price comes, and takes it back', async () => {
  const prices = new CommunityPrices({
    store: bench.store,
    chain: bench.chainLink(),
    clock: { nowMs: () => bench.nowMs() },
    chainId: bench.lab.chain.chainId,
    token: bench.lab.token,
    signer: bench.wallet(),
    source: bench.source(),
    reads: reads(),
    log: keepingLog([]),
    onPriced: () => undefined,
    onBackingShort: () => undefined,
    onChange: () => undefined,
  })
  await prices.open()
  await expect.poll(() => prices.view()?.token?.buyMicroEur).toBe(151_500)
  expect(prices.view()).toMatchObject({ alarm: false, notice: null })
  bench.market = null
  await bench.pass(2 * 3600)
  await prices.wake()
  await expect.poll(() => prices.view()?.alarm).toBe(true)
  expect(prices.view()?.notice).toContain('No new market price')
  bench.market = { energy: 150_000 }
  await bench.pass(120)
  await prices.wake()
  await expect.poll(() => prices.view()?.alarm).toBe(false)
  await prices.close()
})
