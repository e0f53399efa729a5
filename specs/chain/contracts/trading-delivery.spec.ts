import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Call } from '../../../bench/contract-lab.ts'
import { ENERGY, POWER, type Secret } from '../../../bench/market-lab.ts'
import { encodePoint, G } from '../../../protocols/crypto/group.ts'
import { ANN, BUYER, DAN, LOT, MARKET_SETTINGS, STATE } from './market.ts'
import { gains, marketLab, refundAll, refused, toldIn } from './market.ts'
import { metered, shown, used, type Metered } from './metered.ts'
import { mineBlocks } from './setting.ts'

const market = marketLab()
const SLOTS = MARKET_SETTINGS.slotsPerBilling
const WINDOW = 10
const DECISION_S = 150
const STATUS = { none: 0n, asserted: 1n, demanded: 2n, void: 5n }
const PRICE = LOT.maxPrice

/** Ann's lot of 2 kWh, sold to the buyer at its maximum price of 900,000; a fifth of her bid is held. */
const sold = (asked: Partial<typeof LOT> = {}, bid = 500_000n): Promise<Secret> =>
  market().auction({ ...LOT, ...asked }, [[ANN, bid]])

interface Meter {
  readonly start: Metered
  readonly end: Metered
  readonly period: number
}

/** Ann's readings of the auction's period, so that it closes: what she used, and her peak in one slot. */
async function meters(secret: Secret, usedWh: number, peakW = 0, peakSlot = 100): Promise<Meter> {
  const { lab } = market()
  const period = Number((await market().auctionOf(secret))['period'])
  const first = period * SLOTS
  const peak = BigInt(peakW)
  const start = metered(first - 1, 1, { importWh: 10_000n, waterMl: 0n, peakW: 0n })
  const at = { importWh: 10_000n + BigInt(usedWh), waterMl: 0n }
  const end = metered(first + peakSlot, 2, { ...at, peakW: peak })
  const after = metered(first + SLOTS, 3, { ...at, peakW: 0n })
  await market().close(secret)
  for (const { record } of [start, end, after]) await lab.do(lab.submitCall(ANN, [record]))
  return { start, end, period }
}

const statement = ({ id }: Secret, excess: number, number = 0): Call =>
  market().to(market().lab.manager.address, 'assertDelivery', id, excess, number)
const challenge = ({ id }: Secret, by: string, number = 0): Call =>
  market().to(by, 'challengeDelivery', id, number)
const confirm = ({ id }: Secret, by = DAN): Call => market().to(by, 'confirmResourceExchange', id)
const opening = ({ start, end, period }: Meter, by = ANN): Call => {
  const args = [ANN, period, ENERGY, period - 1, shown(start), shown(end), ...used(end, start, 0)]
  return market().lab.toQuota(by, 'openExcess', ...args)
}
const passDecision = async (secret: Secret) =>
  market().passTo((await market().number('closesAt', secret.id)) + BigInt(DECISION_S))
const confirmed = async (secret: Secret) => toldIn(market(), await market().lab.do(confirm(secret)))[0]?.args

it('pays the whole when the manager states no excess and nobody challenges it', async () => {
  const secret = await sold()
  await meters(secret, 8000)
  await market().lab.do(statement(secret, 0))
  await refused(market(), confirm(secret), 'NotDecided', { status: STATUS.asserted })
  await mineBlocks(market().lab, WINDOW + 1)
  expect(await market().read('deliveryOf', secret.id)).toEqual([true, 2000n])
  expect(await confirmed(secret)).toMatchObject({ delivered: 2000n, paid: PRICE, penalty: 0n })
  await refundAll(market(), secret, 'refundSucceed', [BUYER, ANN])
  expect(await gains(market(), [BUYER, ANN])).toEqual([-PRICE, PRICE])
  expect(await market().auctionOf(secret)).toMatchObject({ state: STATE.settled })
  await refused(market(), confirm(secret), 'WrongState', { state: STATE.settled })
})

it('pays for the part that was delivered, and what is held of the seller for the rest', async () => {
  const secret = await sold()
  await meters(secret, 8500)
  await market().lab.do(statement(secret, 500))
  await mineBlocks(market().lab, WINDOW + 1)
  expect(await confirmed(secret)).toMatchObject({ delivered: 1500n, paid: 675_000n, penalty: 25_000n })
  await refundAll(market(), secret, 'refundSucceed', [BUYER, ANN])
  expect(await gains(market(), [BUYER, ANN])).toEqual([-650_000n, 650_000n])
})

it('pays nothing when as much was exceeded as was sold, or more', async () => {
  const secret = await sold()
  await meters(secret, 15_000)
  await market().lab.do(statement(secret, 7000))
  await mineBlocks(market().lab, WINDOW + 1)
  expect(await confirmed(secret)).toMatchObject({ delivered: 0n, paid: 0n, penalty: 100_000n })
  await refundAll(market(), secret, 'refundSucceed', [BUYER, ANN])
  expect(await gains(market(), [BUYER, ANN])).toEqual([100_000n, -100_000n])
})

it('cuts the lot that was sold last first', async () => {
  const first = await sold({ commitSeconds: 20, showSeconds: 20, revealSeconds: 20 })
  const second = await sold({ buyer: DAN, amount: 3000, showSeconds: 20, revealSeconds: 20 })
  await meters(first, 8500)
  await market().lab.do(statement(first, 3500))
  await mineBlocks(market().lab, WINDOW + 1)
  expect(await confirmed(second)).toMatchObject({ delivered: 0n })
  expect(await confirmed(first)).toMatchObject({ delivered: 1500n })
})

it('rounds in nobody’s favour: what is left of a micro-SCT stays', { timeout: 120_000 }, async () => {
  const lots = fc.record({
    amount: fc.integer({ min: 1, max: 50 }),
    price: fc.bigInt(0n, 1000n),
    bid: fc.bigInt(0n, 1000n),
    missing: fc.nat(60),
  })
  await fc.assert(
    fc.asyncProperty(lots, async ({ amount, price, bid, missing }) => {
      const snapshot = await market().lab.rpc('evm_snapshot')
      const secret = await sold({ amount, maxPrice: price }, bid < price ? bid : price)
      await meters(secret, 0)
      await market().lab.do(statement(secret, missing))
      await mineBlocks(market().lab, WINDOW + 1)
      const delivered = BigInt(Math.max(0, amount - missing))
      const paid = (price * delivered) / BigInt(amount)
      expect(await confirmed(secret)).toMatchObject({ delivered, paid })
      await refundAll(market(), secret, 'refundSucceed', [BUYER, ANN])
      const [buyer = 0n, seller = 0n] = await gains(market(), [BUYER, ANN])
      expect(buyer + seller <= 0n && buyer + seller > -3n).toBe(true)
      await market().lab.rpc('evm_revert', [snapshot])
    }),
    { numRuns: 15 },
  )
})

it('lets the buyer accept the whole before the period is over, and nobody else: NotDecided', async () => {
  const secret = await sold()
  for (const by of [ANN, DAN]) {
    await refused(market(), confirm(secret, by), 'NotDecided', { status: STATUS.none })
  }
  const late = await sold({ buyer: DAN })
  await market().lab.do(confirm(secret, BUYER))
  expect(await market().auctionOf(secret)).toMatchObject({ state: STATE.settled })
  await market().close(late)
  await refused(market(), confirm(late, DAN), 'NotDecided')
})

it('judges nothing before the period is over with NotClosed', async () => {
  const secret = await sold()
  const closes = { closesAt: await market().number('closesAt', secret.id) }
  await refused(market(), statement(secret, 0), 'NotClosed', closes)
  await refused(market(), challenge(secret, BUYER), 'NotClosed', closes)
})

it('takes silence of a seller that metered the period for delivery', async () => {
  const secret = await sold()
  await meters(secret, 8000)
  const bySilence = (await market().number('closesAt', secret.id)) + BigInt(DECISION_S)
  await market().passTo(bySilence - 1n)
  const undecided = { status: STATUS.none, decidedBySilenceAt: bySilence }
  await refused(market(), confirm(secret), 'NotDecided', undecided)
  expect(await confirmed(secret)).toMatchObject({ delivered: 2000n, paid: PRICE })
})

it('takes silence of a seller that did not meter the period for nothing', async () => {
  const [secret, voided] = [await sold(), await sold({ buyer: DAN })]
  await passDecision(secret)
  expect(await confirmed(secret)).toMatchObject({ delivered: 0n, paid: 0n, penalty: 100_000n })
  const { end } = await meters(voided, 0)
  const proof = [ANN, end.record.slot, encodePoint(G.multiply(3n)), new Uint8Array(64)]
  await market().lab.do(market().lab.asManager('voidReading', ...proof))
  expect(await market().read('deliveryOf', voided.id)).toEqual([true, 0n])
})

it('lets the buyer force the opening: what is shown counts, whatever was stated', async () => {
  const secret = await sold()
  const meter = await meters(secret, 8700)
  await market().lab.do(statement(secret, 0))
  await market().lab.do(challenge(secret, BUYER))
  await refused(market(), confirm(secret), 'NotDecided', { status: STATUS.demanded })
  await market().lab.do(opening(meter))
  expect(await confirmed(secret)).toMatchObject({ delivered: 1300n })
})

it('lets the buyer force the opening when the manager says nothing', async () => {
  const secret = await sold()
  const meter = await meters(secret, 8700)
  await market().lab.do(challenge(secret, BUYER))
  await market().lab.do(opening(meter, market().lab.manager.address))
  expect(await confirmed(secret)).toMatchObject({ delivered: 1300n })
})

it('pays nothing for what the buyer demanded and nobody opened', async () => {
  const secret = await sold()
  await meters(secret, 0)
  await market().lab.do(challenge(secret, BUYER))
  await mineBlocks(market().lab, WINDOW + 1)
  expect(await confirmed(secret)).toMatchObject({ delivered: 0n, penalty: 100_000n })
})

it('lets the seller force the opening of what was stated against it', async () => {
  const secret = await sold()
  const meter = await meters(secret, 8500)
  await market().lab.do(statement(secret, 900))
  await market().lab.do(challenge(secret, ANN))
  await refused(market(), opening(meter, market().lab.manager.address), 'ExcessDiffers')
  await mineBlocks(market().lab, WINDOW + 1)
  await refused(market(), confirm(secret), 'NotDecided', { status: STATUS.void })
  await market().lab.do(statement(secret, 500))
  await mineBlocks(market().lab, WINDOW + 1)
  expect(await confirmed(secret)).toMatchObject({ delivered: 1500n })
})

it('leaves challenges to the two parties, while something is open: NotAParty, DecidedBySilence', async () => {
  const secret = await sold()
  await meters(secret, 0)
  await refused(market(), challenge(secret, DAN), 'NotAParty')
  await refused(market(), challenge(secret, ANN), 'WrongStatus', { status: STATUS.none })
  await passDecision(secret)
  const since = (await market().number('closesAt', secret.id)) + BigInt(DECISION_S)
  await refused(market(), challenge(secret, BUYER), 'DecidedBySilence', { since })
})

it('needs the readings of the period to state or to demand with PeriodNotClosed', async () => {
  const secret = await sold()
  await market().close(secret)
  await refused(market(), statement(secret, 0), 'PeriodNotClosed')
  await refused(market(), challenge(secret, BUYER), 'PeriodNotClosed')
})

it('counts an excess that the manager asserted of the period without looking at the trade', async () => {
  const secret = await sold()
  const { period } = await meters(secret, 8400)
  await market().lab.do(market().lab.quotaAsManager('assertExcess', ANN, period, ENERGY, 400))
  await refused(market(), statement(secret, 0), 'WrongStatus')
  await mineBlocks(market().lab, WINDOW + 1)
  expect(await confirmed(secret)).toMatchObject({ delivered: 1600n })
})

/** Ann's loan of 2,000 W in five slots, and her peak of one of them. */
async function lent(peakW: number): Promise<{ secret: Secret; meter: Meter; untilSlot: number }> {
  const period = await market().period()
  const fromSlot = period * SLOTS + 120
  const window = { resource: POWER, fromSlot, untilSlot: fromSlot + 5, maxPrice: 5000n }
  const secret = await sold(window, 5000n)
  const meter = await meters(secret, 0, peakW, 122)
  return { secret, meter, untilSlot: fromSlot + 5 }
}

const loanOpening = ({ end, period }: Meter, place: number): Call => {
  const args = [ANN, period, place, shown(end), end.values[3], end.blindings[3]]
  return market().lab.toQuota(ANN, 'openLoan', ...args)
}

it('judges power by one slot of its window', async () => {
  const { secret } = await lent(9200)
  await market().lab.do(statement(secret, 1200, 1))
  await mineBlocks(market().lab, WINDOW + 1)
  expect(await confirmed(secret)).toMatchObject({ delivered: 800n, paid: 2000n, penalty: 600n })
})

it('opens for the buyer the slot of power that it names', async () => {
  const { secret, meter } = await lent(9200)
  await market().lab.do(statement(secret, 0))
  await market().lab.do(challenge(secret, BUYER, 1))
  await market().lab.do(loanOpening(meter, 0))
  expect(await confirmed(secret)).toMatchObject({ delivered: 800n })
})

it('pays power when its statement is final, also before the period is over', async () => {
  const period = (await market().period()) + 1
  const fromSlot = period * SLOTS
  const window = { resource: POWER, period, fromSlot, untilSlot: fromSlot + 5, maxPrice: 5000n }
  const secret = await sold(window, 5000n)
  await refused(market(), statement(secret, 0), 'WindowNotOver')
  await market().passTo(BigInt((fromSlot + 5) * 2))
  await market().lab.do(statement(secret, 0))
  await mineBlocks(market().lab, WINDOW + 1)
  expect(await market().now()).toBeLessThan(await market().number('closesAt', secret.id))
  expect(await confirmed(secret)).toMatchObject({ delivered: 2000n, paid: 5000n })
})
