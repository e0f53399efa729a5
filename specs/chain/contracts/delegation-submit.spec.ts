import { expect, it } from 'vitest'
import { anyRecord, eventsOf, monitoring } from '../../../bench/contract-lab.ts'
import { encodePoint, G, keyId } from '../../../protocols/crypto/group.ts'
import { AWAY, delegationLab, NEAR, NEXT } from './delegations.ts'
import { expectRefusal, passSlots } from './setting.ts'

const desk = delegationLab()
const lab = () => desk().lab
const envelope = new Uint8Array(177).fill(7)
const ownKeyId = async (home: string) => String((await lab().readMonitoring('operationKey', home))[2])

/** Goes on until the block's slot is this one. */
const passTo = async (slot: number) => passSlots(lab(), slot - (await lab().currentSlot()))

const raise = (recipient: string) => lab().asManager('raiseAlarms', 1, [AWAY], [recipient], [envelope])
const raiseOwn = (recipient: string) => lab().toMonitoring(AWAY, 'raiseOwnAlarm', 1, recipient, envelope)

it('expects the delegation key from first slot to last, and no other, with WrongRecipient', async () => {
  const { fromSlot, untilSlot } = await desk().register(AWAY, NEAR)
  const key = await desk().keyIdOf(1)
  expect(new Set([key, lab().recipient, await ownKeyId(NEAR), await ownKeyId(AWAY)]).size).toBe(4)
  for (const slot of [fromSlot, untilSlot - 1]) {
    for (const wrong of [lab().recipient, await ownKeyId(NEAR), await ownKeyId(AWAY)]) {
      const call = lab().submitCall(AWAY, [anyRecord(slot, 1)], wrong)
      await expectRefusal(lab(), call, 'WrongRecipient', { given: wrong, expected: key })
    }
    expect(await lab().refusalOf(lab().submitCall(AWAY, [anyRecord(slot, 1)], key))).toBeNull()
    expect(await desk().recipientOf(AWAY, slot)).toEqual([key, 1n])
  }
  const receipt = await lab().do(lab().submitCall(AWAY, [anyRecord(fromSlot, 1)], key))
  const told = eventsOf(receipt, monitoring, lab().contracts.monitoring)
  expect(told.find(({ name }) => name === 'Reading')?.args).toMatchObject({ delegation: 1n })
})

it('refuses the delegation key outside the window with WrongRecipient', async () => {
  const { fromSlot, untilSlot } = await desk().register(AWAY, NEAR)
  const key = await desk().keyIdOf(1)
  for (const slot of [fromSlot - 1, untilSlot, untilSlot + 1]) {
    const call = lab().submitCall(AWAY, [anyRecord(slot, 1)], key)
    await expectRefusal(lab(), call, 'WrongRecipient', { given: key, expected: lab().recipient })
    expect(await lab().refusalOf(lab().submitCall(AWAY, [anyRecord(slot, 1)]))).toBeNull()
  }
  for (const home of [NEAR, NEXT]) {
    const call = lab().submitCall(home, [anyRecord(fromSlot, 1)], key)
    await expectRefusal(lab(), call, 'WrongRecipient', { expected: lab().recipient })
  }
  const across = [anyRecord(untilSlot - 1, 1), anyRecord(untilSlot, 2)]
  await expectRefusal(lab(), lab().submitCall(AWAY, across, key), 'WrongRecipient')
})

it('leaves readings with the community when only alarms are delegated', async () => {
  const { fromSlot } = await desk().register(AWAY, NEAR, { functions: ['alarms'] })
  const key = await desk().keyIdOf(1)
  expect(await desk().recipientOf(AWAY, fromSlot)).toEqual([lab().recipient, 0n])
  await passTo(fromSlot)
  expect(await lab().readMonitoring('alarmRecipient', AWAY)).toEqual([key, 1n, 1n])
})

it('leaves alarms with the home when only readings are delegated', async () => {
  const { fromSlot } = await desk().register(AWAY, NEAR, { functions: ['readings'] })
  await passTo(fromSlot)
  expect(await desk().recipientOf(AWAY, fromSlot)).toEqual([await desk().keyIdOf(1), 1n])
  expect(await lab().readMonitoring('alarmRecipient', AWAY)).toEqual([await ownKeyId(AWAY), 1n, 0n])
})

it('wants alarms sealed to the delegatee inside the window, and to the home outside it', async () => {
  const { fromSlot, untilSlot } = await desk().register(AWAY, NEAR)
  const [key, own] = [await desk().keyIdOf(1), await ownKeyId(AWAY)]
  const expected = async (right: string, wrong: string) => {
    for (const call of [raise, raiseOwn]) {
      await expectRefusal(lab(), call(wrong), 'WrongRecipient', { given: wrong, expected: right })
      expect(await lab().refusalOf(call(right))).toBeNull()
    }
  }
  await expected(own, key)
  await passTo(fromSlot)
  await expected(key, own)
  const receipt = await lab().do(raise(key))
  const [told] = eventsOf(receipt, monitoring, lab().contracts.monitoring)
  expect(told).toMatchObject({ name: 'Alarm', args: { number: 1n, epoch: 1n, delegation: 1n } })
  await passTo(untilSlot)
  const later = lab().asManager('raiseAlarms', 2, [AWAY], [key], [envelope])
  await expectRefusal(lab(), later, 'WrongRecipient', { given: key, expected: own })
})

/** Announces the keys of the next epoch. */
async function announceEpoch(): Promise<string> {
  const [operation, base] = [G.multiply(17n), G.multiply(19n)]
  await lab().do(lab().asManager('announceKeys', 2, encodePoint(operation), encodePoint(base)))
  return keyId(operation)
}

it('goes back to the community until the delegatee has its key of the new epoch', async () => {
  const { fromSlot } = await desk().register(AWAY, NEAR)
  await passTo(fromSlot)
  const community = await announceEpoch()
  const slot = fromSlot + 3
  expect(await desk().recipientOf(AWAY, slot, 2)).toEqual([community, 0n])
  expect(await desk().recipientOf(AWAY, slot, 1)).toEqual([await desk().keyIdOf(1), 1n])
  expect(await lab().readMonitoring('alarmRecipient', AWAY)).toEqual([await desk().keyIdOf(1), 1n, 1n])
  await lab().do(lab().toMonitoring(NEAR, 'publishKey', ...(await lab().keyOf(NEAR, 2, 1))))
  const [key, first] = await lab().readMonitoring('delegationKey', 1, 2)
  expect(first).toBe(BigInt((await lab().currentSlot()) + 1))
  expect(await desk().recipientOf(AWAY, Number(first), 2)).toEqual([key, 1n])
  expect(await desk().recipientOf(AWAY, Number(first) - 1, 2)).toEqual([community, 0n])
  expect(await lab().readMonitoring('alarmRecipient', AWAY)).toEqual([key, 2n, 1n])
})

it('takes one key a delegation and epoch, of its delegatee only, with DelegationKeyed', async () => {
  const { untilSlot } = await desk().register(AWAY, NEAR)
  const publish = async (home: string, epoch: number) =>
    lab().toMonitoring(home, 'publishKey', ...(await lab().keyOf(home, epoch, 1)))
  await expectRefusal(lab(), await publish(NEAR, 1), 'DelegationKeyed', { id: 1n, epoch: 1n })
  await announceEpoch()
  for (const home of [AWAY, NEXT]) {
    await expectRefusal(lab(), await publish(home, 2), 'DelegationUnknown', { given: 1n })
  }
  expect(await lab().refusalOf(await publish(NEAR, 2))).toBeNull()
  await passTo(untilSlot - 1)
  await expectRefusal(lab(), await publish(NEAR, 2), 'DelegationOver', { untilSlot: BigInt(untilSlot) })
})

it('follows the slot of a reading and not the block that carries it', async () => {
  const { fromSlot, untilSlot } = await desk().register(AWAY, NEAR)
  const key = await desk().keyIdOf(1)
  await passTo(untilSlot + 40)
  await lab().do(lab().submitCall(AWAY, [anyRecord(fromSlot - 1, 1)]))
  await lab().do(lab().submitCall(AWAY, [anyRecord(fromSlot, 2), anyRecord(untilSlot - 1, 3)], key))
  await lab().do(lab().submitCall(AWAY, [anyRecord(untilSlot, 4)]))
})
