import { expect, it } from 'vitest'
import { eventsOf, quota, type Call } from '../../../bench/contract-lab.ts'
import { encodePoint, G, ORDER } from '../../../protocols/crypto/group.ts'
import { metered, shown, used, type Metered } from './metered.ts'
import { contractLab, expectRefusal, HOME, HOMES, mineBlocks, OTHER_HOME, STRANGER } from './setting.ts'

const SLOTS = 10
const WINDOW = 10
const lab = contractLab({ sampleMs: 60_000, slotsPerBilling: SLOTS, windowBlocks: WINDOW, L: 3 })
const [ENERGY, POWER, WATER] = [1, 2, 3]
const STATUS = { none: 0n, asserted: 1n, demanded: 2n, opened: 3n, final: 4n, void: 5n }

/**
 * A home that used 900 Wh and 5,000 mL in a period and drew 3,100 W at most; its quota is 600 Wh, 2,300 W, 4
 * L.
 */
interface Story {
  readonly period: number
  readonly start: Metered
  readonly end: Metered
  readonly after: Metered
}

async function story(): Promise<Story> {
  const period = Number((await lab().readMonitoring('currentPeriod'))[0])
  await lab().do(lab().quotaAsManager('setCommunityContract', period, 1200, 4600, 8000))
  const parts = [
    [600, 600],
    [2300, 2300],
    [4000, 4000],
  ]
  await lab().do(lab().quotaAsManager('allocate', 1, HOMES.slice(0, 2), ...parts))
  await lab().do(lab().quotaAsManager('closeAllocation', 1))
  const first = period * SLOTS
  const start = metered(first - 3, 1, { importWh: 10_000n, waterMl: 70_000n, peakW: 100n })
  const end = metered(first + 7, 2, { importWh: 10_900n, waterMl: 75_000n, peakW: 3100n })
  const after = metered(first + SLOTS, 3, { importWh: 10_950n, waterMl: 75_000n, peakW: 200n })
  for (const each of [start, end, after]) await lab().do(lab().submitCall(HOME, [each.record]))
  return { period, start, end, after }
}

const asserted = ({ period }: Story, resource = ENERGY, excess = 300): Call =>
  lab().quotaAsManager('assertExcess', HOME, period, resource, excess)
const demand = ({ period }: Story, resource = ENERGY): Call =>
  lab().toQuota(HOME, 'demandOpening', HOME, period, resource)
const opening = ({ period, start, end }: Story, resource = ENERGY): Call => {
  const numbers = used(end, start, resource === ENERGY ? 0 : 2)
  const args = [HOME, period, resource, period - 1, shown(start), shown(end), ...numbers]
  return lab().quotaAsManager('openExcess', ...args)
}
/** The same call with one argument changed. */
const changed = (call: Call, at: number, value: unknown): Call => ({
  ...call,
  args: call.args.map((argument, index) => (index === at ? value : argument)),
})
const finalise = ({ period }: Story, resource = ENERGY): Call =>
  lab().toQuota(STRANGER, 'finalise', HOME, period, resource)
const withdraw = ({ period }: Story, resource = ENERGY): Call =>
  lab().quotaAsManager('withdrawExcess', HOME, period, resource)
const statusOf = async ({ period }: Story, resource = ENERGY) =>
  (await lab().readQuota('excessOf', HOME, period, resource))[1]
const peakAssertion = ({ period }: Story, number = 1, excess = 800): Call =>
  lab().quotaAsManager('assertPeak', HOME, period, number, excess)
const peakOpening = ({ period, end }: Story): Call =>
  lab().quotaAsManager('openPeak', HOME, period, shown(end), end.values[3], end.blindings[3])
const voiding = (slot: number): Call =>
  lab().asManager('voidReading', HOME, slot, encodePoint(G.multiply(3n)), new Uint8Array(64))

async function demanded(resource = ENERGY, excess = 300): Promise<Story> {
  const told = await story()
  await lab().do(asserted(told, resource, excess))
  await lab().do(demand(told, resource))
  return told
}

it('asserts energy and water by period only with WrongResource', async () => {
  const told = await story()
  for (const resource of [0, POWER, 4]) {
    await expectRefusal(lab(), asserted(told, resource), 'WrongResource', { given: BigInt(resource) })
    await expectRefusal(lab(), changed(opening(told), 2, resource), 'WrongResource')
  }
})

it('refuses an excess of nothing with NoExcess', async () => {
  const told = await story()
  await expectRefusal(lab(), asserted(told, ENERGY, 0), 'NoExcess')
  await expectRefusal(lab(), peakAssertion(told, 1, 0), 'NoExcess')
})

it('asserts nothing where no quota holds with NoQuota', async () => {
  const told = await story()
  const early = metered((told.period - 9) * SLOTS, 1, { importWh: 1n, waterMl: 1n, peakW: 1n })
  const next = metered((told.period - 8) * SLOTS, 2, { importWh: 5n, waterMl: 1n, peakW: 1n })
  for (const { record } of [early, next]) await lab().do(lab().submitCall(OTHER_HOME, [record]))
  const call = lab().quotaAsManager('assertExcess', OTHER_HOME, told.period - 9, ENERGY, 4)
  await expectRefusal(lab(), call, 'NoQuota', { period: BigInt(told.period - 9) })
})

it('asserts only what could be opened with PeriodNotClosed', async () => {
  const told = await story()
  await expectRefusal(lab(), asserted({ ...told, period: told.period + 1 }), 'PeriodNotClosed')
  const other = lab().quotaAsManager('assertExcess', OTHER_HOME, told.period, ENERGY, 1)
  await expectRefusal(lab(), other, 'PeriodNotClosed')
  await lab().do(voiding(told.end.record.slot))
  await expectRefusal(lab(), asserted(told), 'PeriodNotClosed')
})

it('keeps one assertion at a time with WrongStatus', async () => {
  const told = await story()
  await lab().do(asserted(told))
  await expectRefusal(lab(), asserted(told, ENERGY, 299), 'WrongStatus', { status: STATUS.asserted })
  expect(await lab().refusalOf(asserted(told, WATER, 1000))).toBeNull()
  await mineBlocks(lab(), WINDOW + 1)
  await expectRefusal(lab(), asserted(told), 'WrongStatus', { status: STATUS.final })
})

it('stops after three rounds with TooManyRounds', async () => {
  const told = await story()
  for (let round = 0; round < 3; round += 1) {
    await lab().do(asserted(told))
    await lab().do(withdraw(told))
  }
  await expectRefusal(lab(), asserted(told), 'TooManyRounds')
})

it('becomes final when nobody challenges it', async () => {
  const told = await story()
  const receipt = await lab().do(asserted(told))
  const lastBlock = BigInt(receipt.blockNumber + WINDOW)
  const [event] = eventsOf(receipt, quota, lab().contracts.quota)
  expect(event).toMatchObject({ name: 'ExcessAsserted', args: { excess: 300n, lastBlock } })
  await mineBlocks(lab(), WINDOW + 1)
  expect(await statusOf(told)).toBe(STATUS.final)
  const settled = await lab().do(finalise(told))
  expect(eventsOf(settled, quota, lab().contracts.quota)).toMatchObject([{ name: 'ExcessFinal' }])
  expect(await lab().readQuota('excessOf', HOME, told.period, ENERGY)).toEqual([300n, STATUS.final])
  await expectRefusal(lab(), finalise(told), 'WrongStatus')
})

it('lets only the home demand with NotTheHome', async () => {
  const told = await story()
  await lab().do(asserted(told))
  for (const from of [OTHER_HOME, lab().manager.address]) {
    await expectRefusal(lab(), { ...demand(told), from }, 'NotTheHome')
  }
})

it('demands only what is asserted with WrongStatus', async () => {
  const told = await story()
  await expectRefusal(lab(), demand(told), 'WrongStatus', { status: STATUS.none, expected: STATUS.asserted })
  await lab().do(asserted(told))
  await lab().do(demand(told))
  await expectRefusal(lab(), demand(told), 'WrongStatus', { status: STATUS.demanded })
})

it('refuses a demand after the window with WindowOver', async () => {
  const told = await story()
  await lab().do(asserted(told))
  await mineBlocks(lab(), WINDOW - 1)
  expect(await lab().refusalOf(demand(told))).toBeNull()
  await mineBlocks(lab(), 2)
  await expectRefusal(lab(), demand(told), 'WindowOver')
})

it('reveals nothing unasked with WrongStatus', async () => {
  const told = await story()
  await expectRefusal(lab(), opening(told), 'WrongStatus', { status: STATUS.none })
  await lab().do(asserted(told))
  await expectRefusal(lab(), opening(told), 'WrongStatus', { expected: STATUS.demanded })
})

it('refuses an opening after its window with WindowOver', async () => {
  const told = await demanded()
  await mineBlocks(lab(), WINDOW + 1)
  await expectRefusal(lab(), opening(told), 'WindowOver')
})

it('refuses a start that does not stand with AnchorDoesNotStand', async () => {
  const told = await demanded()
  for (const period of [told.period - 2, told.period, told.period + 1]) {
    await expectRefusal(lab(), changed(opening(told), 3, period), 'AnchorDoesNotStand')
  }
  await lab().do(voiding(told.end.record.slot))
  await expectRefusal(lab(), opening(told), 'AnchorDoesNotStand', { period: BigInt(told.period) })
})

it('refuses records other than those kept with RecordDiffers', async () => {
  const told = await demanded()
  const call = opening(told)
  await expectRefusal(lab(), changed(call, 4, shown(told.end)), 'RecordDiffers')
  await expectRefusal(lab(), changed(call, 5, shown(told.after)), 'RecordDiffers')
  for (const field of ['slot', 'sequence', 'epoch', 'delegation']) {
    await expectRefusal(lab(), changed(call, 5, { ...shown(told.end), [field]: 9 }), 'RecordDiffers')
  }
  const points = shown(told.start)['points']
  await expectRefusal(lab(), changed(call, 5, { ...shown(told.end), points }), 'RecordDiffers')
})

it('refuses points of another length with WrongLength', async () => {
  const told = await demanded()
  const short = { ...shown(told.end), points: new Uint8Array(131) }
  await expectRefusal(lab(), changed(opening(told), 5, short), 'WrongLength', { given: 131n, expected: 132n })
})

it('refuses a wrong number or blinding with DoesNotOpen and BlindingOutOfRange', async () => {
  const told = await demanded()
  const call = opening(told)
  await expectRefusal(lab(), changed(call, 6, 901n), 'DoesNotOpen')
  await expectRefusal(lab(), changed(call, 7, 1n), 'DoesNotOpen')
  for (const blinding of [ORDER, 2n ** 256n - 1n]) {
    await expectRefusal(lab(), changed(call, 7, blinding), 'BlindingOutOfRange', { given: blinding })
  }
})

it('refuses an excess other than asserted with ExcessDiffers', async () => {
  const told = await story()
  for (const excess of [299, 301]) {
    await lab().do(asserted(told, ENERGY, excess))
    await lab().do(demand(told))
    const args = { asserted: BigInt(excess), shown: 300n }
    await expectRefusal(lab(), opening(told), 'ExcessDiffers', args)
    await lab().do(withdraw(told))
  }
})

it('opens the consumption of a period by real readings', async () => {
  const told = await demanded()
  const receipt = await lab().do(opening(told))
  const args = { period: BigInt(told.period), resource: 1n, excess: 300n, value: 900n }
  expect(eventsOf(receipt, quota, lab().contracts.quota)).toMatchObject([{ name: 'ExcessOpened', args }])
  expect(await statusOf(told)).toBe(STATUS.opened)
  await mineBlocks(lab(), WINDOW + 1)
  expect(await statusOf(told)).toBe(STATUS.opened)
  await expectRefusal(lab(), finalise(told), 'WrongStatus')
  await lab().do(asserted(told, WATER, 1000))
  await lab().do(demand(told, WATER))
  await lab().do(opening(told, WATER))
  expect(await statusOf(told, WATER)).toBe(STATUS.opened)
})

it('opens across a void reading and missed periods', async () => {
  const told = await story()
  const period = told.period + 3
  const [bad, last] = [
    metered((period - 1) * SLOTS, 4, { importWh: 1n, waterMl: 1n, peakW: 0n }),
    metered(period * SLOTS + 1, 5, { importWh: 12_000n, waterMl: 75_000n, peakW: 0n }),
  ]
  const next = metered((period + 1) * SLOTS, 6, { importWh: 12_000n, waterMl: 75_000n, peakW: 0n })
  for (const { record } of [bad, last, next]) await lab().do(lab().submitCall(HOME, [record]))
  await lab().do(voiding(bad.record.slot))
  const later = { period, start: told.after, end: last, after: next }
  await lab().do(asserted(later, ENERGY, 450))
  await lab().do(demand(later))
  await expectRefusal(lab(), opening(later), 'AnchorDoesNotStand')
  await lab().do(changed(opening(later), 3, told.period + 1))
  expect(await statusOf(later)).toBe(STATUS.opened)
})

it('asserts a peak only while its record is kept with NoRecord', async () => {
  const told = await story()
  await expectRefusal(lab(), peakAssertion(told, 3), 'NoRecord', { index: 3n })
  const later = metered(told.after.record.slot + 1, 4, { importWh: 10_950n, waterMl: 75_000n, peakW: 0n })
  await lab().do(lab().submitCall(HOME, [later.record]))
  await expectRefusal(lab(), peakAssertion(told, 0), 'NoRecord')
})

it('opens a peak after the ring forgot its record', async () => {
  const told = await story()
  await lab().do(peakAssertion(told))
  for (let at = 1; at <= 4; at += 1) {
    const later = metered(told.after.record.slot + at, 3 + at, {
      importWh: 10_950n,
      waterMl: 75_000n,
      peakW: 0n,
    })
    await lab().do(lab().submitCall(HOME, [later.record]))
  }
  await expectRefusal(lab(), peakOpening(told), 'WrongStatus')
  await lab().do(demand(told, POWER))
  await expectRefusal(lab(), changed(peakOpening(told), 3, 3099n), 'DoesNotOpen')
  await expectRefusal(lab(), changed(peakOpening(told), 2, shown(told.start)), 'RecordDiffers')
  await lab().do(peakOpening(told))
  expect(await statusOf(told, POWER)).toBe(STATUS.opened)
})

it('refuses a peak of another period with SlotOutsidePeriod', async () => {
  const told = await story()
  const call = lab().quotaAsManager('assertPeak', HOME, told.period + 1, 1, 800)
  await lab().do(call)
  await lab().do(lab().toQuota(HOME, 'demandOpening', HOME, told.period + 1, POWER))
  const wrong = changed(peakOpening(told), 1, told.period + 1)
  await expectRefusal(lab(), wrong, 'SlotOutsidePeriod', { slot: BigInt(told.end.record.slot) })
})

it('refuses the peak of a void reading with ReadingIsVoid', async () => {
  const told = await story()
  await lab().do(peakAssertion(told))
  await lab().do(demand(told, POWER))
  await lab().do(voiding(told.end.record.slot))
  await expectRefusal(lab(), peakOpening(told), 'ReadingIsVoid')
})

it('settles nothing before its time with WindowOpen', async () => {
  const told = await story()
  await lab().do(asserted(told))
  await mineBlocks(lab(), WINDOW - 1)
  await expectRefusal(lab(), finalise(told), 'WindowOpen')
  expect((await lab().send(finalise(told))).status).toBe(0)
  expect((await lab().send(finalise(told))).status).toBe(1)
  await lab().do(asserted(told, WATER, 1000))
  await mineBlocks(lab(), WINDOW - 1)
  await lab().do(demand(told, WATER))
  await mineBlocks(lab(), WINDOW - 1)
  expect((await lab().send(finalise(told, WATER))).status).toBe(0)
  expect((await lab().send(finalise(told, WATER))).status).toBe(1)
})

it('voids an assertion that was not opened in time', async () => {
  const told = await demanded()
  await mineBlocks(lab(), WINDOW + 1)
  expect(await statusOf(told)).toBe(STATUS.void)
  const receipt = await lab().do(finalise(told))
  expect(eventsOf(receipt, quota, lab().contracts.quota)).toMatchObject([{ name: 'ExcessVoid' }])
  expect(await lab().refusalOf(asserted(told))).toBeNull()
})

it('lets the manager withdraw and assert again', async () => {
  const told = await demanded(ENERGY, 310)
  await lab().do(withdraw(told))
  await expectRefusal(lab(), withdraw(told), 'WrongStatus', { status: STATUS.void })
  await lab().do(asserted(told, ENERGY, 300))
  await lab().do(demand(told))
  await lab().do(opening(told))
  await expectRefusal(lab(), withdraw(told), 'WrongStatus', { status: STATUS.opened })
})
