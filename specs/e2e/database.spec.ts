import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openStore } from '../../actors/storage/store.ts'
import { type Cluster, postgresExpected, startCluster } from '../storage/cluster.ts'
import { reportOf, startIn } from './report.ts'

/** DESIGN §14: a reading that travels with three others, once the ring is full. */
const GAS_MOST = 32_000
const WIRE_BYTES = 113
const POINTS_BYTES = 4 * 33

let folder = ''
let cluster: Cluster | undefined

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meterhood-database-'))
  if (postgresExpected) cluster = await startCluster()
})

afterAll(async () => {
  await cluster?.stop()
  await rm(folder, { recursive: true, force: true })
})

/** What the global repository holds once the gateway has left it. */
async function envelopesIn(url: string) {
  const store = await openStore({ url })
  try {
    return await store.db.selectFrom('envelope').select(['home', 'slot', 'wire', 'points']).execute()
  } finally {
    await store.close()
  }
}

describe('a community whose global repository is PostgreSQL', () => {
  it.skipIf(!postgresExpected)(
    'keeps every envelope there, four slots of a home in a call, and loses none though its gateway is killed',
    async () => {
      const url = cluster?.database() ?? ''
      const gathered = ['--batch', '4', '--length', '4', '--billing', '1h']
      const faults = ['--fault', 'kill:cgw@9s']
      const flags = [
        '--homes',
        '3',
        '--boards',
        'profile',
        '--period',
        '1',
        '--for',
        '36s',
        '--database',
        url,
      ]
      const { totals, homes, gas } = await reportOf(folder, startIn(folder, ...flags, ...gathered, ...faults))
      expect(totals).toMatchObject({
        lost: 0,
        duplicates: 0,
        included: totals.sealed,
        decrypted: totals.sealed,
        final: totals.sealed,
      })
      expect(totals.samples).toBeGreaterThan(40)
      expect(gas.perReading.p50).toBeLessThanOrEqual(GAS_MOST)

      const kept = await envelopesIn(url)
      const slots = kept.map(({ home, slot }) => `${home} ${slot}`)
      expect(new Set(slots).size).toBe(totals.included)
      expect(new Set(kept.map(({ home }) => home))).toEqual(new Set(homes.map(({ account }) => account)))
      const sizes = new Set(kept.map(({ wire, points }) => `${wire.length} ${points.length}`))
      expect([...sizes]).toEqual([`${WIRE_BYTES} ${POINTS_BYTES}`])
      expect(existsSync(join(folder, 'data', 'community', 'gateway.sqlite'))).toBe(false)
    },
    240_000,
  )
})
