import { keccak256 } from 'ethers'
import { expect, it } from 'vitest'
import { anyRecord, eventsOf, homeAddress, monitoring, type Call } from '../../../bench/contract-lab.ts'
import { party } from '../../../bench/delegation-lab.ts'
import { AWAY, delegationLab, FUNDS, NEAR, NEXT, OTHER } from './delegations.ts'
import { expectRefusal, passSlots } from './setting.ts'

const desk = delegationLab()
const lab = () => desk().lab
const passTo = async (slot: number) => passSlots(lab(), slot - (await lab().currentSlot()))
const ROOT = keccak256('0x07')
const WEEK_SLOTS = (7 * 86_400_000) / 2000

/** A delegation of AWAY to NEAR that is over, having lasted all its ten slots. */
async function past(): Promise<number> {
  const { untilSlot } = await desk().register(AWAY, NEAR)
  await passTo(untilSlot)
  return untilSlot
}

async function told(call: Call) {
  return eventsOf(await lab().do(call), monitoring, lab().contracts.monitoring)
}

it('ends with the next slot after the block that holds the end', async () => {
  const { fromSlot, untilSlot } = await desk().register(AWAY, NEAR)
  const key = await desk().keyIdOf(1)
  await passTo(fromSlot + 4)
  await lab().do(lab().submitCall(AWAY, [anyRecord(fromSlot + 3, 1)], key))
  const events = await told(desk().endCall(AWAY))
  const next = (await lab().currentSlot()) + 1
  expect(next).toBeLessThan(untilSlot)
  expect(events).toMatchObject([
    { name: 'DelegationEnded', args: { id: 1n, by: AWAY, untilSlot: BigInt(next) } },
  ])
  await lab().do(lab().submitCall(AWAY, [anyRecord(next - 1, 2)], key))
  const stale = lab().submitCall(AWAY, [anyRecord(next, 3)], key)
  await expectRefusal(lab(), stale, 'WrongRecipient', { given: key, expected: lab().recipient })
  await lab().do(lab().submitCall(AWAY, [anyRecord(next, 3)]))
})

it('lets delegator, delegatee and community end it, and nobody else, with NotAParty', async () => {
  await desk().register(AWAY, NEAR)
  for (const caller of [NEXT, OTHER, homeAddress(99)]) {
    await expectRefusal(lab(), desk().endCall(caller), 'NotAParty', { id: 1n })
  }
  for (const caller of [AWAY, NEAR, lab().manager.address]) {
    expect(await lab().refusalOf(desk().endCall(caller))).toBeNull()
  }
})

it('ends once with DelegationOver', async () => {
  const { fromSlot, untilSlot } = await desk().register(AWAY, NEAR)
  await passTo(fromSlot + 1)
  await lab().do(desk().endCall(AWAY))
  await expectRefusal(lab(), desk().endCall(NEAR), 'DelegationOver', { id: 1n })
  await passTo(untilSlot)
  await expectRefusal(lab(), desk().endCall(AWAY), 'DelegationOver')
  const other = await desk().register(NEXT, OTHER, { id: 2 })
  await passTo(other.untilSlot - 1)
  await expectRefusal(lab(), desk().endCall(NEXT, 2), 'DelegationOver', {
    untilSlot: BigInt(other.untilSlot),
  })
})

it('never begins when it ends before its first slot', async () => {
  const current = await lab().currentSlot()
  const { fromSlot } = await desk().register(AWAY, NEAR, { fromSlot: current + 30, untilSlot: current + 60 })
  const [ended] = await told(desk().endCall(NEAR))
  expect(ended?.args).toMatchObject({ untilSlot: BigInt(fromSlot) })
  expect((await desk().recipientOf(AWAY, fromSlot))[1]).toBe(0n)
  await expectRefusal(lab(), desk().claimCall(NEAR, 0), 'DelegationNotOver')
  await lab().do(desk().returnCall(AWAY))
  expect(await desk().balanceOf(AWAY)).toBe(FUNDS)
})

it('ends with the membership of the home that is watched', async () => {
  const { fromSlot } = await desk().register(AWAY, NEAR)
  await passTo(fromSlot + 1)
  const events = await told(lab().asManager('revoke', AWAY))
  expect(events.map(({ name }) => name)).toEqual(['DelegationEnded', 'HomeRevoked'])
  const until = (await lab().currentSlot()) + 1
  expect(await lab().readMonitoring('newestDelegation', AWAY)).toMatchObject([1n, {}, BigInt(until)])
  await passTo(until)
  expect(await lab().refusalOf(desk().claimCall(NEAR, 1))).toBeNull()
  const over = await told(lab().asManager('revoke', NEAR))
  expect(over.map(({ name }) => name)).toEqual(['HomeRevoked'])
})

it('ends whatever becomes of the token', async () => {
  await desk().register(AWAY, NEAR)
  const owner = lab().manager.address
  await lab().do(desk().toToken(owner, 'freezeAccount', AWAY, true))
  await lab().do(desk().toToken(owner, 'pause'))
  await lab().do(desk().endCall(AWAY))
})

it('pays the delegatee only with NotTheDelegatee', async () => {
  await past()
  for (const caller of [AWAY, NEXT, lab().manager.address]) {
    await expectRefusal(lab(), desk().claimCall(caller, 5), 'NotTheDelegatee', { delegatee: NEAR })
  }
})

it('pays after the end only with DelegationNotOver', async () => {
  const { untilSlot } = await desk().register(AWAY, NEAR)
  await passTo(untilSlot - 1)
  const args = { id: 1n, untilSlot: BigInt(untilSlot) }
  await expectRefusal(lab(), desk().claimCall(NEAR, 5), 'DelegationNotOver', args)
  await passTo(untilSlot)
  expect(await lab().refusalOf(desk().claimCall(NEAR, 5))).toBeNull()
})

it('pays no slot that was not watched with MoreThanLasted', async () => {
  const { fromSlot } = await desk().register(AWAY, NEAR)
  await passTo(fromSlot + 2)
  const [ended] = await told(desk().endCall(AWAY))
  const lasted = Number(ended?.args['untilSlot']) - fromSlot
  await passTo(fromSlot + lasted)
  const args = { given: BigInt(lasted + 1), lasted: BigInt(lasted) }
  await expectRefusal(lab(), desk().claimCall(NEAR, lasted + 1), 'MoreThanLasted', args)
  expect(await lab().refusalOf(desk().claimCall(NEAR, lasted))).toBeNull()
})

it('pays only what community or delegator witnessed with NotWitnessed', async () => {
  await past()
  const claim = (count: number, witness: string) =>
    lab().toMonitoring(NEAR, 'claimReward', 1, count, ROOT, witness)
  const community = desk().witness(1, 6, ROOT)
  await expectRefusal(lab(), claim(7, community), 'NotWitnessed')
  await expectRefusal(lab(), claim(6, desk().witness(2, 6, ROOT)), 'NotWitnessed')
  await expectRefusal(lab(), claim(6, desk().witness(1, 6, ROOT, party(2))), 'NotWitnessed', { signer: NEAR })
  for (const right of [community, desk().witness(1, 6, ROOT, party(1))]) {
    expect(await lab().refusalOf(claim(6, right))).toBeNull()
  }
})

it('pays a reward once with RewardSettled', async () => {
  await past()
  await lab().do(desk().claimCall(NEAR, 5))
  await expectRefusal(lab(), desk().claimCall(NEAR, 5), 'RewardSettled', { id: 1n })
  await lab().do(desk().returnCall(AWAY))
  await expectRefusal(lab(), desk().returnCall(AWAY), 'RewardSettled', { id: 1n })
})

it('pays pro rata of the slots agreed and returns the rest', async () => {
  const fromSlot = (await lab().currentSlot()) + 2
  const window = { fromSlot, untilSlot: fromSlot + 30, rewardMicroSct: 1_000_000n }
  await desk().register(AWAY, NEAR, window)
  await passTo(fromSlot + 20)
  await lab().do(desk().endCall(NEAR))
  await passTo(fromSlot + 25)
  const claimed = await told(desk().claimCall(NEAR, 7, 1, ROOT))
  expect(claimed[0]).toMatchObject({ name: 'RewardClaimed', args: { count: 7n, root: ROOT, paid: 233_333n } })
  const returned = await told(desk().returnCall(OTHER))
  expect(returned[0]).toMatchObject({ name: 'RewardReturned', args: { delegator: AWAY, amount: 766_667n } })
  expect(await desk().balanceOf(NEAR)).toBe(FUNDS + 233_333n)
  expect(await desk().balanceOf(AWAY)).toBe(FUNDS - 233_333n)
  expect(await desk().balanceOf(lab().contracts.monitoring)).toBe(0n)
})

it('holds the reward for the delegatee for seven days with ClaimStillOpen', async () => {
  const untilSlot = await past()
  const untilMs = BigInt(untilSlot) * 2000n + 7n * 86_400_000n
  await expectRefusal(lab(), desk().returnCall(AWAY), 'ClaimStillOpen', { id: 1n, untilMs })
  await passTo(untilSlot + WEEK_SLOTS - 1)
  await expectRefusal(lab(), desk().returnCall(AWAY), 'ClaimStillOpen')
  expect(await lab().refusalOf(desk().claimCall(NEAR, 10))).toBeNull()
})

it('returns all of it when the time to claim is over', async () => {
  const untilSlot = await past()
  await passTo(untilSlot + WEEK_SLOTS)
  await lab().do(desk().returnCall(AWAY))
  expect(await desk().balanceOf(AWAY)).toBe(FUNDS)
  await expectRefusal(lab(), desk().claimCall(NEAR, 10), 'RewardSettled')
})
