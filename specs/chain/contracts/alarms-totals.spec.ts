import { AbiCoder, hexlify, keccak256 } from 'ethers'
import { expect, it } from 'vitest'
import { eventsOf, monitoring, type LabReceipt } from '../../../bench/contract-lab.ts'
import { contractLab, expectRefusal, HOME, HOMES, OTHER_HOME, STRANGER } from './setting.ts'

const lab = contractLab()
const envelope = (fill: number) => new Uint8Array(177).fill(fill)
const told = (receipt: LabReceipt) => eventsOf(receipt, monitoring, lab().contracts.monitoring)
const TOTALS = [900, 20, 123_456]
const BLINDINGS = [1, 2, 3]
const rising = [...HOMES].sort()
const total = (period: number, homes: readonly string[]) =>
  lab().asManager('publishTotal', period, homes, TOTALS, BLINDINGS)

it('refuses lists of other lengths with LengthsDiffer and empty ones with NoHomes', async () => {
  const uneven = lab().asManager('raiseAlarms', 1, [HOME, OTHER_HOME], [envelope(1)])
  await expectRefusal(lab(), uneven, 'LengthsDiffer', { first: 2n, second: 1n })
  await expectRefusal(lab(), lab().asManager('raiseAlarms', 1, [], []), 'NoHomes')
})

it('raises an alarm once, under the number it was sealed to, with AlarmNumber', async () => {
  const call = lab().asManager('raiseAlarms', 1, [HOME], [envelope(1)])
  await lab().do(call)
  await expectRefusal(lab(), call, 'AlarmNumber', { given: 1n, next: 2n })
  await expectRefusal(lab(), lab().asManager('raiseAlarms', 3, [HOME], [envelope(1)]), 'AlarmNumber')
  await lab().do(lab().toMonitoring(HOME, 'raiseOwnAlarm', 1, envelope(2)))
  const again = lab().toMonitoring(HOME, 'raiseOwnAlarm', 1, envelope(2))
  await expectRefusal(lab(), again, 'AlarmNumber', { given: 1n, next: 2n })
})

it('refuses an alarm of another length with WrongLength', async () => {
  for (const length of [0, 176, 178]) {
    const bytes = new Uint8Array(length)
    const call = lab().asManager('raiseAlarms', 1, [HOME, OTHER_HOME], [envelope(1), bytes])
    await expectRefusal(lab(), call, 'WrongLength', { given: BigInt(length), expected: 177n })
    await expectRefusal(lab(), lab().toMonitoring(HOME, 'raiseOwnAlarm', 1, bytes), 'WrongLength')
  }
})

it('refuses an alarm for a home without a key with KeyNotPublished', async () => {
  await expectRefusal(lab(), lab().asManager('raiseAlarms', 1, [STRANGER], [envelope(1)]), 'NotAdmitted')
  await lab().do(lab().asManager('admit', STRANGER, `0x${'22'.repeat(32)}`))
  await expectRefusal(lab(), lab().asManager('raiseAlarms', 1, [STRANGER], [envelope(1)]), 'KeyNotPublished')
  await expectRefusal(lab(), lab().toMonitoring(STRANGER, 'raiseOwnAlarm', 1, envelope(1)), 'KeyNotPublished')
})

it("numbers the community's alarms and each home's own apart", async () => {
  const first = await lab().do(
    lab().asManager('raiseAlarms', 1, [HOME, OTHER_HOME], [envelope(1), envelope(2)]),
  )
  expect(told(first)).toMatchObject([
    { name: 'Alarm', args: { number: 1n, epoch: 1n, envelope: hexlify(envelope(1)) } },
    { name: 'Alarm', args: { number: 2n, epoch: 1n, envelope: hexlify(envelope(2)) } },
  ])
  const own = await lab().do(lab().toMonitoring(OTHER_HOME, 'raiseOwnAlarm', 1, envelope(3)))
  expect(told(own)).toMatchObject([
    { name: 'OwnAlarm', args: { number: 1n, envelope: hexlify(envelope(3)) } },
  ])
  expect(await lab().readMonitoring('nextAlarm')).toEqual([3n])
  expect(await lab().readMonitoring('nextOwnAlarm', OTHER_HOME)).toEqual([2n])
  expect(await lab().readMonitoring('nextOwnAlarm', HOME)).toEqual([1n])
})

it('takes the total of a period once with TotalAlreadyPublished', async () => {
  await lab().do(total(7, rising))
  await expectRefusal(lab(), total(7, rising), 'TotalAlreadyPublished', { period: 7n })
  expect(await lab().refusalOf(total(8, rising))).toBeNull()
})

it('refuses homes that are none with NoHomes or do not rise with HomesNotRising', async () => {
  await expectRefusal(lab(), total(7, []), 'NoHomes')
  await expectRefusal(lab(), total(7, [...rising].reverse()), 'HomesNotRising', { index: 1n })
  const twice = [...rising, ...rising.slice(-1)]
  await expectRefusal(lab(), total(7, twice), 'HomesNotRising', { index: 3n })
})

it('keeps the digest of a total and tells it whole', async () => {
  const receipt = await lab().do(total(7, rising))
  expect(told(receipt)).toMatchObject([
    { name: 'TotalPublished', args: { period: 7n, totals: TOTALS.map(BigInt) } },
  ])
  const types = ['address[]', 'uint64[3]', 'uint256[3]']
  const digest = keccak256(AbiCoder.defaultAbiCoder().encode(types, [rising, TOTALS, BLINDINGS]))
  expect(await lab().readMonitoring('totalDigest', 7)).toEqual([digest])
})
