import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getBytes } from 'ethers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { openStore } from '../../actors/storage/store.ts'
import { meterhood } from './command.ts'
import { readersOf, startIn } from './report.ts'
import { writeProfiles } from './written-profiles.ts'

const Verified = z.object({
  ok: z.boolean(),
  checked: z.object({ delegations: z.number() }),
  faults: z.array(z.unknown()),
})

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meterhood-delegation-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** Home 1 uses more in its first rows than its quota: the community warns of it in each period. */
const greedyFirst = (row: number, home: number): number => (home === 0 && row < 100 ? 5_000 : 500)

const RUN = ['--homes', '3', '--boards', 'profile', '--period', '2', '--billing', '20s']

/** What is paid of a reward for so many slots of those that were agreed on. */
const proRata = (reward: number, watched: number, agreed: number): number =>
  Number((BigInt(reward) * BigInt(watched)) / BigInt(agreed))

/** Readings of the neighbour that a home opened between two moments. */
async function openedBetween(dataDir: string, fromMs: number, untilMs: number): Promise<number> {
  const text = await readFile(join(dataDir, 'secrets.json'), 'utf8')
  const { storeKey } = z.object({ storeKey: z.string() }).parse(JSON.parse(text))
  const store = await openStore({
    file: join(dataDir, 'gateway.sqlite'),
    encryptionKey: getBytes(storeKey),
  })
  try {
    const rows = await store.db
      .selectFrom('cared_reading')
      .select('slot')
      .where('fault', 'is', null)
      .where('t', '>', 0)
      .where('opened_at_ms', '>', fromMs)
      .where('opened_at_ms', '<', untilMs)
      .execute()
    return rows.length
  } finally {
    await store.close()
  }
}

describe('a home that is handed over to a neighbour', () => {
  it('is read by the neighbour and the community from first slot to last, and by nobody else', async () => {
    const profiles = join(folder, 'profiles')
    await writeProfiles(profiles, 3, greedyFirst)
    const faults = 'delegate:1>2@4s,end@44s'
    const running = startIn(folder, ...RUN, '--profiles', profiles, '--for', '54s', '--fault', faults)
    const { report, said } = await readersOf(folder, running)
    const [home, neighbour, third] = report.homes.map(({ account }) => account)
    expect(report.totals).toMatchObject({ lost: 0, duplicates: 0, decrypted: report.totals.sealed })
    expect(report.delegations).toEqual({ active: 0, ended: 1 })
    expect(report.readers).toHaveLength(1)
    const [read] = report.readers
    if (read === undefined) throw new Error('nobody read')

    const slots = read.untilSlot - read.fromSlot
    expect(slots).toBeGreaterThan(5)
    expect(read).toMatchObject({
      ...{ home, delegatee: neighbour, ended: true, slotsOnChain: slots },
      ...{ openedByDelegatee: slots, recoveredByCommunity: slots, openedByHome: 0, watched: slots },
    })
    expect(report.homes.map(({ readers }) => Object.keys(readers).length)).toEqual([2, 1, 1])
    expect(report.homes[0]?.readers[neighbour ?? '']).toBe(slots)
    expect(report.homes[1]?.readers[third ?? '']).toBeUndefined()

    expect(read.alarms.onChain).toBeGreaterThan(0)
    expect(read.alarms).toEqual({
      onChain: read.alarms.onChain,
      readByDelegatee: read.alarms.onChain,
      readByHome: 0,
    })
    expect(read.paidMicroSct).toBe(proRata(read.rewardMicroSct, slots, read.agreedSlots))
    expect(said).toContain(`${slots} read by the neighbour, ${slots} by the community`)

    const verified = await meterhood('verify', '--data', join(folder, 'data'), '--json')
    const checked = Verified.parse(JSON.parse(verified.stdout))
    expect(checked).toMatchObject({ ok: true, checked: { delegations: 1 }, faults: [] })
  }, 300_000)

  it('is read by the neighbour also while the community gateway is stopped', async () => {
    const faults = 'delegate:1>2@3s,stop:cgw@18s,resume:cgw@30s,end@38s'
    const running = startIn(folder, ...RUN, '--for', '48s', '--fault', faults)
    await running.printed('fault      stop:cgw')
    const stoppedAtMs = Date.now()
    await running.printed('fault      resume:cgw')
    const resumedAtMs = Date.now()
    const { report } = await readersOf(folder, running)
    expect(report.totals).toMatchObject({ lost: 0, duplicates: 0, decrypted: report.totals.sealed })
    const [read] = report.readers
    if (read === undefined) throw new Error('nobody read')
    const slots = read.untilSlot - read.fromSlot
    expect(read).toMatchObject({
      ...{ slotsOnChain: slots, openedByDelegatee: slots, recoveredByCommunity: slots, openedByHome: 0 },
      ended: true,
    })
    expect(read.paidMicroSct).toBe(proRata(read.rewardMicroSct, read.watched ?? 0, read.agreedSlots))
    const home = join(folder, 'data', 'home-02')
    expect(await openedBetween(home, stoppedAtMs + 2_000, resumedAtMs)).toBeGreaterThan(1)
  }, 300_000)
})
