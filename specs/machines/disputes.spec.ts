import { afterEach, beforeEach, expect, it } from 'vitest'
import { homeOf } from '../verify/metered.ts'
import { foundCommunity, type SpecCommunity, type SpecHome } from '../verify/community.ts'
import { gatewayFolder, openDisputeGateway, type DisputeGateway } from './disputes.ts'

const PER_BILLING = 20
const QUOTA = { energyWh: 1000, powerW: 5000 }

let community: SpecCommunity
let folder: Awaited<ReturnType<typeof gatewayFolder>>
let gateway: DisputeGateway | null = null

beforeEach(async () => {
  folder = await gatewayFolder()
  community = await foundCommunity(2)
})
afterEach(async () => {
  await gateway?.stop()
  gateway = null
  await community.stop()
  await folder.remove()
})

async function open(answers = true): Promise<DisputeGateway> {
  gateway = await openDisputeGateway(community, folder.file, answers)
  return gateway
}

/** A home meters a baseline, one period in which it uses `usedWh` with a peak, and the start of the next. */
async function meter(home: SpecHome, usedWh: number, peakW: number, from = 100): Promise<number> {
  const period = community.firstPeriod
  const first = period * PER_BILLING
  const readings = [
    community.seal(home, first - 3, from),
    community.seal(home, first + 4, from + 10, undefined, peakW),
    community.seal(home, first + 17, from + usedWh),
    community.seal(home, first + PER_BILLING, from + usedWh + 5),
  ]
  await community.submit(home, readings)
  return period
}

it('asserts by itself what each home used above its quotas, and nothing else', async () => {
  const [greedy, modest] = [homeOf(community, 0), homeOf(community, 1)]
  const period = await meter(greedy, QUOTA.energyWh + 300, QUOTA.powerW + 700)
  await meter(modest, QUOTA.energyWh, QUOTA.powerW)
  const { excess } = await open()
  await expect.poll(() => excess(greedy, period, 'energy')).toMatchObject({ state: 'asserted', amount: 300 })
  await expect.poll(() => excess(greedy, period, 'power')).toMatchObject({ state: 'asserted', amount: 700 })
  for (const resource of ['energy', 'power', 'water'] as const) {
    expect(await excess(modest, period, resource)).toBeNull()
  }
  expect(await excess(greedy, period, 'water')).toBeNull()
  expect(gateway?.faults).toEqual([])
})

it('opens what a home demands to see, energy by its anchors and power by its slot', async () => {
  const home = homeOf(community, 0)
  const period = await meter(home, QUOTA.energyWh + 300, QUOTA.powerW + 700)
  const { excess } = await open()
  for (const [number, resource, value] of [
    [1, 'energy', 1300],
    [2, 'power', 5700],
  ] as const) {
    await expect.poll(() => excess(home, period, resource)).toMatchObject({ state: 'asserted' })
    await community.act(home, 'quota', 'demandOpening', [home.account, period, number])
    await expect.poll(() => excess(home, period, resource)).toMatchObject({ state: 'opened', value })
  }
})

it('answers once a demand that came while it was down', async () => {
  const home = homeOf(community, 0)
  const period = await meter(home, QUOTA.energyWh + 300, 0)
  const first = await open()
  await expect.poll(() => first.excess(home, period, 'energy')).toMatchObject({ state: 'asserted' })
  await first.stop()
  await community.act(home, 'quota', 'demandOpening', [home.account, period, 1])
  const second = await open()
  await expect.poll(() => second.excess(home, period, 'energy')).toMatchObject({ state: 'opened' })
  const calls = await second.store.db
    .selectFrom('intent')
    .select('kind')
    .where('kind', 'in', ['excess', 'opening', 'withdrawal'])
    .execute()
  expect(calls.map(({ kind }) => kind).sort()).toEqual(['excess', 'opening'])
})

it('takes a wrong assertion back with its reason, and asserts what is right', async () => {
  const home = homeOf(community, 0)
  const period = await meter(home, QUOTA.energyWh + 300, 0)
  await community.manage('quota', 'assertExcess', [home.account, period, 1, 301])
  const { excess, withdrawn } = await open()
  await expect.poll(() => excess(home, period, 'energy')).toMatchObject({ state: 'asserted', amount: 300 })
  expect(withdrawn).toEqual([{ home: home.account, period, resource: 'energy', why: 'amount-differs' }])
  await community.act(home, 'quota', 'demandOpening', [home.account, period, 1])
  await expect.poll(() => excess(home, period, 'energy')).toMatchObject({ state: 'opened', value: 1300 })
})

it('takes back what it can show no more, asked for or not', async () => {
  const home = homeOf(community, 0)
  const period = await meter(home, QUOTA.energyWh + 300, QUOTA.powerW + 700)
  const first = await open()
  await expect.poll(() => first.excess(home, period, 'power')).toMatchObject({ state: 'asserted' })
  await expect.poll(() => first.excess(home, period, 'energy')).toMatchObject({ state: 'asserted' })
  await first.stop()
  const silent = await open(false)
  await silent.store.db.updateTable('reading').set({ fault: 'point-mismatch' }).execute()
  await silent.stop()
  const { excess, withdrawn } = await open()
  await expect.poll(() => excess(home, period, 'energy')).toMatchObject({ state: 'withdrawn' })
  await expect.poll(() => excess(home, period, 'power')).toMatchObject({ state: 'withdrawn' })
  expect(withdrawn.map(({ why }) => why)).toEqual(['cannot-be-shown', 'cannot-be-shown'])
})
