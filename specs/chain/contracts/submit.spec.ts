import { hexlify } from 'ethers'
import { expect, it } from 'vitest'
import { anyRecord, ContractLab, eventsOf, LAB_SETTINGS, monitoring } from '../../../bench/contract-lab.ts'
import { packRecords, recordDigest } from '../../../protocols/messages/record.ts'
import { contractLab, expectRefusal, HOME, OTHER_HOME, STRANGER } from './setting.ts'

const lab = contractLab({ slotsPerBilling: 10 })
const row = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => anyRecord(from + index, index + 1))

it('refuses bytes that are not 1 to 16 records with RecordsLength', async () => {
  const slot = await lab().currentSlot()
  const sixteen = packRecords(row(slot - 20, 16))
  const wrong = [new Uint8Array(0), sixteen.subarray(0, 292), sixteen.subarray(0, 294)]
  wrong.push(new Uint8Array([...sixteen, ...sixteen.subarray(0, 293)]))
  for (const bytes of wrong) {
    const call = lab().toMonitoring(HOME, 'submit', lab().recipient, bytes)
    await expectRefusal(lab(), call, 'RecordsLength', { given: BigInt(bytes.length), each: 293n, most: 16n })
  }
  expect(await lab().refusalOf(lab().toMonitoring(HOME, 'submit', lab().recipient, sixteen))).toBeNull()
})

it('takes readings of members only with NotAdmitted', async () => {
  const slot = await lab().currentSlot()
  await expectRefusal(lab(), lab().submitCall(STRANGER, [anyRecord(slot, 1)]), 'NotAdmitted', {})
})

it('takes readings only after a key was published with KeyNotPublished', async () => {
  await lab().do(lab().asManager('admit', STRANGER, `0x${'11'.repeat(32)}`))
  const slot = await lab().currentSlot()
  await expectRefusal(lab(), lab().submitCall(STRANGER, [anyRecord(slot, 1)]), 'KeyNotPublished')
})

it('refuses a slot that does not rise, in a call and between calls, with SlotNotRising', async () => {
  const slot = await lab().currentSlot()
  const twice = [anyRecord(slot, 1), anyRecord(slot, 2)]
  await expectRefusal(lab(), lab().submitCall(HOME, twice), 'SlotNotRising', { given: BigInt(slot) })
  await lab().do(lab().submitCall(HOME, [anyRecord(slot, 1)]))
  for (const next of [slot, slot - 1, 0]) {
    const call = lab().submitCall(HOME, [anyRecord(next, 2)])
    await expectRefusal(lab(), call, 'SlotNotRising', { given: BigInt(next), newest: BigInt(slot) })
  }
  expect(await lab().refusalOf(lab().submitCall(OTHER_HOME, [anyRecord(slot, 1)]))).toBeNull()
})

it('refuses a sequence that does not rise with SequenceNotRising', async () => {
  const slot = await lab().currentSlot()
  await lab().do(lab().submitCall(HOME, [anyRecord(slot - 1, 0)]))
  await lab().do(lab().submitCall(HOME, [anyRecord(slot, 7)]))
  for (const sequence of [0, 6, 7]) {
    const call = lab().submitCall(HOME, [anyRecord(slot + 1, sequence)])
    await expectRefusal(lab(), call, 'SequenceNotRising', { given: BigInt(sequence), newest: 7n })
  }
  expect(await lab().refusalOf(lab().submitCall(HOME, [anyRecord(slot + 1, 2 ** 32 - 1)]))).toBeNull()
})

it('takes a slot as far ahead as clocks may differ and not one more with SlotAhead', async () => {
  const hourly = await ContractLab.deploy(lab().chain, { ...LAB_SETTINGS, sampleMs: 3_600_000 })
  await hourly.found([HOME])
  const furthest = (await hourly.currentSlot()) + 64
  expect(await hourly.refusalOf(hourly.submitCall(HOME, [anyRecord(furthest, 1)]))).toBeNull()
  const call = hourly.submitCall(HOME, [anyRecord(furthest + 1, 1)])
  const args = { given: BigInt(furthest + 1), furthest: BigInt(furthest) }
  await expectRefusal(hourly, call, 'SlotAhead', args)
})

it('allows for clocks the larger of 64 slots and a minute', async () => {
  for (const [sampleMs, slots] of [
    [2000, 64n],
    [900, 67n],
    [100, 600n],
  ] as const) {
    const made = await ContractLab.deploy(lab().chain, { ...LAB_SETTINGS, sampleMs })
    expect(await made.readMonitoring('graceSlots')).toEqual([slots])
  }
})

it('refuses a first slot of period zero with SlotTooOld', async () => {
  const call = lab().submitCall(HOME, [anyRecord(9, 1)])
  await expectRefusal(lab(), call, 'SlotTooOld', { given: 9n, oldest: 10n })
  expect(await lab().refusalOf(lab().submitCall(HOME, [anyRecord(10, 1)]))).toBeNull()
})

it('refuses another recipient with WrongRecipient', async () => {
  const slot = await lab().currentSlot()
  const call = lab().submitCall(HOME, [anyRecord(slot, 1)], STRANGER)
  await expectRefusal(lab(), call, 'WrongRecipient', { expected: lab().recipient })
})

it('takes all records of a call or none', async () => {
  const slot = await lab().currentSlot()
  const records = [anyRecord(slot, 1), anyRecord(slot + 1, 2), anyRecord(slot + 1, 3)]
  const receipt = await lab().send(lab().submitCall(HOME, records))
  expect(receipt.status).toBe(0)
  expect(await lab().readMonitoring('count', HOME)).toEqual([0n])
})

it('tells each record whole in the log', async () => {
  const slot = await lab().currentSlot()
  const records = row(slot, 3)
  const receipt = await lab().do(lab().submitCall(HOME, records))
  const told = eventsOf(receipt, monitoring, lab().contracts.monitoring).filter(
    ({ name }) => name === 'Reading',
  )
  const args = records.map((record) => ({
    slot: BigInt(record.slot),
    sequence: BigInt(record.sequence),
    epoch: 1n,
    delegation: 0n,
    extended: hexlify(record.extended),
    payload: hexlify(record.payload),
  }))
  expect(told.map((event) => event.args)).toMatchObject(args)
})

it('keeps the digest that the interface defines', async () => {
  const slot = await lab().currentSlot()
  const record = anyRecord(slot, 1)
  await lab().do(lab().submitCall(HOME, [record]))
  const digest = hexlify(recordDigest({ home: HOME, delegation: 0 }, record))
  expect(await lab().readMonitoring('newest', HOME)).toEqual([BigInt(slot), 1n, digest])
  expect(await lab().readMonitoring('recordAt', HOME, 0)).toEqual([digest])
})

it('gives nothing beyond what it keeps with NoRecord', async () => {
  const slot = await lab().currentSlot()
  const read = (name: string, at: number) => lab().toMonitoring(HOME, name, HOME, at)
  await expectRefusal(lab(), lab().toMonitoring(HOME, 'newest', HOME), 'NoRecord')
  await lab().do(lab().submitCall(HOME, row(slot, 4)))
  await expectRefusal(lab(), read('at', 4), 'NoRecord', { index: 4n })
  await lab().do(lab().submitCall(HOME, [anyRecord(slot + 4, 5), anyRecord(slot + 5, 6)]))
  expect(await lab().refusalOf(read('at', 4))).toBeNull()
  await expectRefusal(lab(), read('at', 5), 'NoRecord')
  await expectRefusal(lab(), read('essentialAt', 5), 'NoRecord')
  await expectRefusal(lab(), read('recordAt', 0), 'NoRecord')
  await expectRefusal(lab(), read('recordAt', 6), 'NoRecord')
})

it('gives no payload in the commitment profile', async () => {
  const slot = await lab().currentSlot()
  await lab().do(lab().submitCall(HOME, [anyRecord(slot, 1)]))
  expect(await lab().readMonitoring('essentialAt', HOME, 0)).toEqual(['0x'])
})

it('gives back the newest L payloads byte by byte in the storage profile', async () => {
  const stored = await ContractLab.deploy(lab().chain, { ...LAB_SETTINGS, profile: 'storage', L: 3 })
  await stored.found([HOME])
  const slot = await stored.currentSlot()
  const records = row(slot, 8)
  for (const part of [records.slice(0, 1), records.slice(1, 6), records.slice(6)]) {
    await stored.do(stored.submitCall(HOME, part))
  }
  for (const [index, record] of records.slice(-3).reverse().entries()) {
    expect(await stored.readMonitoring('essentialAt', HOME, index)).toEqual([hexlify(record.payload)])
    const digest = hexlify(recordDigest({ home: HOME, delegation: 0 }, record))
    expect(await stored.readMonitoring('at', HOME, index)).toEqual([digest])
  }
})
