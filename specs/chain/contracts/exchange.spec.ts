import fc from 'fast-check'
import { expect, it } from 'vitest'
import { eventsOf, homeAddress, quota, type Call } from '../../../bench/contract-lab.ts'
import { contractLab, expectRefusal, HOME, HOMES, OTHER_HOME, STRANGER } from './setting.ts'

const SLOTS = 10
const lab = contractLab({ sampleMs: 60_000, slotsPerBilling: SLOTS }, [])
const [ENERGY, POWER, WATER] = [1, 2, 3]

const period = async () => Number((await lab().readMonitoring('currentPeriod'))[0])
const quotaOf = (home: string, at: number) => lab().readQuota('quotaOf', home, at)
const asMarket = (name: string, ...args: readonly unknown[]): Call =>
  lab().toQuota(lab().contracts.trading, name, ...args)

/** A lot as the contract takes it. */
type Lot = readonly [resource: number, period: number, from: number, until: number, amount: number | bigint]
const lotOf = (resource: number, at: number, amount: number | bigint): Lot => [resource, at, 0, 0, amount]
const windowOf = (at: number, from: number, until: number, amount: number): Lot => [
  POWER,
  at,
  at * SLOTS + from,
  at * SLOTS + until,
  amount,
]

const offer = (buyer: string, lot: Lot) => asMarket('admitOffer', buyer, lot)
const lock = (seller: string, lot: Lot) => asMarket('lock', seller, lot)
const freeOf = async (home: string, at: number, resource: number) =>
  (await lab().readQuota('freeOf', home, at, resource))[0]

/** The place that a call would take now. */
async function placeOf({ to, contract, name, args, from }: Call): Promise<number> {
  const data = contract.encodeFunctionData(name, args)
  const answer = await lab().rpc('eth_call', [{ from, to, data }, 'latest'])
  return Number(contract.decodeFunctionResult(name, String(answer))[0])
}

async function taken(call: Call): Promise<number> {
  const place = await placeOf(call)
  await lab().do(call)
  return place
}

/** An offer, a bid and their award; what the market does when nobody else bids. */
async function award(seller: string, buyer: string, lot: Lot) {
  const [resource, at, , , amount] = lot
  const buyerPlace = await taken(offer(buyer, lot))
  const sellerPlace = await taken(lock(seller, lot))
  const receipt = await lab().do(
    asMarket('moveLocked', seller, sellerPlace, buyer, buyerPlace, at, resource, amount),
  )
  return { receipt, sellerPlace, buyerPlace }
}

/** Divides (100, 60, 90) among the three homes, from a period on. */
async function divide(from: number): Promise<void> {
  await lab().do(lab().quotaAsManager('setCommunityContract', from, 100, 60, 90))
  const parts = [
    [50, 30, 20],
    [20, 20, 20],
    [0, 90, 0],
  ]
  await lab().do(lab().quotaAsManager('allocate', 1, HOMES, ...parts))
  await lab().do(lab().quotaAsManager('closeAllocation', 1))
}

async function divided(): Promise<number> {
  const now = await period()
  await divide(now)
  return now
}

it('leaves exchanges to the market with NotTheMarket', async () => {
  const lot = lotOf(ENERGY, await period(), 1)
  const calls: [string, unknown[]][] = [
    ['admitOffer', [HOME, lot]],
    ['lock', [HOME, lot]],
    ['release', [HOME, lot, 0]],
    ['dismissOffer', [HOME, lot, 0]],
    ['moveLocked', [HOME, 0, OTHER_HOME, 0, 1, ENERGY, 1]],
    ['assertForMarket', [HOME, 1, ENERGY, 0, 1]],
    ['demandForMarket', [HOME, 1, ENERGY, 0]],
    ['demandForHome', [HOME, 1, ENERGY]],
  ]
  for (const from of [HOME, lab().manager.address]) {
    for (const [name, args] of calls) {
      await expectRefusal(lab(), lab().toQuota(from, name, ...args), 'NotTheMarket')
    }
  }
})

it('knows three resources with ResourceUnknown', async () => {
  const now = await divided()
  for (const resource of [0, 4]) {
    await expectRefusal(lab(), offer(HOME, lotOf(resource, now, 1)), 'ResourceUnknown')
    await expectRefusal(lab(), lock(HOME, lotOf(resource, now, 1)), 'ResourceUnknown')
  }
})

it('takes offers of the current and the next period only with PeriodNotOpen', async () => {
  const now = await divided()
  for (const at of [now - 1, now + 2]) {
    const call = offer(HOME, lotOf(ENERGY, at, 1))
    await expectRefusal(lab(), call, 'PeriodNotOpen', { current: BigInt(now) })
  }
  for (const at of [now, now + 1]) {
    expect(await lab().refusalOf(offer(HOME, lotOf(ENERGY, at, 1)))).toBeNull()
  }
})

it('has 32 places of power for a home and a period with NoPlace', async () => {
  const now = await divided()
  const lot = windowOf(now, 0, 1, 1)
  for (let place = 0; place < 32; ++place) expect(await taken(offer(STRANGER, lot))).toBe(place)
  await expectRefusal(lab(), offer(STRANGER, lot), 'NoPlace', { period: BigInt(now) })
  await lab().do(asMarket('dismissOffer', STRANGER, lot, 17))
  expect(await taken(offer(STRANGER, lot))).toBe(17)
  expect(await lab().refusalOf(offer(STRANGER, windowOf(now + 1, 0, 1, 1)))).toBeNull()
  expect(await lab().refusalOf(offer(STRANGER, lotOf(ENERGY, now, 1)))).toBeNull()
})

it('locks no more than a home has free with QuotaTooSmall', async () => {
  const now = await divided()
  const more = lock(HOME, lotOf(ENERGY, now, 51))
  await expectRefusal(lab(), more, 'QuotaTooSmall', { has: 50n, wanted: 51n })
  await lab().do(lock(HOME, lotOf(ENERGY, now, 30)))
  expect(await freeOf(HOME, now, ENERGY)).toBe(20n)
  expect(await quotaOf(HOME, now)).toEqual([50n, 20n, 0n])
  await expectRefusal(lab(), lock(HOME, lotOf(ENERGY, now, 21)), 'QuotaTooSmall', { has: 20n })
  await lab().do(lock(HOME, lotOf(ENERGY, now, 20)))
  expect(await freeOf(HOME, now + 1, ENERGY)).toBe(50n)
})

it('frees what was locked, and its place', async () => {
  const now = await divided()
  for (const lot of [lotOf(ENERGY, now, 30), windowOf(now, 2, 4, 15)]) {
    const before = await freeOf(HOME, now, lot[0])
    const place = await taken(lock(HOME, lot))
    const receipt = await lab().do(asMarket('release', HOME, lot, place))
    expect(eventsOf(receipt, quota, lab().contracts.quota)).toMatchObject([{ name: 'QuotaReleased' }])
    expect(await freeOf(HOME, now, lot[0])).toBe(before)
    expect(await placeOf(lock(HOME, lot))).toBe(place)
  }
})

it('moves what was locked, and counts what was sold', async () => {
  const now = await divided()
  await award(HOME, STRANGER, lotOf(ENERGY, now, 30))
  const { receipt } = await award(HOME, STRANGER, lotOf(ENERGY, now, 20))
  const moved = { period: BigInt(now), resource: 1n, amount: 20n }
  expect(eventsOf(receipt, quota, lab().contracts.quota)).toMatchObject([{ name: 'QuotaMoved', args: moved }])
  expect(await quotaOf(STRANGER, now)).toEqual([50n, 0n, 0n])
  expect(await quotaOf(HOME, now)).toEqual([0n, 20n, 0n])
  expect(await quotaOf(HOME, now + 1)).toEqual([50n, 20n, 0n])
  expect(await lab().readQuota('exchangedOf', HOME, now, ENERGY)).toEqual([0n, 50n, 0n])
  await award(STRANGER, OTHER_HOME, lotOf(ENERGY, now, 45))
  expect(await quotaOf(STRANGER, now)).toEqual([5n, 0n, 0n])
  expect(await lab().readQuota('partOf', STRANGER, now, ENERGY)).toEqual([0n, 100n])
})

it('lends power in its window only', async () => {
  const now = await divided()
  const { receipt, sellerPlace, buyerPlace } = await award(HOME, OTHER_HOME, windowOf(now, 2, 5, 15))
  const events = eventsOf(receipt, quota, lab().contracts.quota)
  expect(events).toMatchObject([{ name: 'PowerLent', args: { amount: 15n } }])
  const at = async (home: string, slot: number) =>
    (await lab().readQuota('powerQuotaAt', home, now * SLOTS + slot))[0]
  for (const [slot, lender, borrower] of [
    [1, 20n, 20n],
    [2, 5n, 35n],
    [4, 5n, 35n],
    [5, 20n, 20n],
    [SLOTS + 2, 20n, 20n],
  ] as const) {
    expect([await at(HOME, slot), await at(OTHER_HOME, slot)]).toEqual([lender, borrower])
  }
  const height = BigInt(receipt.blockNumber)
  const window = [15n, BigInt(now * SLOTS + 2), BigInt(now * SLOTS + 5), height]
  const loan = async (home: string, place: number) => lab().readQuota('loanOf', home, now, place)
  expect(await loan(HOME, sellerPlace)).toEqual([[...window, false]])
  expect(await loan(OTHER_HOME, buyerPlace)).toEqual([[...window, true]])
})

it('lends no borrowed power, and no more than the quota in a period', async () => {
  const now = await divided()
  await award(HOME, OTHER_HOME, windowOf(now, 0, 2, 15))
  const elsewhere = lock(HOME, windowOf(now, 6, 8, 6))
  await expectRefusal(lab(), elsewhere, 'QuotaTooSmall', { has: 5n, wanted: 6n })
  const onward = lock(OTHER_HOME, windowOf(now, 0, 2, 21))
  await expectRefusal(lab(), onward, 'QuotaTooSmall', { has: 20n, wanted: 21n })
})

const parts = fc.array(fc.tuple(fc.nat(1e9), fc.nat(1e5), fc.nat(1e9)), { minLength: 1, maxLength: 6 })
const exchanges = fc.array(
  fc.record({
    from: fc.nat(5),
    to: fc.nat(5),
    resource: fc.constantFrom(ENERGY, POWER, WATER),
    share: fc.integer({ min: 1, max: 100 }),
    window: fc.tuple(fc.nat(SLOTS - 1), fc.integer({ min: 1, max: SLOTS })),
  }),
  { maxLength: 8 },
)

it('divides any contract exactly, whatever is exchanged afterwards', { timeout: 120_000 }, async () => {
  await fc.assert(fc.asyncProperty(parts, exchanges, sumsStayExact), { numRuns: 6 })
})

async function sumsStayExact(
  given: readonly [number, number, number][],
  made: readonly { from: number; to: number; resource: number; share: number; window: [number, number] }[],
): Promise<void> {
  const snapshot = await lab().rpc('evm_snapshot')
  const now = await period()
  const homes = given.map((_, index) => homeAddress(200 + index))
  const column = (at: 0 | 1 | 2) => given.map((part) => part[at])
  const sums = ([0, 1, 2] as const).map((at) => column(at).reduce((sum, part) => sum + part, 0))
  await lab().do(lab().quotaAsManager('setCommunityContract', now, ...sums))
  await lab().do(lab().quotaAsManager('allocate', 1, homes, column(0), column(1), column(2)))
  await lab().do(lab().quotaAsManager('closeAllocation', 1))
  for (const { from, to, resource, share, window } of made) {
    const [seller, buyer] = [homes[from % homes.length] ?? HOME, homes[to % homes.length] ?? HOME]
    const amount = Math.floor((Number(await freeOf(seller, now, resource)) * share) / 100)
    if (seller === buyer) continue
    const [first, last] = [Math.min(...window), Math.max(...window)]
    const until = Math.max(first + 1, last)
    const lot = resource === POWER ? windowOf(now, first, until, amount) : lotOf(resource, now, amount)
    await award(seller, buyer, lot)
  }
  const quotas = await Promise.all(homes.map((home) => quotaOf(home, now)))
  const total = [0, 1, 2].map((at) => quotas.reduce((sum, each) => sum + Number(each[at]), 0))
  expect(total).toEqual(sums)
  for (let slot = now * SLOTS; slot < (now + 1) * SLOTS; ++slot) {
    const lent = await Promise.all(homes.map((home) => lab().readQuota('powerQuotaAt', home, slot)))
    expect(lent.reduce((sum, [power]) => sum + Number(power), 0)).toBe(sums[1])
  }
  await lab().rpc('evm_revert', [snapshot])
}
