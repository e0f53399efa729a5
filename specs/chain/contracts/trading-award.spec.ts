import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ENERGY, POWER, WATER, type Secret } from '../../../bench/market-lab.ts'
import { clear } from '../../../protocols/rules/clear.ts'
import { ANN, BOB, BOND, BUYER, CAROL, DAN, LOT, MARKET_SETTINGS, PART, REASON, STATE } from './market.ts'
import { expectFailed, gains, marketLab, refundAll, refused, toldIn } from './market.ts'

const market = marketLab()
const SELLERS = [ANN, BOB, CAROL, DAN]

const winnerOf = async (secret: Secret) => String((await market().auctionOf(secret))['winner']).toLowerCase()
const freeOf = async (home: string, resource = ENERGY) =>
  (await market().lab.readQuota('freeOf', home, await market().period(), resource))[0]

it('gives a tie to the earlier bid, at the tied price, whoever reveals first', async () => {
  for (const order of [
    [ANN, BOB],
    [BOB, ANN],
  ]) {
    const secret = await market().offer(LOT)
    for (const seller of [ANN, BOB]) await market().bid(secret, seller, 600_000n)
    await market().show(secret)
    for (const seller of order) await market().reveal(secret, seller)
    await market().check(secret)
    expect(await winnerOf(secret)).toBe(ANN)
    expect(await market().auctionOf(secret)).toMatchObject({ price: 600_000n })
  }
})

it('pays a sole bidder the maximum price', async () => {
  const secret = await market().auction(LOT, [[ANN, 1n]])
  expect(await market().auctionOf(secret)).toMatchObject({ state: STATE.awarded, price: LOT.maxPrice })
})

it('takes a bid at the maximum price, and none above it', async () => {
  const at = await market().auction(LOT, [[ANN, LOT.maxPrice]])
  expect(await market().auctionOf(at)).toMatchObject({ state: STATE.awarded, price: LOT.maxPrice })
  const above = await market().auction(LOT, [
    [ANN, LOT.maxPrice + 1n],
    [BOB, BOND + 5n],
  ])
  await expectFailed(market(), above, REASON.noneUnderMax)
  await refundAll(market(), above, 'refundFail', [BUYER, ANN, BOB])
  expect(await gains(market(), [BUYER, BOB])).toEqual([-BOND, 0n])
  expect(await freeOf(BOB)).toBe(BigInt(PART))
})

it('lets no bid above the maximum price set the price', async () => {
  const secret = await market().auction(LOT, [
    [ANN, LOT.maxPrice + 1n],
    [BOB, 100n],
    [CAROL, 2n ** 96n - 1n],
  ])
  expect(await market().auctionOf(secret)).toMatchObject({ lowest: 100n, price: LOT.maxPrice })
})

it('fails an offer that nobody bid for, and costs nobody anything', async () => {
  const secret = await market().offer(LOT)
  const early = market().to(ANN, 'checkWinner', secret.id)
  await refused(market(), early, 'TooEarly', { time: (await market().auctionOf(secret))['commitEnd'] })
  await market().pass(31)
  await market().check(secret, ANN)
  await expectFailed(market(), secret, REASON.noBids)
  await refundAll(market(), secret, 'refundFail', [BUYER])
  expect(await gains(market(), [BUYER])).toEqual([0n])
})

it('fails without a maximum price: the buyer loses its bond, the sellers nothing', async () => {
  const secret = await market().offer(LOT)
  await market().bid(secret, ANN, 1n)
  await market().passGap(secret)
  const early = market().to(ANN, 'checkWinner', secret.id)
  await refused(market(), early, 'TooEarly', { time: (await market().auctionOf(secret))['showEnd'] })
  await market().pass(61)
  const receipt = await market().check(secret, ANN)
  expect(toldIn(market(), receipt)).toMatchObject([
    { name: 'BondsForfeited', args: { bonds: 1n } },
    { name: 'AuctionFailed', args: { reason: REASON.noMaxPrice } },
  ])
  await refundAll(market(), secret, 'refundFail', [BUYER, ANN])
  expect(await gains(market(), [BUYER, ANN])).toEqual([-BOND, 0n])
  expect(await freeOf(ANN)).toBe(BigInt(PART))
})

it('takes the bond of a seller that does not reveal, and frees its quota all the same', async () => {
  const secret = await market().offer(LOT)
  for (const seller of [ANN, BOB]) await market().bid(secret, seller, 500_000n)
  await market().show(secret)
  await market().reveal(secret, ANN)
  const early = market().to(ANN, 'checkWinner', secret.id)
  await refused(market(), early, 'TooEarly', { time: (await market().auctionOf(secret))['revealEnd'] })
  await market().pass(31)
  const receipt = await market().check(secret, ANN)
  expect(toldIn(market(), receipt)[0]).toMatchObject({ name: 'BondsForfeited', args: { bonds: 1n } })
  await refundAll(market(), secret, 'refundSucceed', [BUYER, ANN, BOB])
  expect(await gains(market(), [BUYER, BOB])).toEqual([-LOT.maxPrice, -BOND])
  expect(await freeOf(BOB)).toBe(BigInt(PART))
  expect(await market().number('forfeitOf', secret.id)).toBe(BOND)
})

it('fails when nobody reveals: the sellers lose their bonds, the buyer nothing', async () => {
  const secret = await market().offer(LOT)
  for (const seller of [ANN, BOB]) await market().bid(secret, seller, 500_000n)
  await market().show(secret)
  await market().pass(31)
  await market().check(secret)
  await expectFailed(market(), secret, REASON.noneUnderMax)
  await refundAll(market(), secret, 'refundFail', [BUYER, ANN, BOB])
  expect(await gains(market(), [BUYER, ANN, BOB])).toEqual([0n, -BOND, -BOND])
})

it('fails when it is checked after the period: those who showed lose nothing', async () => {
  const secret = await market().offer(LOT)
  await market().bid(secret, ANN, 1n)
  await market().show(secret)
  await market().reveal(secret, ANN)
  await market().close(secret)
  await market().check(secret)
  await expectFailed(market(), secret, REASON.tooLate)
  await refundAll(market(), secret, 'refundFail', [BUYER, ANN])
  expect(await gains(market(), [BUYER, ANN])).toEqual([0n, 0n])
})

it('fails when it is checked after the window of power has begun', async () => {
  const period = await market().period()
  const fromSlot = period * MARKET_SETTINGS.slotsPerBilling + 120
  const window = { resource: POWER, fromSlot, untilSlot: fromSlot + 5 }
  const secret = await market().offer({ ...LOT, ...window, amount: 9000, maxPrice: 10n })
  await market().bid(secret, ANN, 1n)
  await market().show(secret)
  await market().reveal(secret, ANN)
  await market().passTo(BigInt(fromSlot * 2))
  await market().check(secret)
  await expectFailed(market(), secret, REASON.tooLate)
  await refundAll(market(), secret, 'refundFail', [BUYER, ANN])
  expect(await freeOf(ANN, POWER)).toBe(BigInt(PART))
})

it('is decided once, in its time, by anybody: TooEarly, WrongState', async () => {
  const secret = await market().offer(LOT)
  for (const seller of [ANN, BOB]) await market().bid(secret, seller, 1n)
  await market().show(secret)
  await market().reveal(secret, ANN)
  const again = market().to(DAN, 'checkWinner', secret.id)
  await refused(market(), again, 'TooEarly')
  await market().reveal(secret, BOB)
  await market().lab.do(again)
  await refused(market(), again, 'WrongState', { state: STATE.awarded })
})

it('moves the quota at the award and not before, whatever the resource', async () => {
  const period = (await market().period()) + 1
  const fromSlot = period * MARKET_SETTINGS.slotsPerBilling + 20
  const quota = async (home: string) => {
    const [energyWh, , waterMl] = await market().lab.readQuota('quotaOf', home, period)
    const [powerW] = await market().lab.readQuota('powerQuotaAt', home, fromSlot)
    return [energyWh, powerW, waterMl]
  }
  const part = BigInt(PART)
  for (const [index, resource] of [ENERGY, POWER, WATER].entries()) {
    const window = resource === POWER ? { fromSlot, untilSlot: fromSlot + 5 } : {}
    const asked = { ...LOT, resource, period, ...window, amount: 300, maxPrice: 500n }
    const secret = await market().offer(asked)
    await market().bid(secret, ANN, 1n)
    await market().show(secret)
    await market().reveal(secret, ANN)
    expect((await quota(BUYER))[index]).toBe(part)
    await market().check(secret)
    expect((await quota(BUYER))[index]).toBe(part + 300n)
    expect((await quota(ANN))[index]).toBe(part - 300n)
  }
})

it('gives back what is not needed once, to whoever it belongs, with NothingToRefund', async () => {
  const secret = await market().auction(LOT, [
    [ANN, 500_000n],
    [BOB, 600_000n],
  ])
  const refund = (account: string) => market().to(DAN, 'refundSucceed', secret.id, account)
  const held = await market().number('heldFor', 500_000n)
  expect(held).toBe(100_000n)
  await refundAll(market(), secret, 'refundSucceed', [BUYER, ANN, BOB])
  expect(await gains(market(), [BUYER, ANN, BOB])).toEqual([-600_000n, -held, 0n])
  for (const account of [BUYER, ANN, BOB, DAN]) {
    await refused(market(), refund(account), 'NothingToRefund')
  }
})

it('keeps the two refunds apart with WrongState', async () => {
  const open = await market().offer(LOT)
  const won = await market().auction(LOT, [[ANN, 1n]])
  const lost = await market().auction(LOT, [[ANN, LOT.maxPrice + 1n]])
  for (const name of ['refundSucceed', 'refundFail']) {
    await refused(market(), market().to(ANN, name, open.id, ANN), 'WrongState', { state: STATE.open })
  }
  await refused(market(), market().to(ANN, 'refundFail', won.id, ANN), 'WrongState')
  await refused(market(), market().to(ANN, 'refundSucceed', lost.id, ANN), 'WrongState')
})

it('holds S of the lowest bid, rounded up', async () => {
  for (const [bid, held] of [
    [0n, 0n],
    [1n, 1n],
    [5n, 1n],
    [6n, 2n],
    [2n ** 96n - 1n, (2n ** 96n - 1n + 4n) / 5n],
  ] as const) {
    expect(await market().number('heldFor', bid)).toBe(held)
  }
})

const bids = fc.array(fc.bigInt(0n, 1_000_000n), { minLength: 1, maxLength: 4 })
const caps = fc.bigInt(0n, 1_000_000n)

it('ends as the rule says, in whatever order bids are revealed', { timeout: 240_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(bids, caps, fc.infiniteStream(fc.nat(3)), async (values, maxPrice, swaps) => {
      const snapshot = await market().lab.rpc('evm_snapshot')
      const secret = await market().offer({ ...LOT, maxPrice })
      for (const [index, value] of values.entries()) await market().bid(secret, SELLERS[index] ?? '', value)
      await market().show(secret)
      const order = [...secret.bids.keys()]
      for (let at = order.length - 1; at > 0; --at) {
        const other = Number(swaps.next().value) % (at + 1)
        ;[order[at], order[other]] = [order[other] ?? '', order[at] ?? '']
      }
      for (const seller of order) await market().reveal(secret, seller)
      await market().check(secret)
      const offers = values.map((price, index) => ({ id: SELLERS[index] ?? '', price }))
      await expectCleared(secret, clear(offers, maxPrice))
      await market().lab.rpc('evm_revert', [snapshot])
    }),
    { numRuns: 12 },
  )
})

async function expectCleared(secret: Secret, cleared: ReturnType<typeof clear<bigint>>): Promise<void> {
  const told = await market().auctionOf(secret)
  if (cleared.winner === null) {
    expect(told['state']).toBe(STATE.failed)
    return
  }
  expect(told).toMatchObject({ state: STATE.awarded, price: cleared.price, lowest: cleared.winningBid })
  expect(String(told['winner']).toLowerCase()).toBe(cleared.winner)
}
