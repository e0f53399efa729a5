import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemRandom } from '../../bin/clock.ts'
import { verifyCommunity } from '../../chain/verify/verify.ts'
import { delegate, delegatedCommunity, newestSlot, termsOf, type DelegatedHistory } from './delegated.ts'
import { codes, homeOf, targetOf, verifyThrough } from './metered.ts'
import { another, more, retold } from './retold.ts'

let history: DelegatedHistory

beforeAll(async () => {
  history = await delegatedCommunity()
}, 60_000)

afterAll(async () => {
  await history.community.stop()
})

const isDelegated = ({ delegation }: Readonly<Record<string, unknown>>) => delegation === 1n
const isDirect = ({ delegation, slot }: Readonly<Record<string, unknown>>) =>
  delegation === 0n && slot === BigInt(history.after)

/** Faults of a code, as `verify` finds them behind a node that tells an event differently. */
async function faultsOf(lie: ReturnType<typeof retold>, code: string) {
  const report = await verifyThrough(targetOf(history.community), lie())
  return report.faults.filter((fault) => fault.code === code)
}

describe('verify, of delegations', () => {
  it('finds an honest one whole: consents, keys, readers, end, claim and what went back', async () => {
    const report = await verifyCommunity(targetOf(history.community))
    expect(report.faults).toEqual([])
    expect(report.checked).toMatchObject({ delegations: 1, keys: 2 + 3 + 1, totals: 3 })
  })

  it.each([
    ['another delegatee', 'DelegationRegistered', { delegatee: another }, 'consent of delegation 1'],
    ['another delegator', 'DelegationRegistered', { delegator: another }, 'consent of delegation 1'],
    ['other functions', 'DelegationRegistered', { functions: () => 1n }, 'functions of delegation 1'],
    ['a longer window', 'DelegationRegistered', { untilSlot: more }, 'untilSlot of delegation 1'],
    ['another reward', 'DelegationRegistered', { reward: more }, 'reward of delegation 1'],
    ['an end by a stranger', 'DelegationEnded', { by: another }, 'end of delegation 1'],
    ['a later end', 'DelegationEnded', { untilSlot: more }, 'end of delegation 1'],
    ['more slots watched', 'RewardClaimed', { count: more }, 'reward of delegation 1'],
    ['more slots than it lasted', 'RewardClaimed', { count: () => 2_999n }, 'count of delegation 1'],
    ['a count that nobody witnessed', 'RewardClaimed', { root: () => `0x${'77'.repeat(32)}` }, 'witness'],
    ['a higher payment', 'RewardClaimed', { paid: more }, 'reward of delegation 1'],
    ['another amount back', 'RewardReturned', { amount: more }, 'return of delegation 1'],
    ['an end of what never began', 'DelegationEnded', { id: more }, 'registration of delegation 2'],
  ] as const)('names %s', async (_, event, change, field) => {
    const faults = await faultsOf(retold('monitoring', event, change), 'delegation')
    const fields = faults.map((fault) => fault.field)
    expect(fields).toContainEqual(expect.stringContaining(field))
  })

  it('names a slot within the window that another than the delegatee was to read', async () => {
    const { away, slots } = history
    const lie = retold('monitoring', 'Reading', { delegation: () => 0n }, isDelegated)
    const place = { home: away.account, slot: slots[0], field: 'delegation' }
    expect(await faultsOf(lie, 'recipient')).toMatchObject([place])
  })

  it('names a slot outside the window that the delegatee was to read', async () => {
    const { away, after } = history
    const lie = retold('monitoring', 'Reading', { delegation: () => 1n }, isDirect)
    const place = { home: away.account, slot: after, field: 'delegation' }
    expect(await faultsOf(lie, 'recipient')).toMatchObject([place])
  })

  it('names readings sealed to a delegatee before the window that was told', async () => {
    const { away, slots } = history
    const lie = retold('monitoring', 'DelegationRegistered', { fromSlot: more })
    const found = await faultsOf(lie, 'recipient')
    expect(found).toContainEqual(
      expect.objectContaining({ home: away.account, slot: slots[0], field: 'recipient' }),
    )
  })

  it('names a whole delegated reading that was declared void', async () => {
    const { away, slots } = history
    const lie = retold('monitoring', 'ReadingVoided', { slot: () => BigInt(slots[1] ?? 0) })
    expect(await faultsOf(lie, 'void')).toMatchObject([{ home: away.account, slot: slots[1] }])
  })

  it('names a key of a delegation that does not grow from the delegation base', async () => {
    const { community, near } = history
    const other = homeOf(community, 2)
    const fromSlot = (await newestSlot(community)) + 200
    const terms = termsOf(near, other, fromSlot, { id: 7, rewardMicroSct: 0n, functions: ['alarms'] })
    await delegate(community, [near, other], terms, systemRandom(64))
    const report = await verifyCommunity(targetOf(community))
    expect(codes(report)).toEqual(['operation-key'])
    expect(report.faults).toMatchObject([{ home: other.account, field: 'proof' }])
  })
})
