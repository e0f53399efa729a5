import { AbiCoder, hexlify, keccak256 } from 'ethers'
import { expect, it } from 'vitest'
import { eventsOf, monitoring, type LabReceipt } from '../../../bench/contract-lab.ts'
import { contractLab, expectRefusal, HOME, HOMES, OTHER_HOME, STRANGER } from './setting.ts'

const lab = contractLab()
const envelope = (fill: number) => new Uint8Array(177).fill(fill)
const told = (receipt: LabReceipt) => eventsOf(receipt, monitoring, lab().contracts.monitoring)
const TOTALS = [900, 20, 123_456]
const BLINDINGS = [1, 2, 3]
const ownKey = async (home: string) => String((await lab().readMonitoring('operationKey', home))[2])
/** The community's call, each alarm sealed to its home's own key. */
async function raise(first: number, homes: readonly string[], envelopes: readonly Uint8Array[]) {
  const recipients = await Promise.all(homes.map(ownKey))
  return lab().asManager('raiseAlarms', first, homes, recipients, envelopes)
}
const raiseOwn = async (home: string, number: number, sealed: Uint8Array) =>
  lab().toMonitoring(home, 'raiseOwnAlarm', number, await ownKey(home), sealed)
const rising = [...HOMES].sort()
const total = (period: number, homes: readonly string[]) =>
  lab().asManager('publishTotal', period, homes, TOTALS, BLINDINGS)

it('refuses lists of other lengths with LengthsDiffer and empty ones with NoHomes', async () => {
  for (const [homes, ids, envelopes] of [
    [2, 2, 1],
    [2, 1, 2],
  ] as const) {
    const lists = [
      [HOME, OTHER_HOME],
      [HOME, HOME],
      [envelope(1), envelope(2)],
    ]
    const cut = lists.map((list, index) => list.slice(0, [homes, ids, envelopes][index]))
    const uneven = lab().asManager('raiseAlarms', 1, ...cut)
    await expectRefusal(lab(), uneven, 'LengthsDiffer', { first: 2n, second: 1n })
  }
  await expectRefusal(lab(), await raise(1, [], []), 'NoHomes')
})

it('raises an alarm once, under the number it was sealed to, with AlarmNumber', async () => {
  const call = await raise(1, [HOME], [envelope(1)])
  await lab().do(call)
  await expectRefusal(lab(), call, 'AlarmNumber', { given: 1n, next: 2n })
  await expectRefusal(lab(), await raise(3, [HOME], [envelope(1)]), 'AlarmNumber')
  const own = await raiseOwn(HOME, 1, envelope(2))
  await lab().do(own)
  await expectRefusal(lab(), own, 'AlarmNumber', { given: 1n, next: 2n })
})

it('refuses an alarm of another length with WrongLength', async () => {
  for (const length of [0, 176, 178]) {
    const bytes = new Uint8Array(length)
    const call = await raise(1, [HOME, OTHER_HOME], [envelope(1), bytes])
    await expectRefusal(lab(), call, 'WrongLength', { given: BigInt(length), expected: 177n })
    await expectRefusal(lab(), await raiseOwn(HOME, 1, bytes), 'WrongLength')
  }
})

it('refuses an alarm sealed to another key with WrongRecipient', async () => {
  const [given, expected] = [await ownKey(OTHER_HOME), await ownKey(HOME)]
  const call = lab().asManager('raiseAlarms', 1, [HOME], [given], [envelope(1)])
  await expectRefusal(lab(), call, 'WrongRecipient', { given, expected })
  const own = lab().toMonitoring(HOME, 'raiseOwnAlarm', 1, given, envelope(1))
  await expectRefusal(lab(), own, 'WrongRecipient', { given, expected })
})

it('refuses an alarm for a home without a key with KeyNotPublished', async () => {
  await expectRefusal(lab(), await raise(1, [STRANGER], [envelope(1)]), 'NotAdmitted')
  await lab().do(lab().asManager('admit', STRANGER, `0x${'22'.repeat(32)}`))
  await expectRefusal(lab(), await raise(1, [STRANGER], [envelope(1)]), 'KeyNotPublished')
  await expectRefusal(lab(), await raiseOwn(STRANGER, 1, envelope(1)), 'KeyNotPublished')
})

it("numbers the community's alarms and each home's own apart", async () => {
  const first = await lab().do(await raise(1, [HOME, OTHER_HOME], [envelope(1), envelope(2)]))
  expect(told(first)).toMatchObject([
    { name: 'Alarm', args: { number: 1n, epoch: 1n, delegation: 0n, envelope: hexlify(envelope(1)) } },
    { name: 'Alarm', args: { number: 2n, epoch: 1n, delegation: 0n, envelope: hexlify(envelope(2)) } },
  ])
  const own = await lab().do(await raiseOwn(OTHER_HOME, 1, envelope(3)))
  expect(told(own)).toMatchObject([
    { name: 'OwnAlarm', args: { number: 1n, delegation: 0n, envelope: hexlify(envelope(3)) } },
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
