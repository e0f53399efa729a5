import { concat, ZeroAddress } from 'ethers'
import { expect, it } from 'vitest'
import { eventsOf, quota } from '../../../bench/contract-lab.ts'
import { quotaBytecode } from '../../../chain/bindings/quota.gen.ts'
import { Fault } from '../../../protocols/rules/fault.ts'
import { contractLab, expectRefusal, HOME, HOMES, OTHER_HOME, passSlots, STRANGER } from './setting.ts'

const lab = contractLab({ sampleMs: 60_000, slotsPerBilling: 10 }, [])
const ENERGY = 1
const U64_MAX = 2n ** 64n - 1n

const period = async () => Number((await lab().readMonitoring('currentPeriod'))[0])
const whole = (from: number, ...parts: (number | bigint)[]) =>
  lab().quotaAsManager('setCommunityContract', from, ...parts)
const allocate = (revision: number, homes: readonly string[], ...parts: (number | bigint)[][]) =>
  lab().quotaAsManager('allocate', revision, homes, ...parts)
const close = (revision: number) => lab().quotaAsManager('closeAllocation', revision)
const quotaOf = (home: string, at: number) => lab().readQuota('quotaOf', home, at)

/** Divides (100, 60, 90) among the three homes, from a period on. */
async function divide(revision: number, from: number): Promise<void> {
  await lab().do(whole(from, 100, 60, 90))
  await lab().do(allocate(revision, HOMES, [50, 30, 20], [20, 20, 20], [0, 90, 0]))
  await lab().do(close(revision))
}

it('is not made without authority, monitoring, market or window: ZeroAddress, ZeroWindow', async () => {
  const { access: authority, monitoring, trading } = lab().contracts
  const wrong: [string, unknown[]][] = [
    ['ZeroAddress', [ZeroAddress, monitoring, trading, 1]],
    ['ZeroAddress', [authority, ZeroAddress, trading, 1]],
    ['ZeroAddress', [authority, monitoring, ZeroAddress, 1]],
    ['ZeroWindow', [authority, monitoring, trading, 0]],
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

it('never divides a period in which a lot was asked for with PeriodTooEarly', async () => {
  const now = await period()
  await divide(1, now)
  expect(await lab().readQuota('earliestPeriod')).toEqual([BigInt(now)])
  const lot = [ENERGY, now + 1, 0, 0, 5]
  await lab().do(lab().toQuota(lab().contracts.trading, 'admitOffer', OTHER_HOME, lot))
  expect(await lab().readQuota('earliestPeriod')).toEqual([BigInt(now + 2)])
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
