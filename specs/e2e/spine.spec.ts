import { createServer, type AddressInfo } from 'node:net'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { meterhood } from './command.ts'
import { reportOf, startIn } from './report.ts'

const KILLS = 10
const KILL_EVERY_S = 4

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meterhood-e2e-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function run(...flags: string[]) {
  const report = await reportOf(folder, startIn(folder, ...flags))
  return { data: join(folder, 'data'), report }
}

describe('a community on real parts', () => {
  it('meters itself on real firmware, loses nothing, and tells a home that fell silent', async () => {
    const wire = ['--fault', 'wire:2.power@8s']
    const { data, report } = await run('--homes', '2', '--period', '2', '--for', '24s', ...wire)
    const { totals, homes } = report
    expect(homes.map(({ boards }) => boards)).toEqual(['firmware', 'firmware'])
    expect(homes[0]?.samples).toBeGreaterThanOrEqual(10)
    expect(totals.sealed + totals.rejected).toBe(totals.samples)
    expect(totals).toMatchObject({
      lost: 0,
      duplicates: 0,
      included: totals.sealed,
      decrypted: totals.sealed,
    })
    expect(homes[1]?.samples).toBeLessThan(homes[0]?.samples ?? 0)
    expect(homes[1]?.alarmsRead).toBeGreaterThanOrEqual(1)
    expect(totals.alarmsRead).toBe(totals.alarmsSent)

    const verified = await meterhood('verify', '--data', data, '--json')
    const found = z
      .object({ ok: z.boolean(), faults: z.array(z.unknown()) })
      .parse(JSON.parse(verified.stdout))
    expect(found).toEqual({ ok: true, faults: [] })
    expect(verified.code).toBe(0)
  }, 240_000)

  it('meters a single home, each reading stored whole in a ring of one, and verifies', async () => {
    const ring = ['--store', 'storage', '--length', '1', '--batch', '4']
    const { data, report } = await run(
      ...['--homes', '1', '--boards', 'profile', '--period', '1', '--billing', '5s', '--for', '24s'],
      ...ring,
    )
    const { totals } = report
    expect(totals.samples).toBeGreaterThanOrEqual(20)
    expect(totals).toMatchObject({
      lost: 0,
      duplicates: 0,
      included: totals.sealed,
      decrypted: totals.sealed,
    })
    const verified = await meterhood('verify', '--data', data, '--json')
    const found = z
      .object({ faults: z.array(z.unknown()), checked: z.object({ totals: z.number() }) })
      .parse(JSON.parse(verified.stdout))
    expect(found.faults).toEqual([])
    expect(found.checked.totals).toBeGreaterThanOrEqual(1)
    expect(verified.code).toBe(0)
  }, 240_000)

  it(`loses and doubles nothing when gateways are killed ${KILLS} times at random moments`, async () => {
    const nodes = ['home:1', 'cgw', 'home:2']
    const kills = Array.from({ length: KILLS }, (_, at) => {
      const ms = (at + 1) * KILL_EVERY_S * 1000 + Math.floor(Math.random() * 2000)
      return `kill:${nodes[at % nodes.length] ?? 'cgw'}@${ms}ms`
    }).join(',')
    const seconds = (KILLS + 3) * KILL_EVERY_S
    const flags = ['--homes', '2', '--boards', 'profile', '--period', '2', '--for', `${seconds}s`]
    const { report } = await run(...flags, '--fault', kills)
    const { totals } = report
    expect(totals.samples, kills).toBeGreaterThan(seconds / 4)
    expect(totals.sealed + totals.rejected, kills).toBe(totals.samples)
    expect(totals, kills).toMatchObject({ lost: 0, duplicates: 0, decrypted: totals.sealed })
  }, 300_000)
})

describe('the command line names what is wrong and what to do', () => {
  it('refuses an unknown fault with the grammar and exit code 2', async () => {
    const { code, stderr } = await meterhood(
      'start',
      '--for',
      '1s',
      '--data',
      folder,
      '--fault',
      'explode:cgw@1s',
    )
    expect(code).toBe(2)
    expect(stderr).toContain('unknown action "explode"')
    expect(stderr).toContain('action := kill:NODE')
  })

  it('refuses more homes than the profiles have, naming both numbers', async () => {
    const { code, stderr } = await meterhood('start', '--for', '1s', '--data', folder, '--homes', '41')
    expect(code).toBe(2)
    expect(stderr).toContain('41 homes asked for')
    expect(stderr).toContain('40 columns')
  })

  it('ends with one line when its port is taken', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const ended = await meterhood(
      'start',
      '--for',
      '1s',
      '--data',
      folder,
      '--homes',
      '1',
      '--port',
      `${port}`,
    )
    server.close()
    expect(ended.code).toBe(1)
    expect(ended.stderr.trim().split('\n')).toHaveLength(1)
    expect(ended.stderr).toContain(String(port))
  }, 60_000)
})
