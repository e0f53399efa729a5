import { afterEach, beforeEach, expect, it } from 'vitest'
import { POWER, type Asked, type Secret } from '../../bench/market-lab.ts'
import { ANN, BUYER, DAN, LOT, MARKET_SETTINGS } from '../chain/contracts/market.ts'
import { marketLab, toldIn } from '../chain/contracts/market.ts'
import { metered } from '../chain/contracts/metered.ts'
import { gatewayFolder } from '../machines/disputes.ts'
import { openDeliveryGateway, type DeliveryGateway, type Opened } from './delivery-gateway.ts'

/** Long enough a window for the gateway to answer in, at the pace of the spec's blocks. */
const market = marketLab({ windowBlocks: 40 })
const SLOTS = MARKET_SETTINGS.slotsPerBilling
const PRICE = LOT.maxPrice
/** Of the bid of 500,000 a fifth is held until delivery. */
const BID = 500_000n

let folder: Awaited<ReturnType<typeof gatewayFolder>>
let gateway: DeliveryGateway | null = null
let mining: NodeJS.Timeout | undefined

beforeEach(async () => {
  folder = await gatewayFolder()
})
afterEach(async () => {
  clearInterval(mining)
  mining = undefined
  await gateway?.stop()
  gateway = null
  await folder.remove()
})

const sold = (asked: Partial<Asked> = {}, bid = BID): Promise<Secret> =>
  market().auction({ ...LOT, ...asked }, [[ANN, bid]])

/** Ann's readings of the auction's period: what she used in all, and her peak in one slot. */
async function meters(secret: Secret, usedWh: number, peakW = 0, peakSlot = 100): Promise<Opened> {
  const { lab } = market()
  const first = Number((await market().auctionOf(secret))['period']) * SLOTS
  const at = { importWh: 10_000n + BigInt(usedWh), waterMl: 0n }
  const readings = [
    metered(first - 1, 1, { importWh: 10_000n, waterMl: 0n, peakW: 0n }),
    metered(first + peakSlot, 2, { ...at, peakW: BigInt(peakW) }),
    metered(first + SLOTS, 3, { ...at, peakW: 0n }),
  ]
  await market().close(secret)
  for (const { record } of readings) await lab.do(lab.submitCall(ANN, [record]))
  return readings.map((reading) => [ANN, reading])
}

async function open(readings: Opened, acts = true): Promise<DeliveryGateway> {
  mining ??= setInterval(
    () =>
      void market()
        .lab.rpc('evm_mine')
        .catch(() => undefined),
    60,
  )
  gateway = await openDeliveryGateway(market(), folder.file, readings, acts)
  return gateway
}

const isDecided = async ({ id }: Secret) => (await market().read('deliveryOf', id))[0]
/** Pays, as anybody may once the delivery is decided. */
async function paid(secret: Secret): Promise<unknown> {
  await expect.poll(() => isDecided(secret), { timeout: 45_000 }).toBe(true)
  clearInterval(mining)
  const receipt = await market().lab.do(market().to(DAN, 'confirmResourceExchange', secret.id))
  return toldIn(market(), receipt)[0]?.args
}
const kinds = async ({ calls }: DeliveryGateway): Promise<string[]> => [...(await calls())].sort()

it('states that a seller kept within its quota, and the whole is paid', async () => {
  const secret = await sold()
  const { calls, faults } = await open(await meters(secret, 8000))
  expect(await paid(secret)).toMatchObject({ delivered: 2000n, paid: PRICE, penalty: 0n })
  expect(await calls()).toEqual(['delivery'])
  expect(faults).toEqual([])
})

it('pays an under-delivered lot for its part, by the excess that it asserted', async () => {
  const secret = await sold()
  const { calls } = await open(await meters(secret, 8500))
  const penalty = ((BID / 5n) * 500n) / 2000n
  expect(await paid(secret)).toMatchObject({ delivered: 1500n, paid: (PRICE * 1500n) / 2000n, penalty })
  expect(await calls()).toEqual(['excess'])
})

it('states once for all lots that a seller sold of a resource', async () => {
  const phases = { commitSeconds: 20, showSeconds: 20, revealSeconds: 20 }
  const [first, second] = [await sold(phases), await sold({ ...phases, buyer: DAN, amount: 3000 })]
  const { calls } = await open(await meters(first, 5000))
  expect(await paid(first)).toMatchObject({ delivered: 2000n })
  expect(await paid(second)).toMatchObject({ delivered: 3000n })
  expect(await calls()).toEqual(['delivery'])
})

it('goes on after a kill between the close and its statement, and states once', async () => {
  const secret = await sold()
  const readings = await meters(secret, 8000)
  const killed = await open(readings, false)
  const awards = () => killed.store.db.selectFrom('auction').select('state').execute()
  await expect.poll(awards).toEqual([{ state: 'awarded' }])
  await killed.stop()
  const second = await open([])
  await expect.poll(second.calls).toEqual(['delivery'])
  await second.stop()
  const third = await open([])
  expect(await paid(secret)).toMatchObject({ delivered: 2000n })
  expect(await third.calls()).toEqual(['delivery'])
})

it('opens what a buyer demands to see, and a false statement is undone by it', async () => {
  const secret = await sold()
  const readings = await meters(secret, 8500)
  const { lab } = market()
  await lab.do(market().to(lab.manager.address, 'assertDelivery', secret.id, 0, 0))
  await lab.do(market().to(BUYER, 'challengeDelivery', secret.id, 0))
  const opened = await open(readings)
  expect(await paid(secret)).toMatchObject({ delivered: 1500n })
  expect(await kinds(opened)).toEqual(['excess', 'opening'])
})

it('opens a delivery that a buyer demands before anything was stated', async () => {
  const secret = await sold()
  const readings = await meters(secret, 8000)
  await market().lab.do(market().to(BUYER, 'challengeDelivery', secret.id, 0))
  const { calls } = await open(readings)
  expect(await paid(secret)).toMatchObject({ delivered: 2000n })
  expect(await calls()).toEqual(['opening'])
})

it('says nothing of what it cannot show: silence decides by what was metered', async () => {
  const secret = await sold()
  const readings = await meters(secret, 8000)
  const silent = await open(readings, false)
  await silent.store.db.updateTable('reading').set({ fault: 'key-erased' }).execute()
  await silent.stop()
  const { calls } = await open([])
  expect(await paid(secret)).toMatchObject({ delivered: 2000n })
  expect(await calls()).toEqual([])
})

/** Ann lends 3 kW of her 10 for some slots of the current period. */
async function lent(): Promise<Secret> {
  const period = await market().period()
  const [fromSlot, untilSlot] = [period * SLOTS + 125, period * SLOTS + 145]
  return sold({ resource: POWER, amount: 3000, fromSlot, untilSlot, maxPrice: 10_000n }, 5_000n)
}

it.each([
  ['kept to', 7000, 3000n],
  ['taken back by a peak within its window', 8200, 1800n],
])('pays lent power that was %s by the highest peak in its window', async (_, peakW, delivered) => {
  const secret = await lent()
  const { calls } = await open(await meters(secret, 100, peakW, 130))
  expect(await paid(secret)).toMatchObject({ delivered })
  expect(await calls()).toEqual(['delivery'])
})

it('shows the slot of lent power that its lender asks for', async () => {
  const secret = await lent()
  const opened = await open(await meters(secret, 100, 8200, 130))
  await expect.poll(opened.calls).toEqual(['delivery'])
  const { lab } = market()
  const stated = () => lab.refusalOf(market().to(ANN, 'challengeDelivery', secret.id, 0))
  await expect.poll(stated).toBeNull()
  await lab.do(market().to(ANN, 'challengeDelivery', secret.id, 0))
  expect(await paid(secret)).toMatchObject({ delivered: 1800n })
  expect(await kinds(opened)).toEqual(['delivery', 'opening'])
})
