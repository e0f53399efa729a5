import { concat, ZeroAddress, ZeroHash } from 'ethers'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ENERGY, POWER, SCT, trading, WATER } from '../../../bench/market-lab.ts'
import { tradingBytecode } from '../../../chain/bindings/trading.gen.ts'
import { CEILINGS } from '../../../chain/trading-settings.ts'
import { Fault } from '../../../protocols/rules/fault.ts'
import { ANN, BOND, BOB, BUYER, CREDIT, LOT, MARKET_SETTINGS, marketLab } from './market.ts'
import { expectFailed, gains, REASON, refused, STATE, toldIn } from './market.ts'

const market = marketLab()
const SEAL = `0x${'5e'.repeat(32)}`
const SLOTS = MARKET_SETTINGS.slotsPerBilling

/** A valid offer of the buyer, with some of its terms changed. */
async function offerOf(changed: Readonly<Record<string, number | bigint>> = {}, number = 1, seal = SEAL) {
  const period = await market().period()
  const terms: Record<string, number | bigint> = {
    ...{ resource: ENERGY, period, fromSlot: 0, untilSlot: 0, amount: 2000 },
    ...{ commitSeconds: 30, showSeconds: 30, revealSeconds: 30 },
    ...changed,
  }
  return market().to(BUYER, 'offer', number, Object.values(terms), seal)
}

it('is not made without authority, token or quota, nor with settings out of their bounds', async () => {
  const { access, token: sct, quota } = market().lab.contracts
  const settings = [1, 2000, false, 20]
  const wrong: [string, unknown[]][] = [
    ['ZeroAddress', [ZeroAddress, sct, quota, settings]],
    ['ZeroAddress', [access, ZeroAddress, quota, settings]],
    ['ZeroAddress', [access, sct, ZeroAddress, settings]],
    ['SettingOutOfRange', [access, sct, quota, [0, 2000, false, 20]]],
    ['SettingOutOfRange', [access, sct, quota, [3601, 2000, false, 86_400]]],
    ['SettingOutOfRange', [access, sct, quota, [1, 10_001, false, 20]]],
    ['SettingOutOfRange', [access, sct, quota, [1, 2000, false, 9]]],
    ['SettingOutOfRange', [access, sct, quota, [1, 2000, false, 90 * 86_400 + 1]]],
  ]
  for (const [name, args] of wrong) {
    const data = concat([tradingBytecode, trading.encodeDeploy(args)])
    const call = market().lab.rpc('eth_call', [{ from: BUYER, data, gas: '0x1c9c380' }, 'latest'])
    const thrown: unknown = await call.catch((caught: unknown) => caught)
    const revert = thrown instanceof Fault ? thrown.facts['data'] : ''
    expect(trading.parseError(String(revert))?.name).toBe(name)
  }
})

it('leaves ceilings and statements to the manager with AccessManagedUnauthorized', async () => {
  const secret = await market().offer(LOT)
  await refused(market(), market().to(ANN, 'setCeiling', ENERGY, 1), 'AccessManagedUnauthorized')
  const statement = market().to(ANN, 'assertDelivery', secret.id, 0, 0)
  await refused(market(), statement, 'AccessManagedUnauthorized')
})

it('asks of everybody the lot at the ceiling price, rounded up', { timeout: 120_000 }, async () => {
  const lots = fc.record({
    resource: fc.constantFrom(ENERGY, POWER, WATER),
    amount: fc.bigInt(1n, 2n ** 48n - 1n),
    slots: fc.integer({ min: 1, max: SLOTS }),
  })
  await fc.assert(
    fc.asyncProperty(lots, async ({ resource, amount, slots }) => {
      const hours = BigInt(slots * MARKET_SETTINGS.sampleMs)
      const [whole, unit] =
        resource === POWER
          ? [amount * CEILINGS[2] * hours, 3_600_000_000n]
          : resource === WATER
            ? [amount * CEILINGS[3], 1_000_000n]
            : [amount * CEILINGS[1], 1000n]
      expect(await market().number('bondFor', resource, amount, slots)).toBe((whole + unit - 1n) / unit)
    }),
    { numRuns: 60 },
  )
})

it('has no bond without a ceiling, or beyond 96 bits: NoCeiling, BondTooLarge', async () => {
  const { address } = market().lab.manager
  const bond = (resource: number) => market().to(BUYER, 'bondFor', resource, 1000, 0)
  for (const resource of [0, 4]) {
    await refused(market(), bond(resource), 'ResourceUnknown')
    await refused(market(), market().to(address, 'setCeiling', resource, 1), 'ResourceUnknown')
  }
  await market().lab.do(market().to(address, 'setCeiling', WATER, 0))
  await refused(market(), bond(WATER), 'NoCeiling', { resource: 3n })
  await market().lab.do(market().to(address, 'setCeiling', ENERGY, 2n ** 64n - 1n))
  const most = market().to(BUYER, 'bondFor', ENERGY, 2n ** 48n - 1n, 0)
  await refused(market(), most, 'BondTooLarge')
  await refused(market(), await offerOf({ resource: WATER }), 'NoCeiling')
})

it('takes offers of members only with NotAdmitted', async () => {
  const { lab } = market()
  await lab.do(lab.asManager('revoke', BUYER))
  await refused(market(), await offerOf(), 'NotAdmitted')
})

it('takes each offer of a buyer once with OfferNumber', async () => {
  await refused(market(), await offerOf({}, 2), 'OfferNumber', { given: 2n, next: 1n })
  const first = await offerOf()
  await market().lab.do(first)
  await refused(market(), first, 'OfferNumber', { given: 1n, next: 2n })
  expect(await market().number('offersOf', BUYER)).toBe(1n)
})

it('takes no offer without a seal, or of no amount: EmptySeal, AmountOutOfRange', async () => {
  await refused(market(), await offerOf({}, 1, ZeroHash), 'EmptySeal')
  for (const amount of [0n, 2n ** 48n, 2n ** 64n - 1n]) {
    await refused(market(), await offerOf({ amount }), 'AmountOutOfRange', { given: amount })
  }
})

it('takes phases of ten blocks to a week with PhaseOutOfRange', async () => {
  for (const phase of ['commitSeconds', 'showSeconds', 'revealSeconds']) {
    await refused(market(), await offerOf({ [phase]: 9 }), 'PhaseOutOfRange', { given: 9n, least: 10n })
    const week = 7n * 86_400n
    await refused(market(), await offerOf({ [phase]: week + 1n }), 'PhaseOutOfRange', { most: week })
  }
})

it('takes a window for power alone, inside its period, with WindowOutsidePeriod', async () => {
  const period = (await market().period()) + 1
  const first = period * SLOTS
  const power = { resource: POWER, period }
  for (const [fromSlot, untilSlot] of [
    [0, 0],
    [first - 1, first + 1],
    [first + 2, first + 2],
    [first + 3, first + 2],
    [first + SLOTS - 1, first + SLOTS + 1],
  ]) {
    const window = { fromSlot: fromSlot ?? 0, untilSlot: untilSlot ?? 0 }
    await refused(market(), await offerOf({ ...power, ...window }), 'WindowOutsidePeriod')
  }
  const window = { fromSlot: first, untilSlot: first + SLOTS }
  await refused(market(), await offerOf({ period, ...window }), 'WindowOutsidePeriod')
  expect(await market().lab.refusalOf(await offerOf({ ...power, ...window }))).toBeNull()
})

it('takes offers of this period and the next, by the quota contract, with PeriodNotOpen', async () => {
  const now = await market().period()
  for (const period of [0, now - 1, now + 2, 2n ** 40n + BigInt(now)]) {
    await refused(market(), await offerOf({ period }), 'PeriodNotOpen')
  }
})

it('takes only what can be decided in time with EndsTooLate', async () => {
  const period = await market().period()
  const closes = BigInt(((period + 1) * SLOTS * MARKET_SETTINGS.sampleMs) / 1000)
  const revealSeconds = closes - (await market().now())
  await refused(market(), await offerOf({ revealSeconds }), 'EndsTooLate', { latest: closes })
  const fromSlot = period * SLOTS + Math.floor(SLOTS / 2)
  const soon = { resource: POWER, fromSlot, untilSlot: fromSlot + 1, commitSeconds: 200 }
  await refused(market(), await offerOf(soon), 'EndsTooLate', { latest: BigInt(fromSlot * 2) })
})

it('takes the bond from the buyer with NotEnoughCredit', async () => {
  await market().lab.do(market().to(BUYER, 'withdraw', CREDIT - BOND + 1n))
  const needs = { has: BOND - 1n, needs: BOND }
  await refused(market(), await offerOf(), 'NotEnoughCredit', needs)
  await market().lab.do(market().toToken(BUYER, 'approve', market().lab.contracts.trading, SCT))
  await market().lab.do(market().to(BUYER, 'deposit', 1))
  await market().lab.do(await offerOf())
  expect(await market().creditOf(BUYER)).toBe(0n)
})

it('tells the whole offer, and keeps it', async () => {
  const { secret, call } = await market().offerCall(LOT)
  const receipt = await market().lab.do(call)
  const now = await market().now()
  const told = { resource: 1n, amount: 2000n, bond: BOND, commitEnd: now + 30n, showEnd: now + 63n }
  expect(toldIn(market(), receipt)).toMatchObject([{ name: 'OfferMade', args: told }])
  const kept = await market().auctionOf(secret)
  expect(kept).toMatchObject({
    ...told,
    state: STATE.open,
    bids: 0n,
    revealSeconds: 30n,
    winner: ZeroAddress,
  })
  expect(String(kept['buyer']).toLowerCase()).toBe(BUYER)
  expect(kept['seal']).toBe(call.args[2])
  expect(await market().read('auctionId', BUYER, 1)).toEqual([BigInt(secret.id)])
  expect(await market().creditOf(BUYER)).toBe(CREDIT - BOND)
})

it('knows no auction that was never offered with NoAuction', async () => {
  for (const [name, ...rest] of [['receiveBid', SEAL], ['cancel'], ['checkWinner'], ['forfeitOf']] as const) {
    await refused(market(), market().to(ANN, name, 7, ...rest), 'NoAuction', { id: 7n })
  }
})

it('lets the buyer alone cancel, while nobody has bid: NotTheBuyer, BidsAreIn, WrongState', async () => {
  const secret = await market().offer(LOT)
  const cancel = market().to(BUYER, 'cancel', secret.id)
  await refused(market(), market().to(ANN, 'cancel', secret.id), 'NotTheBuyer')
  await market().lab.do(cancel)
  await expectFailed(market(), secret, REASON.cancelled)
  expect(await gains(market(), [BUYER])).toEqual([0n])
  await refused(market(), cancel, 'WrongState', { state: STATE.failed })
  await refused(market(), market().to(BUYER, 'refundFail', secret.id, BUYER), 'NothingToRefund')
  const other = await market().offer(LOT)
  await market().bid(other, BOB, 1n)
  await refused(market(), market().to(BUYER, 'cancel', other.id), 'BidsAreIn', { bids: 1n })
})

it('frees the place of power of an offer that is cancelled', async () => {
  const period = (await market().period()) + 1
  const window = { resource: POWER, period, fromSlot: period * SLOTS + 10, untilSlot: period * SLOTS + 20 }
  const placeFree = async () => (await market().lab.readQuota('loanOf', BUYER, period, 0))[0]
  const secret = await market().offer({ ...LOT, ...window })
  expect(await placeFree()).toEqual([2000n, BigInt(window.fromSlot), BigInt(window.untilSlot), 0n, true])
  await market().lab.do(market().to(BUYER, 'cancel', secret.id))
  expect(await placeFree()).toEqual([0n, 0n, 0n, 0n, false])
})
