import { expect, it } from 'vitest'
import { eventsOf, quota, type Call } from '../../../bench/contract-lab.ts'
import { encodePoint, G } from '../../../protocols/crypto/group.ts'
import { metered, shown, used, type Metered } from './metered.ts'
import { contractLab, expectRefusal, HOME, HOMES, mineBlocks, OTHER_HOME, passSlots } from './setting.ts'

const SLOTS = 10
const WINDOW = 10
const lab = contractLab({ sampleMs: 60_000, slotsPerBilling: SLOTS, windowBlocks: WINDOW, L: 10 })
const [ENERGY, POWER] = [1, 2]
const FIRST_LOAN = 16
const STATUS = { asserted: 1n, demanded: 2n, opened: 3n, final: 4n, void: 5n, unproved: 6n }
const OTHER_BUYER = HOMES[2] ?? ''

const asMarket = (name: string, ...args: readonly unknown[]): Call =>
  lab().toQuota(lab().contracts.trading, name, ...args)

/**
 * A home with a quota of 600 Wh and 2,300 W lent 1,000 W in slots 4 and 5, then 500 W in slots 5 and 6. It
 * drew 1,700 W in slot 4, 1,500 W in slot 5, and used 900 Wh. The windows are over.
 */
interface Story {
  readonly period: number
  readonly first: number
  readonly second: number
  readonly start: Metered
  readonly at4: Metered
  readonly at5: Metered
}

async function lend(buyer: string, period: number, from: number, until: number, amount: number) {
  const lot = [POWER, period, period * SLOTS + from, period * SLOTS + until, amount]
  const place = async (call: Call): Promise<number> => {
    const data = quota.encodeFunctionData(call.name, call.args)
    const answer = await lab().rpc('eth_call', [{ from: call.from, to: call.to, data }, 'latest'])
    await lab().do(call)
    return Number(quota.decodeFunctionResult(call.name, String(answer))[0])
  }
  const borrowed = await place(asMarket('admitOffer', buyer, lot))
  const lent = await place(asMarket('lock', HOME, lot))
  await lab().do(asMarket('moveLocked', HOME, lent, buyer, borrowed, period, POWER, amount))
  return FIRST_LOAN + lent
}

async function told(): Promise<Story> {
  const period = Number((await lab().readMonitoring('currentPeriod'))[0])
  await lab().do(lab().quotaAsManager('setCommunityContract', period, 1200, 4600, 8000))
  const parts = [
    [600, 600],
    [2300, 2300],
    [4000, 4000],
  ]
  await lab().do(lab().quotaAsManager('allocate', 1, HOMES.slice(0, 2), ...parts))
  await lab().do(lab().quotaAsManager('closeAllocation', 1))
  const first = await lend(OTHER_HOME, period, 4, 6, 1000)
  const second = await lend(OTHER_BUYER, period, 5, 7, 500)
  const slot = (n: number) => period * SLOTS + n
  const start = metered(slot(-1), 1, { importWh: 10_000n, waterMl: 0n, peakW: 100n })
  const at4 = metered(slot(4), 2, { importWh: 10_500n, waterMl: 0n, peakW: 1700n })
  const at5 = metered(slot(5), 3, { importWh: 10_900n, waterMl: 0n, peakW: 1500n })
  const after = metered(slot(SLOTS), 4, { importWh: 10_900n, waterMl: 0n, peakW: 100n })
  for (const each of [start, at4, at5, after]) await lab().do(lab().submitCall(HOME, [each.record]))
  return { period, first, second, start, at4, at5 }
}

async function over(): Promise<Story> {
  const story = await told()
  await passSlots(lab(), SLOTS)
  return story
}

const assertion = ({ period }: Story, subject: number, number: number, excess: number): Call =>
  asMarket('assertForMarket', HOME, period, subject, number, excess)
const demand = ({ period }: Story, subject: number, number = 0): Call =>
  asMarket('demandForMarket', HOME, period, subject, number)
const ownDemand = ({ period }: Story, subject: number): Call =>
  lab().toQuota(HOME, 'demandOpening', HOME, period, subject)
const openingArgs = ({ period }: Story, subject: number, { record, values, blindings }: Metered) => [
  ...[HOME, period, subject - FIRST_LOAN, shown({ record, values, blindings })],
  ...[values[3], blindings[3]],
]
const opening = (story: Story, subject: number, record: Metered, by = HOME): Call =>
  lab().toQuota(by, 'openLoan', ...openingArgs(story, subject, record))
const energyOpening = ({ period, start, at5 }: Story, by = HOME): Call => {
  const numbers = used(at5, start, 0)
  return lab().toQuota(
    by,
    'openExcess',
    HOME,
    period,
    ENERGY,
    period - 1,
    shown(start),
    shown(at5),
    ...numbers,
  )
}
const excessOf = ({ period }: Story, subject: number) => lab().readQuota('excessOf', HOME, period, subject)

it('judges a loan only when its window is over with WindowNotOver', async () => {
  const story = await told()
  const until = BigInt(story.period * SLOTS + 6)
  await expectRefusal(lab(), assertion(story, story.first, 1, 1), 'WindowNotOver', { untilSlot: until })
  await expectRefusal(lab(), demand(story, story.first, 1), 'WindowNotOver')
  await passSlots(lab(), SLOTS)
  expect(await lab().refusalOf(assertion(story, story.first, 1, 1))).toBeNull()
})

it('knows only what was lent as a loan with NoLoan', async () => {
  const story = await over()
  await expectRefusal(lab(), assertion(story, FIRST_LOAN + 9, 1, 1), 'NoLoan', { place: 9n })
  const borrowed = asMarket('demandForMarket', OTHER_HOME, story.period, FIRST_LOAN, 1)
  await expectRefusal(lab(), borrowed, 'NoLoan', { place: 0n })
})

it('opens a loan by the peak of one slot, and cuts what was lent later first', async () => {
  const story = await over()
  for (const [subject, excess] of [
    [story.first, 200],
    [story.second, 700],
  ] as const) {
    await lab().do(assertion(story, subject, 2, excess))
    await lab().do(ownDemand(story, subject))
    const { address } = lab().manager
    await expectRefusal(lab(), opening(story, subject, story.at4, address), 'RecordDiffers')
    const wrong = { ...story.at5, values: [0n, 0n, 0n, 1499n] as const }
    await expectRefusal(lab(), opening(story, subject, wrong, address), 'DoesNotOpen')
    const receipt = await lab().do(opening(story, subject, story.at5, address))
    expect(eventsOf(receipt, quota, lab().contracts.quota)).toMatchObject([
      { name: 'ExcessOpened', args: { excess: BigInt(excess), value: 1500n } },
    ])
  }
})

it('takes what a counterparty demanded as it is shown, by the home itself', async () => {
  const story = await over()
  await lab().do(assertion(story, story.first, 2, 50))
  const receipt = await lab().do(demand(story, story.first, 1))
  expect(eventsOf(receipt, quota, lab().contracts.quota)).toMatchObject([
    { name: 'OpeningDemanded', args: { byMarket: true } },
  ])
  await lab().do(opening(story, story.first, story.at4))
  expect(await excessOf(story, story.first)).toEqual([400n, STATUS.opened])
  await lab().do(demand(story, ENERGY))
  await lab().do(energyOpening(story))
  expect(await excessOf(story, ENERGY)).toEqual([300n, STATUS.opened])
})

it('leaves openings to the manager and the home with AccessManagedUnauthorized', async () => {
  const story = await over()
  await lab().do(demand(story, story.first, 1))
  await lab().do(demand(story, ENERGY))
  const calls = [opening(story, story.first, story.at4, OTHER_HOME), energyOpening(story, OTHER_HOME)]
  for (const call of calls) await expectRefusal(lab(), call, 'AccessManagedUnauthorized')
})

it('calls unproved what a counterparty demanded and nobody opened, whatever the manager does', async () => {
  const story = await over()
  await lab().do(assertion(story, ENERGY, 0, 0))
  await lab().do(demand(story, ENERGY))
  const withdrawal = lab().quotaAsManager('withdrawExcess', HOME, story.period, ENERGY)
  await expectRefusal(lab(), withdrawal, 'WrongStatus', { status: STATUS.demanded })
  await mineBlocks(lab(), WINDOW + 1)
  expect(await excessOf(story, ENERGY)).toEqual([0n, STATUS.unproved])
  await expectRefusal(lab(), energyOpening(story), 'WindowOver')
  const finalise = lab().toQuota(OTHER_HOME, 'finalise', HOME, story.period, ENERGY)
  expect(eventsOf(await lab().do(finalise), quota, lab().contracts.quota)).toMatchObject([
    { name: 'ExcessUnproved' },
  ])
  await expectRefusal(lab(), assertion(story, ENERGY, 0, 1), 'WrongStatus', { status: STATUS.unproved })
  await expectRefusal(lab(), demand(story, ENERGY), 'WrongStatus')
})

it('lets a counterparty demand although the home did, and after its demand came to nothing', async () => {
  const story = await over()
  await lab().do(assertion(story, ENERGY, 0, 10))
  await lab().do(ownDemand(story, ENERGY))
  await lab().do(demand(story, ENERGY))
  await lab().do(energyOpening(story))
  expect(await excessOf(story, ENERGY)).toEqual([300n, STATUS.opened])
  await lab().do(assertion(story, story.first, 1, 400))
  await lab().do(ownDemand(story, story.first))
  await mineBlocks(lab(), WINDOW + 1)
  expect(await excessOf(story, story.first)).toEqual([400n, STATUS.void])
  await lab().do(demand(story, story.first, 1))
  expect(await excessOf(story, story.first)).toEqual([0n, STATUS.demanded])
  await lab().do(opening(story, story.first, story.at4))
  expect(await excessOf(story, story.first)).toEqual([400n, STATUS.opened])
})

it('leaves what was stated when a counterparty names a record outside the window, or void', async () => {
  const story = await over()
  await lab().do(assertion(story, story.first, 2, 150))
  await lab().do(demand(story, story.first, 0))
  const receipt = await lab().do(opening(story, story.first, story.start))
  expect(eventsOf(receipt, quota, lab().contracts.quota)).toMatchObject([
    { name: 'ExcessFinal', args: { excess: 150n } },
  ])
  const voiding = [HOME, story.period * SLOTS + 5, encodePoint(G.multiply(3n)), new Uint8Array(64)]
  await lab().do(lab().asManager('voidReading', ...voiding))
  await lab().do(demand(story, story.second, 2))
  await lab().do(opening(story, story.second, story.at5))
  expect(await excessOf(story, story.second)).toEqual([0n, STATUS.final])
})

it('opens for the home no peak outside the window with SlotOutsidePeriod', async () => {
  const story = await over()
  await lab().do(assertion(story, story.first, 0, 150))
  await lab().do(ownDemand(story, story.first))
  await expectRefusal(lab(), opening(story, story.first, story.start), 'SlotOutsidePeriod')
})

it('judges the peak of a period by what the home might use in that slot', async () => {
  const story = await over()
  await lab().do(lab().quotaAsManager('assertPeak', HOME, story.period, 1, 400))
  await lab().do(ownDemand(story, POWER))
  const args = [HOME, story.period, shown(story.at4), story.at4.values[3], story.at4.blindings[3]]
  await lab().do(lab().quotaAsManager('openPeak', ...args))
  expect(await excessOf(story, POWER)).toEqual([400n, STATUS.opened])
})

it('tells whether the last record of a period closes it', async () => {
  const story = await over()
  const meteredIn = (period: number) => lab().readQuota('metered', HOME, period)
  expect(await meteredIn(story.period)).toEqual([true])
  expect(await meteredIn(story.period + 1)).toEqual([false])
  expect(await meteredIn(story.period - 1)).toEqual([true])
  const voiding = [HOME, story.period * SLOTS + 5, encodePoint(G.multiply(3n)), new Uint8Array(64)]
  await lab().do(lab().asManager('voidReading', ...voiding))
  expect(await meteredIn(story.period)).toEqual([false])
})
