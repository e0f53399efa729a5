import { hexlify } from 'ethers'
import { expect, it } from 'vitest'
import { anyRecord, eventsOf, monitoring } from '../../../bench/contract-lab.ts'
import { encodePoint, G } from '../../../protocols/crypto/group.ts'
import { recordDigest, type ChainRecord } from '../../../protocols/messages/record.ts'
import { contractLab, expectRefusal, HOME } from './setting.ts'

const lab = contractLab({ slotsPerBilling: 10 })
const anchor = async (period: number) => lab().readMonitoring('anchor', HOME, period)
const stands = async (kept: number, period: number) =>
  (await lab().readMonitoring('standsFor', HOME, kept, period))[0]
const digestOf = (record: ChainRecord) => hexlify(recordDigest({ home: HOME, delegation: 0 }, record))
const kem = encodePoint(G.multiply(3n))
const voiding = (slot: number) => lab().asManager('voidReading', HOME, slot, kem, new Uint8Array(64))
/** The first slot of a period some 20 periods ago. */
const firstPeriod = async () => Math.floor((await lab().currentSlot()) / 10) - 20

it('keeps the first record as the baseline of the period before', async () => {
  const period = await firstPeriod()
  const first = anyRecord(period * 10 + 3, 1)
  const receipt = await lab().do(lab().submitCall(HOME, [first]))
  expect(await anchor(period - 1)).toEqual([digestOf(first), BigInt(first.slot), BigInt(period)])
  const told = eventsOf(receipt, monitoring, lab().contracts.monitoring)
  expect(told[0]).toMatchObject({ name: 'AnchorKept', args: { period: BigInt(period - 1) } })
  expect(await anchor(period)).toEqual([`0x${'0'.repeat(64)}`, 0n, 0n])
})

it('keeps the last record of the period that ended, with the period that follows', async () => {
  const period = await firstPeriod()
  const records = [3, 5, 9].map((slot, index) => anyRecord(period * 10 + slot, index + 1))
  await lab().do(lab().submitCall(HOME, records))
  await lab().do(lab().submitCall(HOME, [anyRecord((period + 1) * 10, 4)]))
  expect(await anchor(period)).toEqual([
    digestOf(records[2] ?? anyRecord(0, 0)),
    BigInt(period * 10 + 9),
    BigInt(period + 1),
  ])
})

it('lets an anchor stand for the periods in which nothing came', async () => {
  const period = await firstPeriod()
  await lab().do(lab().submitCall(HOME, [anyRecord(period * 10, 1), anyRecord((period + 4) * 10, 2)]))
  for (const [at, expected] of [
    [-1, false],
    [0, true],
    [3, true],
    [4, false],
  ] as const) {
    expect(await stands(period, period + at)).toBe(expected)
  }
  expect(await stands(period - 1, period - 1)).toBe(true)
  expect(await stands(period - 1, period)).toBe(false)
  expect(await stands(period + 1, period + 1)).toBe(false)
})

it('lets the anchor before stand for a void one', async () => {
  const period = await firstPeriod()
  const records = [0, 1, 2, 3].map((at) => anyRecord((period + at) * 10, at + 1))
  await lab().do(lab().submitCall(HOME, records))
  await lab().do(voiding((period + 1) * 10))
  expect(await stands(period, period + 1)).toBe(true)
  expect(await stands(period, period + 2)).toBe(false)
  expect(await stands(period + 1, period + 1)).toBe(false)
  expect(await stands(period + 2, period + 2)).toBe(true)
})

it('looks past sixteen void anchors and no further', async () => {
  const period = await firstPeriod()
  const records = Array.from({ length: 20 }, (_, at) => anyRecord((period + at) * 10, at + 1))
  await lab().do(lab().submitCall(HOME, records.slice(0, 10)))
  await lab().do(lab().submitCall(HOME, records.slice(10)))
  for (let at = 1; at <= 16; at += 1) await lab().do(voiding((period + at) * 10))
  expect(await stands(period, period + 16)).toBe(true)
  await lab().do(voiding((period + 17) * 10))
  expect(await stands(period, period + 17)).toBe(false)
  expect(await stands(period, period + 16)).toBe(true)
})

it('refuses to void a slot that never came with SlotNotSubmitted', async () => {
  const slot = await lab().currentSlot()
  await expectRefusal(lab(), voiding(slot), 'SlotNotSubmitted')
  await lab().do(lab().submitCall(HOME, [anyRecord(slot, 1)]))
  await expectRefusal(lab(), voiding(slot + 1), 'SlotNotSubmitted')
  await expectRefusal(lab(), voiding(0), 'SlotNotSubmitted')
})

it('voids a slot once with AlreadyVoid', async () => {
  const slot = await lab().currentSlot()
  await lab().do(lab().submitCall(HOME, [anyRecord(slot, 1)]))
  const receipt = await lab().do(voiding(slot))
  expect(eventsOf(receipt, monitoring, lab().contracts.monitoring)).toMatchObject([
    { name: 'ReadingVoided', args: { slot: BigInt(slot), kemPoint: hexlify(kem) } },
  ])
  await expectRefusal(lab(), voiding(slot), 'AlreadyVoid')
})

it('refuses a malformed proof of a void reading with NotAPoint and WrongLength', async () => {
  const slot = await lab().currentSlot()
  await lab().do(lab().submitCall(HOME, [anyRecord(slot, 1)]))
  const call = (point: Uint8Array, proof: Uint8Array) =>
    lab().asManager('voidReading', HOME, slot, point, proof)
  await expectRefusal(lab(), call(kem.subarray(1), new Uint8Array(64)), 'NotAPoint')
  await expectRefusal(lab(), call(kem, new Uint8Array(65)), 'WrongLength')
})
