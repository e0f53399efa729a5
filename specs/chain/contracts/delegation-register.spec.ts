import { MaxUint256, ZeroAddress } from 'ethers'
import { expect, it } from 'vitest'
import { eventsOf, homeAddress, monitoring } from '../../../bench/contract-lab.ts'
import { party, SCT } from '../../../bench/delegation-lab.ts'
import { termsValue, type DelegationTerms } from '../../../protocols/messages/delegation-terms.ts'
import { AWAY, delegationLab, FUNDS, MEMBERS, NEAR, NEXT, OTHER } from './delegations.ts'
import { expectRefusal, passSlots } from './setting.ts'

const desk = delegationLab()
const lab = () => desk().lab

const refused = async (terms: DelegationTerms, name: string, args: Record<string, unknown> = {}) =>
  expectRefusal(lab(), await desk().registerCall(terms), name, args)

/** A registration whose consents are for one set of terms and whose terms are another. */
async function mixed(terms: DelegationTerms, byDelegator: string, byDelegatee: string) {
  const key = await desk().signedKey(terms.delegatee, terms.id)
  const args = [termsValue(terms), byDelegator, byDelegatee, key]
  return lab().toMonitoring(AWAY, 'registerDelegation', ...args)
}

it('registers nothing without the consent of both with NotConsented', async () => {
  const terms = await desk().terms(AWAY, NEAR)
  const [first, second] = [desk().consent(AWAY, terms), desk().consent(NEAR, terms)]
  await expectRefusal(lab(), await mixed(terms, second, second), 'NotConsented', {
    signer: NEAR,
    party: AWAY,
  })
  await expectRefusal(lab(), await mixed(terms, first, first), 'NotConsented', { signer: AWAY, party: NEAR })
  const others: Partial<DelegationTerms>[] = [
    { id: 2 },
    { functions: ['readings'] },
    { fromSlot: terms.fromSlot + 1 },
    { untilSlot: terms.untilSlot + 1 },
    { rewardMicroSct: 2n * SCT },
    { termsHash: `0x${'11'.repeat(32)}` },
  ]
  for (const other of others) {
    const call = await mixed({ ...terms, ...other }, first, second)
    await expectRefusal(lab(), call, 'NotConsented', { party: AWAY })
  }
  expect(await lab().refusalOf(await mixed(terms, first, second))).toBeNull()
})

it('registers no delegation whose key the community does not vouch for', async () => {
  const terms = await desk().terms(AWAY, NEAR)
  const consents = [desk().consent(AWAY, terms), desk().consent(NEAR, terms)]
  const right = await desk().signedKey(NEAR, 1)
  const wrongs = [
    [await desk().signedKey(NEXT, 1), 'NotSignedByCommunity'],
    [await desk().signedKey(NEAR, 2), 'NotSignedByCommunity'],
    [await desk().signedKey(NEAR, 0), 'NotSignedByCommunity'],
    [{ ...right, epoch: 2 }, 'EpochNotAccepted'],
    [{ ...right, proof: new Uint8Array(63) }, 'WrongLength'],
    [{ ...right, key: new Uint8Array(33) }, 'NotAPoint'],
  ] as const
  for (const [key, name] of wrongs) {
    const call = lab().toMonitoring(AWAY, 'registerDelegation', termsValue(terms), ...consents, key)
    await expectRefusal(lab(), call, name)
  }
})

it('takes an id once with DelegationExists, and in range with DelegationNumberOutOfRange', async () => {
  for (const id of [0, 2 ** 48]) {
    const range = { given: BigInt(id), least: 1n, most: BigInt(2 ** 48 - 1) }
    await refused(await desk().terms(AWAY, NEAR, { id }), 'DelegationNumberOutOfRange', range)
  }
  const terms = await desk().register(AWAY, NEAR, { id: 2 ** 48 - 1 })
  await refused(terms, 'DelegationExists', { id: BigInt(terms.id) })
  await refused(await desk().terms(NEXT, OTHER, { id: terms.id }), 'DelegationExists')
})

it('lets no home watch itself with OwnDelegatee', async () => {
  await refused(await desk().terms(AWAY, AWAY), 'OwnDelegatee', { home: AWAY })
})

it('delegates only what there is to delegate with FunctionsUnknown', async () => {
  await refused(await desk().terms(AWAY, NEAR, { functions: [] }), 'FunctionsUnknown', { given: 0n })
  const terms = { ...termsValue(await desk().terms(AWAY, NEAR)), functions: 4 }
  const call = lab().toMonitoring(
    AWAY,
    'registerDelegation',
    terms,
    '0x',
    '0x',
    await desk().signedKey(NEAR, 1),
  )
  await expectRefusal(lab(), call, 'FunctionsUnknown', { given: 4n })
})

it('registers members only with NotAdmitted', async () => {
  const stranger = party(9).address
  await refused(await desk().terms(stranger, NEAR), 'NotAdmitted', { home: stranger })
  await refused(await desk().terms(AWAY, stranger), 'NotAdmitted', { home: stranger })
})

it('lets a home have one delegation at a time with StillDelegated', async () => {
  const first = await desk().register(AWAY, NEAR)
  const again = await desk().terms(AWAY, NEXT, {
    id: 2,
    fromSlot: first.untilSlot,
    untilSlot: first.untilSlot + 5,
  })
  await refused(again, 'StillDelegated', { id: 1n, untilSlot: BigInt(first.untilSlot) })
  expect(
    await lab().refusalOf(await desk().registerCall(await desk().terms(NEXT, NEAR, { id: 3 }))),
  ).toBeNull()
  await lab().do(desk().endCall(NEAR))
  await passSlots(lab(), first.untilSlot - (await lab().currentSlot()))
  await lab().do(await desk().registerCall(await desk().terms(AWAY, NEXT, { id: 2 })))
})

it('takes no window without an end in sight with WindowOutOfRange', async () => {
  const current = await lab().currentSlot()
  const most = (366 * 86_400_000) / lab().contracts.sampleMs
  const wrong: [number, number][] = [
    [current + 5, current + 5],
    [current + 5, current + 4],
    [current - 5, current],
    [current - 5, current + 1],
    [current + 5, current + 6 + most],
    [current + most + 10, current + most + 11],
  ]
  for (const [fromSlot, untilSlot] of wrong) {
    const terms = await desk().terms(AWAY, NEAR, { fromSlot, untilSlot })
    await refused(terms, 'WindowOutOfRange', { fromSlot: BigInt(fromSlot), untilSlot: BigInt(untilSlot) })
  }
  const whole = await desk().terms(AWAY, NEAR, { fromSlot: current + 5, untilSlot: current + 5 + most })
  expect(await lab().refusalOf(await desk().registerCall(whole))).toBeNull()
})

it('registers nothing when the reward cannot be escrowed', async () => {
  const terms = await desk().terms(AWAY, NEAR, { rewardMicroSct: FUNDS + 1n })
  const receipt = await lab().send(await desk().registerCall(terms))
  expect(receipt.status).toBe(0)
  await expectRefusal(lab(), lab().toMonitoring(AWAY, 'delegationOf', 1), 'DelegationUnknown')
  await lab().do(desk().toToken(AWAY, 'approve', lab().contracts.monitoring, MaxUint256))
  expect(await lab().send(await desk().registerCall(terms))).toMatchObject({ status: 0 })
  const free = await desk().terms(AWAY, NEAR, { rewardMicroSct: 0n })
  await lab().do(desk().toToken(AWAY, 'approve', lab().contracts.monitoring, 0))
  await lab().do(await desk().registerCall(free))
})

it('registers in one call whoever sends it, escrows the reward and tells it', async () => {
  const terms = await desk().terms(AWAY, NEAR)
  const receipt = await lab().do(await desk().registerCall(terms, homeAddress(77)))
  const told = eventsOf(receipt, monitoring, lab().contracts.monitoring)
  expect(told.map(({ name }) => name)).toEqual(['DelegationRegistered', 'OperationKeyPublished'])
  const { fromSlot, untilSlot } = terms
  expect(told[0]?.args).toMatchObject({
    id: 1n,
    delegator: AWAY,
    delegatee: NEAR,
    functions: 3n,
    fromSlot: BigInt(fromSlot),
    untilSlot: BigInt(untilSlot),
    reward: SCT,
    terms: terms.termsHash,
  })
  expect(told[1]?.args).toMatchObject({ home: NEAR, epoch: 1n, delegation: 1n })
  expect(await desk().balanceOf(AWAY)).toBe(FUNDS - SCT)
  expect(await desk().balanceOf(lab().contracts.monitoring)).toBe(SCT)
  expect(await lab().readMonitoring('newestDelegation', AWAY)).toEqual([
    1n,
    BigInt(fromSlot),
    BigInt(untilSlot),
  ])
  for (const home of MEMBERS.slice(1)) {
    expect(await lab().readMonitoring('newestDelegation', home)).toEqual([0n, 0n, 0n])
  }
})

it('begins with the next slot when it comes late', async () => {
  const current = await lab().currentSlot()
  const window = { fromSlot: current - 3, untilSlot: current + 20 }
  const terms = await desk().terms(AWAY, NEAR, window)
  const receipt = await lab().do(await desk().registerCall(terms))
  const first = (await lab().currentSlot()) + 1
  const [registered] = eventsOf(receipt, monitoring, lab().contracts.monitoring)
  expect(registered?.args).toMatchObject({ fromSlot: BigInt(first), untilSlot: BigInt(window.untilSlot) })
  expect((await desk().recipientOf(AWAY, first - 1))[1]).toBe(0n)
  expect((await desk().recipientOf(AWAY, first))[1]).toBe(1n)
  const [kept] = await lab().readMonitoring('delegationOf', 1)
  expect(Array.isArray(kept) ? kept.slice(0, 4) : kept).toEqual([AWAY, BigInt(first), 23n, 3n])
})

it('knows no delegation that was not registered with DelegationUnknown', async () => {
  await desk().register(AWAY, NEAR)
  const reads = ['delegationOf', 'endDelegation', 'returnReward']
  for (const name of reads) {
    await expectRefusal(lab(), lab().toMonitoring(NEAR, name, 2), 'DelegationUnknown', { given: 2n })
  }
  await expectRefusal(lab(), desk().claimCall(NEAR, 1, 2), 'DelegationUnknown')
  expect((await lab().readMonitoring('delegationKey', 2, 1))[0]).toBe(ZeroAddress)
})
