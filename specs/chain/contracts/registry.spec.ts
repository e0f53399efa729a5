import { concat, encodeBytes32String, hexlify, ZeroAddress, type Interface } from 'ethers'
import { expect, it } from 'vitest'
import {
  anyRecord,
  ContractLab,
  eventsOf,
  LAB_SETTINGS,
  monitoring,
  type Named,
} from '../../../bench/contract-lab.ts'
import { commitmentMonitoringBytecode } from '../../../chain/bindings/commitment-monitoring.gen.ts'
import { Fault } from '../../../protocols/rules/fault.ts'
import { encodePoint, G, keyId } from '../../../protocols/crypto/group.ts'
import { contractLab, expectRefusal, HOME, OTHER_HOME, STRANGER, passSlots } from './setting.ts'

const lab = contractLab()
const KEY = encodePoint(G.multiply(5n))
const NEW_KEY = encodePoint(G.multiply(13n))
/** The x coordinate 5 has no point on secp256k1. */
const NO_POINT = Uint8Array.from([2, ...new Uint8Array(31), 5])
const PROOF = new Uint8Array(64).fill(1)

async function creationRefusal(contract: Interface, code: string, args: unknown[]): Promise<Named | null> {
  const data = concat([code, contract.encodeDeploy(args)])
  try {
    await lab().rpc('eth_call', [{ from: STRANGER, data, gas: '0x1c9c380' }, 'latest'])
    return null
  } catch (thrown) {
    const revert = thrown instanceof Fault ? thrown.facts['data'] : null
    const error = typeof revert === 'string' ? contract.parseError(revert) : null
    return error === null ? null : { name: error.name, args: error.args.toObject() }
  }
}

/** Contracts of their own on the same chain, with no key announced yet. */
const freshLab = () => ContractLab.deploy(lab().chain, LAB_SETTINGS)

const made = (...args: unknown[]) => creationRefusal(monitoring, commitmentMonitoringBytecode, args)
const events = (receipt: Parameters<typeof eventsOf>[0], on: ContractLab = lab()) =>
  eventsOf(receipt, monitoring, on.contracts.monitoring)

it('refuses settings out of range with SettingOutOfRange', async () => {
  const { access: authority, token } = lab().contracts
  const wrong: [string, unknown[]][] = [
    ['sampleMs', [authority, token, 0, 30, 1]],
    ['sampleMs', [authority, token, 2 ** 32, 30, 1]],
    ['slotsPerBilling', [authority, token, 2000, 0, 1]],
    ['billingMs', [authority, token, 86_400_000, 367, 1]],
    ['length', [authority, token, 2000, 30, 0]],
    ['length', [authority, token, 2000, 30, 10_001]],
  ]
  for (const [name, args] of wrong) {
    const refused = await made(...args)
    expect(refused).toMatchObject({ name: 'SettingOutOfRange', args: { name: encodeBytes32String(name) } })
  }
  for (const length of [1, 10_000]) expect(await made(authority, token, 86_400_000, 366, length)).toBeNull()
})

it('refuses to be made without an authority or a token with ZeroAddress', async () => {
  const { access, token } = lab().contracts
  for (const [name, args] of [
    ['authority', [ZeroAddress, token]],
    ['token', [access, ZeroAddress]],
  ] as const) {
    const refused = await made(...args, 2000, 30, 1)
    expect(refused).toMatchObject({ name: 'ZeroAddress', args: { name: encodeBytes32String(name) } })
  }
})

it('leaves every managed function to the manager with AccessManagedUnauthorized', async () => {
  const managed: [string, unknown[]][] = [
    ['setCommunity', [HOME]],
    ['announceKeys', [2, KEY, KEY]],
    ['admit', [STRANGER, hexlify(PROOF.slice(0, 32))]],
    ['revoke', [HOME]],
    ['raiseAlarms', [1, [HOME], [HOME], [new Uint8Array(177)]]],
    ['publishTotal', [1, [HOME], [1, 2, 3], [1, 2, 3]]],
    ['voidReading', [HOME, 1, KEY, PROOF]],
  ]
  for (const [name, args] of managed) {
    await expectRefusal(lab(), lab().toMonitoring(HOME, name, ...args), 'AccessManagedUnauthorized')
  }
})

it('refuses bytes that are no point of the curve with NotAPoint', async () => {
  const field = encodePoint(G)
  field[0] = 4
  const beyond = Uint8Array.from([2, ...new Uint8Array(32).fill(0xff)])
  for (const bad of [NO_POINT, field, beyond, KEY.slice(1), new Uint8Array(0), new Uint8Array(33)]) {
    await expectRefusal(lab(), lab().asManager('announceKeys', 2, bad, KEY), 'NotAPoint', {
      given: hexlify(bad),
    })
    await expectRefusal(lab(), lab().asManager('announceKeys', 2, KEY, bad), 'NotAPoint')
  }
})

it('takes any first epoch and then only the next with EpochNotNext', async () => {
  for (const epoch of [0, 1, 3]) {
    const call = lab().asManager('announceKeys', epoch, KEY, KEY)
    await expectRefusal(lab(), call, 'EpochNotNext', { given: BigInt(epoch), expected: 2n })
  }
  const fresh = await freshLab()
  expect(await fresh.refusalOf(fresh.asManager('announceKeys', 9, KEY, KEY))).toBeNull()
})

it('keeps the keys of every epoch and says so', async () => {
  const receipt = await lab().do(lab().asManager('announceKeys', 2, KEY, NEW_KEY))
  const args = { epoch: 2n, operationKey: hexlify(KEY), delegationBase: hexlify(NEW_KEY) }
  expect(events(receipt)).toEqual([{ name: 'CommunityKeysAnnounced', args }])
  expect(await lab().readMonitoring('currentEpoch')).toEqual([2n])
  const now = BigInt(await lab().currentSlot())
  expect(await lab().readMonitoring('communityKeys', 2)).toEqual([hexlify(KEY), hexlify(NEW_KEY), now])
  const [first] = await lab().readMonitoring('communityKeys', 1)
  expect(first).toBe(hexlify(encodePoint(lab().operationKey)))
  expect((await lab().readMonitoring('communityKeys', 3))[0]).toBe('0x')
})

it('knows no recipient before the first key with NoCommunityKey', async () => {
  const fresh = await freshLab()
  await expectRefusal(fresh, fresh.toMonitoring(HOME, 'expectedRecipient', HOME, 1, 0), 'NoCommunityKey')
})

it('accepts the epoch before for slots up to the end of the grace', async () => {
  await lab().do(lab().asManager('announceKeys', 2, NEW_KEY, KEY))
  const last = (await lab().currentSlot()) + 64
  const expected = async (slot: number, epoch: number) =>
    (await lab().readMonitoring('expectedRecipient', HOME, slot, epoch))[0]
  expect(await expected(last, 1)).toBe(lab().recipient)
  expect(await expected(last, 2)).toBe(keyId(G.multiply(13n)))
  const late = lab().toMonitoring(HOME, 'expectedRecipient', HOME, last + 1, 1)
  await expectRefusal(lab(), late, 'EpochNotAccepted', { given: 1n, current: 2n, lastSlot: BigInt(last) })
  const [first, second] = [anyRecord(last - 64, 1), anyRecord(last - 63, 2, 'new', 2)]
  await lab().do(lab().submitCall(HOME, [first]))
  await lab().do(lab().submitCall(HOME, [second], keyId(G.multiply(13n))))
})

it('takes the readings of each epoch for its own slots, however many epochs later they come', async () => {
  const keys = [lab().recipient, keyId(G.multiply(13n)), keyId(G.multiply(5n))]
  const lasts: number[] = []
  for (const [epoch, key] of [
    [2, NEW_KEY],
    [3, KEY],
  ] as const) {
    await passSlots(lab(), 90)
    await lab().do(lab().asManager('announceKeys', epoch, key, KEY))
    lasts.push((await lab().currentSlot()) + 64)
  }
  const [first = 0, second = 0] = lasts
  const expected = (slot: number, epoch: number) =>
    lab().toMonitoring(HOME, 'expectedRecipient', HOME, slot, epoch)
  await expectRefusal(lab(), expected(first + 1, 1), 'EpochNotAccepted', { lastSlot: BigInt(first) })
  await expectRefusal(lab(), expected(second + 1, 2), 'EpochNotAccepted', { lastSlot: BigInt(second) })
  const due = [anyRecord(first, 1), anyRecord(second - 64, 2, 'b', 2), anyRecord(second - 63, 3, 'c', 3)]
  for (const [index, record] of due.entries()) await lab().do(lab().submitCall(HOME, [record], keys[index]))
  expect(await lab().readMonitoring('count', HOME)).toEqual([3n])
})

it('refuses an epoch that never was, or is not yet, with EpochNotAccepted', async () => {
  await lab().do(lab().asManager('announceKeys', 2, NEW_KEY, KEY))
  const slot = await lab().currentSlot()
  for (const epoch of [0, 3, 2 ** 32 - 1]) {
    const call = lab().submitCall(HOME, [anyRecord(slot, 1, 'x', epoch)])
    await expectRefusal(lab(), call, 'EpochNotAccepted', { given: BigInt(epoch), current: 2n })
  }
})

it('refuses a community of address zero with ZeroAddress', async () => {
  await expectRefusal(lab(), lab().asManager('setCommunity', `0x${'0'.repeat(40)}`), 'ZeroAddress')
  const receipt = await lab().do(lab().asManager('setCommunity', STRANGER))
  expect(events(receipt)[0]?.name).toBe('CommunitySet')
  const [community] = await lab().readMonitoring('community')
  expect(String(community).toLowerCase()).toBe(STRANGER)
})

it('admits a home once with AlreadyAdmitted', async () => {
  const peer = hexlify(PROOF.slice(0, 32))
  await expectRefusal(lab(), lab().asManager('admit', HOME, peer), 'AlreadyAdmitted')
  await expectRefusal(lab(), lab().asManager('admit', `0x${'0'.repeat(40)}`, peer), 'ZeroAddress')
})

it('keeps the peer key of an admitted home', async () => {
  const peer = hexlify(PROOF.slice(0, 32))
  const receipt = await lab().do(lab().asManager('admit', STRANGER, peer))
  expect(events(receipt)).toMatchObject([{ name: 'HomeAdmitted', args: { peerKey: peer } }])
  expect(await lab().readMonitoring('peerKeyOf', STRANGER)).toEqual([peer])
  expect(await lab().readMonitoring('isAdmitted', STRANGER)).toEqual([true])
})

it('revokes only members with NotAdmitted', async () => {
  await expectRefusal(lab(), lab().asManager('revoke', STRANGER), 'NotAdmitted')
})

it('ends a membership with its key, and keeps its history', async () => {
  const slot = await lab().currentSlot()
  await lab().do(lab().submitCall(HOME, [anyRecord(slot, 1)]))
  const receipt = await lab().do(lab().asManager('revoke', HOME))
  expect(events(receipt)[0]?.name).toBe('HomeRevoked')
  await expectRefusal(lab(), lab().submitCall(HOME, [anyRecord(slot + 1, 2)]), 'NotAdmitted')
  expect((await lab().readMonitoring('operationKey', HOME))[1]).toBe('0x')
  await lab().do(lab().asManager('admit', HOME, hexlify(PROOF.slice(0, 32))))
  await expectRefusal(lab(), lab().submitCall(HOME, [anyRecord(slot + 1, 2)]), 'KeyNotPublished')
  await lab().do(lab().toMonitoring(HOME, 'publishKey', ...(await lab().keyOf(HOME))))
  await expectRefusal(lab(), lab().submitCall(HOME, [anyRecord(slot, 2)]), 'SlotNotRising')
  expect(await lab().readMonitoring('count', HOME)).toEqual([1n])
})

it('takes keys of members only with NotAdmitted', async () => {
  const call = lab().toMonitoring(STRANGER, 'publishKey', ...(await lab().keyOf(STRANGER)))
  await expectRefusal(lab(), call, 'NotAdmitted')
})

it("takes a key only with the community's signature with NotSignedByCommunity", async () => {
  const [, , key, signature, proof] = await lab().keyOf(HOME)
  const [, , otherKey, otherSignature] = await lab().keyOf(OTHER_HOME)
  await lab().do(lab().asManager('announceKeys', 2, NEW_KEY, KEY))
  const wrong = [
    [1, 0, otherKey, signature, proof],
    [1, 0, key, otherSignature, proof],
    [2, 0, key, signature, proof],
  ]
  for (const args of wrong) {
    const call = lab().toMonitoring(HOME, 'publishKey', ...args)
    await expectRefusal(lab(), call, 'NotSignedByCommunity', { community: lab().manager.address })
  }
  const call = lab().toMonitoring(HOME, 'publishKey', 1, 0, key, signature, proof)
  expect(await lab().refusalOf(call)).toBeNull()
  const garbled = lab().toMonitoring(HOME, 'publishKey', 1, 0, key, new Uint8Array(64), proof)
  await expectRefusal(lab(), garbled, 'ECDSAInvalidSignatureLength')
})

it('refuses a key for an unknown delegation with DelegationUnknown', async () => {
  const call = lab().toMonitoring(HOME, 'publishKey', ...(await lab().keyOf(HOME, 1, 4)))
  await expectRefusal(lab(), call, 'DelegationUnknown', { given: 4n })
})

it('refuses a proof of another length with WrongLength', async () => {
  const [epoch, delegation, key, signature] = await lab().keyOf(HOME)
  for (const length of [0, 63, 65]) {
    const args = [epoch, delegation, key, signature, new Uint8Array(length)]
    const call = lab().toMonitoring(HOME, 'publishKey', ...args)
    await expectRefusal(lab(), call, 'WrongLength', { given: BigInt(length), expected: 64n })
  }
})

it('keeps the key with its id and says so', async () => {
  await lab().do(lab().asManager('announceKeys', 2, NEW_KEY, KEY))
  await passSlots(lab(), 70)
  const [epoch, delegation, key, signature, proof] = await lab().keyOf(HOME, 2)
  const args = [epoch, delegation, key, signature, proof]
  const receipt = await lab().do(lab().toMonitoring(HOME, 'publishKey', ...args))
  const shown = { epoch: 2n, delegation: 0n, proof: hexlify(PROOF) }
  expect(events(receipt)).toMatchObject([{ name: 'OperationKeyPublished', args: shown }])
  const point = G.multiply((BigInt(HOME) % 1_000_003n) + 2n)
  const kept = await lab().readMonitoring('operationKey', HOME)
  expect(kept).toEqual([2n, hexlify(encodePoint(point)), keyId(point)])
  const old = lab().toMonitoring(HOME, 'publishKey', ...(await lab().keyOf(HOME, 1)))
  await expectRefusal(lab(), old, 'EpochNotAccepted')
})
