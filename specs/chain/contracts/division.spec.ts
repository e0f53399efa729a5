import fc from 'fast-check'
import { concat, ZeroAddress } from 'ethers'
import { expect, it } from 'vitest'
import { access, eventsOf, homeAddress, quota, type Call } from '../../../bench/contract-lab.ts'
import { quotaBytecode } from '../../../chain/bindings/quota.gen.ts'
import { ROLES } from '../../../chain/deploy.ts'
import { Fault } from '../../../protocols/rules/fault.ts'
import { contractLab, expectRefusal, HOME, HOMES, OTHER_HOME, passSlots, STRANGER } from './setting.ts'

const lab = contractLab({ sampleMs: 60_000, slotsPerBilling: 10 }, [])
const MARKET = homeAddress(77)
const [ENERGY, POWER, WATER] = [1, 2, 3]
const U64_MAX = 2n ** 64n - 1n

const period = async () => Number((await lab().readMonitoring('currentPeriod'))[0])
const whole = (from: number, ...parts: (number | bigint)[]) =>
  lab().quotaAsManager('setCommunityContract', from, ...parts)
const allocate = (revision: number, homes: readonly string[], ...parts: (number | bigint)[][]) =>
  lab().quotaAsManager('allocate', revision, homes, ...parts)
const close = (revision: number) => lab().quotaAsManager('closeAllocation', revision)
const quotaOf = (home: string, at: number) => lab().readQuota('quotaOf', home, at)
const move = (from: string, to: string, at: number, resource: number, amount: number | bigint): Call =>
  lab().toQuota(MARKET, 'move', from, to, at, resource, amount)

/** Divides (100, 60, 90) among the three homes, from a period on. */
async function divide(revision: number, from: number): Promise<void> {
  await lab().do(whole(from, 100, 60, 90))
  await lab().do(allocate(revision, HOMES, [50, 30, 20], [20, 20, 20], [0, 90, 0]))
  await lab().do(close(revision))
}

async function openMarket(): Promise<void> {
  const args = [ROLES.market, MARKET, 0]
  const { address } = lab().manager
  await lab().do({ from: address, to: lab().contracts.access, contract: access, name: 'grantRole', args })
}

it('refuses to be made without authority, monitoring or window with ZeroAddress and ZeroWindow', async () => {
  const { access: authority, monitoring } = lab().contracts
  const wrong: [string, unknown[]][] = [
    ['ZeroAddress', [ZeroAddress, monitoring, 1]],
    ['ZeroAddress', [authority, ZeroAddress, 1]],
    ['ZeroWindow', [authority, monitoring, 0]],
  ]
  for (const [name, args] of wrong) {
    const data = concat([quotaBytecode, quota.encodeDeploy(args)])
    const call = lab().rpc('eth_call', [{ from: STRANGER, data, gas: '0x1c9c380' }, 'latest'])
    const thrown: unknown = await call.catch((refused: unknown) => refused)
    const revert = thrown instanceof Fault ? thrown.facts['data'] : ''
    expect(quota.parseError(String(revert))?.name).toBe(name)
  }
})

it('leaves the division to the manager with AccessManagedUnauthorized', async () => {
  const managed: [string, unknown[]][] = [
    ['setCommunityContract', [1, 1, 1, 1]],
    ['allocate', [1, [], [], [], []]],
    ['closeAllocation', [1]],
    ['assertExcess', [HOME, 1, 1, 1]],
    ['assertPeak', [HOME, 1, 1, 1]],
    ['withdrawExcess', [HOME, 1, 1]],
  ]
  for (const [name, args] of managed) {
    await expectRefusal(lab(), lab().toQuota(HOME, name, ...args), 'AccessManagedUnauthorized')
  }
})

it('never divides the past anew with PeriodTooEarly', async () => {
  const now = await period()
  await expectRefusal(lab(), whole(now - 1, 1, 1, 1), 'PeriodTooEarly', { earliest: BigInt(now) })
  await divide(1, now + 3)
  await expectRefusal(lab(), whole(now + 2, 1, 1, 1), 'PeriodTooEarly', { earliest: BigInt(now + 3) })
  expect(await lab().refusalOf(whole(now + 3, 1, 1, 1))).toBeNull()
})

it('never divides a period in which quota was exchanged with PeriodTooEarly', async () => {
  await openMarket()
  const now = await period()
  await divide(1, now)
  await lab().do(move(HOME, OTHER_HOME, now + 1, ENERGY, 5))
  await expectRefusal(lab(), whole(now + 1, 1, 1, 1), 'PeriodTooEarly', { earliest: BigInt(now + 2) })
  expect(await lab().refusalOf(whole(now + 2, 1, 1, 1))).toBeNull()
})

it('allocates only in the open revision with RevisionNotOpen', async () => {
  const now = await period()
  const one = (revision: number) => allocate(revision, [HOME], [1], [1], [1])
  await expectRefusal(lab(), one(0), 'RevisionNotOpen')
  await expectRefusal(lab(), one(1), 'RevisionNotOpen', { revision: 1n, open: 0n })
  await divide(1, now)
  await expectRefusal(lab(), one(1), 'RevisionNotOpen')
  await expectRefusal(lab(), close(1), 'RevisionNotOpen')
  await lab().do(whole(now, 1, 1, 1))
  await lab().do(whole(now, 1, 1, 1))
  await expectRefusal(lab(), one(2), 'RevisionNotOpen', { revision: 2n, open: 3n })
  expect(await lab().refusalOf(one(3))).toBeNull()
})

it('refuses lists of parts of other lengths with LengthsDiffer', async () => {
  await lab().do(whole(await period(), 10, 10, 10))
  for (const parts of [
    [[1], [1, 1], [1, 1]],
    [[1, 1], [1], [1, 1]],
    [[1, 1], [1, 1], []],
  ]) {
    await expectRefusal(lab(), allocate(1, [HOME, OTHER_HOME], ...parts), 'LengthsDiffer', { first: 2n })
  }
})

it('refuses a part for address zero with ZeroAddress', async () => {
  await lab().do(whole(await period(), 10, 10, 10))
  await expectRefusal(lab(), allocate(1, [ZeroAddress], [1], [1], [1]), 'ZeroAddress')
})

it('gives each home one part with AlreadyAllocated', async () => {
  await lab().do(whole(await period(), 10, 10, 10))
  await expectRefusal(lab(), allocate(1, [HOME, HOME], [1, 1], [1, 1], [1, 1]), 'AlreadyAllocated')
  await lab().do(allocate(1, [HOME], [0], [0], [0]))
  await expectRefusal(lab(), allocate(1, [HOME], [1], [1], [1]), 'AlreadyAllocated', { revision: 1n })
})

it('refuses parts beyond the whole with SumsDiffer', async () => {
  await lab().do(whole(await period(), 10, 10, U64_MAX))
  const over = allocate(1, [HOME], [10], [11], [1])
  await expectRefusal(lab(), over, 'SumsDiffer', { resource: 2n, allocated: 11n, contracted: 10n })
  const overflow = allocate(1, [HOME, OTHER_HOME], [1, 1], [1, 1], [U64_MAX, 1])
  await expectRefusal(lab(), overflow, 'SumsDiffer', { resource: 3n, allocated: U64_MAX + 1n })
})

it('closes only when the parts are exactly the whole with SumsDiffer', async () => {
  await lab().do(whole(await period(), 10, 20, 30))
  await lab().do(allocate(1, [HOME], [10], [20], [29]))
  await expectRefusal(lab(), close(1), 'SumsDiffer', { resource: 3n, allocated: 29n, contracted: 30n })
  await lab().do(allocate(1, [OTHER_HOME], [0], [0], [1]))
  const receipt = await lab().do(close(1))
  expect(eventsOf(receipt, quota, lab().contracts.quota)).toEqual([
    { name: 'AllocationClosed', args: { revision: 1n } },
  ])
})

it('does not close a revision whose period has passed with PeriodTooEarly', async () => {
  await lab().do(whole(await period(), 0, 0, 0))
  await passSlots(lab(), 10)
  await expectRefusal(lab(), close(1), 'PeriodTooEarly')
})

it('makes the revision hold from its period on, and the one before until then', async () => {
  const now = await period()
  await divide(1, now)
  await lab().do(whole(now + 5, 7, 8, 9))
  await lab().do(allocate(2, [OTHER_HOME], [7], [8], [9]))
  expect(await quotaOf(HOME, now + 5)).toEqual([50n, 20n, 0n])
  await lab().do(close(2))
  expect(await quotaOf(HOME, now - 1)).toEqual([0n, 0n, 0n])
  expect(await quotaOf(HOME, now)).toEqual([50n, 20n, 0n])
  expect(await quotaOf(HOME, now + 4)).toEqual([50n, 20n, 0n])
  expect(await quotaOf(HOME, now + 5)).toEqual([0n, 0n, 0n])
  expect(await quotaOf(OTHER_HOME, now + 500)).toEqual([7n, 8n, 9n])
  expect(await lab().readQuota('revisionAt', now + 4)).toEqual([1n])
  const contract = await lab().readQuota('communityContract', 2)
  expect(contract).toEqual([BigInt(now + 5), 7n, 8n, 9n, true])
})

it('leaves exchanges to the market with AccessManagedUnauthorized', async () => {
  const args = [HOME, OTHER_HOME, await period(), ENERGY, 1]
  for (const from of [HOME, lab().manager.address]) {
    await expectRefusal(lab(), lab().toQuota(from, 'move', ...args), 'AccessManagedUnauthorized')
  }
})

it('refuses a move that is none: SameHome, NothingToMove, ResourceUnknown', async () => {
  await openMarket()
  const now = await period()
  await divide(1, now)
  await expectRefusal(lab(), move(HOME, HOME, now, ENERGY, 1), 'SameHome')
  await expectRefusal(lab(), move(HOME, ZeroAddress, now, ENERGY, 1), 'ZeroAddress')
  await expectRefusal(lab(), move(HOME, OTHER_HOME, now, ENERGY, 0), 'NothingToMove')
  for (const resource of [0, 4]) {
    await expectRefusal(lab(), move(HOME, OTHER_HOME, now, resource, 1), 'ResourceUnknown')
  }
})

it('moves quota of the current and the next period only with PeriodNotOpen', async () => {
  await openMarket()
  const now = await period()
  await divide(1, now)
  for (const at of [now - 1, now + 2]) {
    await expectRefusal(lab(), move(HOME, OTHER_HOME, at, ENERGY, 1), 'PeriodNotOpen', {
      current: BigInt(now),
    })
  }
  for (const at of [now, now + 1])
    expect(await lab().refusalOf(move(HOME, OTHER_HOME, at, ENERGY, 1))).toBeNull()
})

it('moves no more than a home has with QuotaTooSmall', async () => {
  await openMarket()
  const now = await period()
  await divide(1, now)
  const all = move(HOME, STRANGER, now, ENERGY, 50)
  await expectRefusal(lab(), move(HOME, STRANGER, now, ENERGY, 51), 'QuotaTooSmall', {
    has: 50n,
    wanted: 51n,
  })
  const receipt = await lab().do(all)
  expect(eventsOf(receipt, quota, lab().contracts.quota)).toMatchObject([{ name: 'QuotaMoved' }])
  await expectRefusal(lab(), move(HOME, STRANGER, now, ENERGY, 1), 'QuotaTooSmall', { has: 0n })
  expect(await quotaOf(STRANGER, now)).toEqual([50n, 0n, 0n])
  expect(await quotaOf(HOME, now + 1)).toEqual([50n, 20n, 0n])
})

const parts = fc.array(fc.tuple(fc.nat(1e9), fc.nat(1e5), fc.nat(1e9)), { minLength: 1, maxLength: 6 })
const moves = fc.array(
  fc.record({
    from: fc.nat(5),
    to: fc.nat(5),
    resource: fc.constantFrom(ENERGY, POWER, WATER),
    share: fc.nat(150),
  }),
  { maxLength: 8 },
)

it('divides any contract exactly, whatever is moved afterwards', { timeout: 120_000 }, async () => {
  await openMarket()
  await fc.assert(fc.asyncProperty(parts, moves, sumsStayExact), { numRuns: 6 })
})

async function sumsStayExact(
  given: readonly [number, number, number][],
  exchanges: readonly { from: number; to: number; resource: number; share: number }[],
): Promise<void> {
  const snapshot = await lab().rpc('evm_snapshot')
  const now = await period()
  const homes = given.map((_, index) => homeAddress(200 + index))
  const column = (at: 0 | 1 | 2) => given.map((part) => part[at])
  const sums = ([0, 1, 2] as const).map((at) => column(at).reduce((sum, part) => sum + part, 0))
  await lab().do(whole(now, ...sums))
  await lab().do(allocate(1, homes, column(0), column(1), column(2)))
  await lab().do(close(1))
  for (const { from, to, resource, share } of exchanges) {
    const [seller, buyer] = [homes[from % homes.length] ?? HOME, homes[to % homes.length] ?? HOME]
    const has = Number((await quotaOf(seller, now))[resource - 1])
    await lab().send(move(seller, buyer, now, resource, Math.floor((has * share) / 100)))
  }
  const quotas = await Promise.all(homes.map((home) => quotaOf(home, now)))
  const total = [0, 1, 2].map((at) => quotas.reduce((sum, each) => sum + Number(each[at]), 0))
  expect(total).toEqual(sums)
  await lab().rpc('evm_revert', [snapshot])
}
