import { afterEach, beforeEach, expect, it } from 'vitest'
import { KEY_ERASED } from '../../actors/community-gateway/collector.ts'
import { readCount } from '../../actors/storage/meta.ts'
import { verifyCommunity } from '../../chain/verify/verify.ts'
import { homeOf, targetOf } from '../verify/metered.ts'
import { foundCommunity, type SpecCommunity, type SpecHome } from '../verify/community.ts'
import {
  gatewayFolder,
  openDisputeGateway,
  openDisputingHome,
  type DisputeGateway,
  type DisputingHome,
} from './disputes.ts'

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
  await silent.store.db.updateTable('reading').set({ fault: KEY_ERASED }).execute()
  await silent.stop()
  const { excess, withdrawn } = await open()
  await expect.poll(() => excess(home, period, 'energy')).toMatchObject({ state: 'withdrawn' })
  await expect.poll(() => excess(home, period, 'power')).toMatchObject({ state: 'withdrawn' })
  expect(withdrawn.map(({ why }) => why)).toEqual(['cannot-be-shown', 'cannot-be-shown'])
})

/** The readings that the contract holds for void, by the gateway's own reading of the chain. */
const voided = async ({ store }: DisputeGateway): Promise<number[]> =>
  (await store.db.selectFrom('void').select('slot').execute()).map(({ slot }) => slot)

it('shows everybody a reading that its points do not fit, once, and does not count it', async () => {
  const home = homeOf(community, 0)
  const first = community.firstPeriod * PER_BILLING
  const honest = community.seal(home, first + 2, 100)
  const forged = community.seal(home, first + 3, 9000, honest)
  await community.submit(home, [honest, forged])
  const before = await open()
  await expect.poll(() => voided(before)).toEqual([first + 3])
  await before.stop()
  const after = await open()
  const rows = await after.store.db.selectFrom('reading').select(['slot', 'import_wh', 'fault']).execute()
  expect(rows).toEqual([
    { slot: first + 2, import_wh: 100, fault: null },
    { slot: first + 3, import_wh: 0, fault: 'point-mismatch' },
  ])
  expect(await readCount(after.store.db, 'voided')).toBe(1)
  const calls = await after.store.db.selectFrom('intent').select('id').where('kind', '=', 'void').execute()
  expect(calls).toHaveLength(1)
  expect((await verifyCommunity(targetOf(community))).faults).toEqual([])
})

it('judges by the anchor before a void one, and opens what it says', async () => {
  const home = homeOf(community, 0)
  const period = community.firstPeriod
  const at = (periods: number, slot: number) => (period + periods) * PER_BILLING + slot
  const start = community.seal(home, at(0, -3), 100)
  const forged = community.seal(home, at(0, 17), 150, start)
  const end = community.seal(home, at(1, 15), 100 + QUOTA.energyWh + 40)
  const after = community.seal(home, at(2, 1), 1200)
  await community.submit(home, [start, forged, end, after])
  const { excess, faults } = await open()
  await expect.poll(() => excess(home, period + 1, 'energy')).toMatchObject({ state: 'asserted', amount: 40 })
  await community.act(home, 'quota', 'demandOpening', [home.account, period + 1, 1])
  await expect.poll(() => excess(home, period + 1, 'energy')).toMatchObject({ state: 'opened', value: 1040 })
  expect(await excess(home, period, 'energy')).toBeNull()
  expect(faults).toEqual([])
  expect((await verifyCommunity(targetOf(community))).faults).toEqual([])
})

it('lets a home ask on its page, once, and see what came of it', async () => {
  const greedy = homeOf(community, 0)
  const period = await meter(greedy, QUOTA.energyWh + 300, 0)
  await meter(homeOf(community, 1), QUOTA.energyWh + 20, 0)
  const file = `${folder.file}-home`
  const before = await openDisputingHome(community, greedy, file)
  await open()
  const shows = (of: DisputingHome) => (): unknown =>
    of.excesses.views().map(({ resource, state, amount, value }) => ({ resource, state, amount, value }))
  const energy = { resource: 'energy', amount: 300 }
  await expect.poll(shows(before)).toEqual([{ ...energy, state: 'asserted', value: null }])
  await before.excesses.demand(period, 'energy')
  expect(shows(before)()).toEqual([{ ...energy, state: 'asking', value: null }])
  // The demand outlives the gateway, and pressing again changes nothing.
  await before.excesses.demand(period, 'energy').catch(() => undefined)
  await before.stop()
  const after = await openDisputingHome(community, greedy, file)
  await expect.poll(shows(after)).toEqual([{ ...energy, state: 'opened', value: 1300 }])
  const demands = await after.store.db.selectFrom('intent').select('id').execute()
  expect(demands).toHaveLength(1)
  await expect(after.excesses.demand(period, 'energy')).rejects.toMatchObject({ code: 'excess-settled' })
  await expect(after.excesses.demand(period, 'water')).rejects.toMatchObject({ code: 'excess-unknown' })
  expect(after.faults).toEqual([])
  await after.stop()
})
