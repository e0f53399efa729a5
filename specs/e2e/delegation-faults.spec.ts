import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { reportOf, startIn } from './report.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meterhood-delegation-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const Readers = z.object({
  homes: z.array(z.object({ account: z.string(), alarmsRead: z.number() })),
  delegations: z.object({ active: z.number(), ended: z.number() }),
})

describe('a delegation whose homes fail', () => {
  it('loses no reading when a watched home is cut off and both homes are killed', async () => {
    const faults = [
      'delegate:1>2@5s',
      'cut:home:1@17s',
      'heal@24s',
      'kill:home:2@29s',
      'kill:home:1@36s',
      'end@46s',
    ]
    // Both homes begin again just before the end, which takes half a minute beside other communities.
    const flags = ['--homes', '3', '--boards', 'profile', '--period', '2', '--for', '84s']
    const running = startIn(folder, ...flags, '--fault', faults.join(','))
    const { totals } = await reportOf(folder, running)
    expect(totals).toMatchObject({
      lost: 0,
      duplicates: 0,
      included: totals.sealed,
      decrypted: totals.sealed,
      final: totals.sealed,
      alarmsRead: totals.alarmsSent,
    })
    const told = Readers.parse(JSON.parse(await readFile(join(folder, 'report.json'), 'utf8')))
    expect(told.delegations).toEqual({ active: 0, ended: 1 })
    // What the community told of the home that was silent, its neighbour read, and nobody else.
    expect(totals.alarmsSent).toBeGreaterThan(0)
    expect(told.homes.map(({ alarmsRead }) => alarmsRead)).toEqual([0, totals.alarmsSent, 0])
    const { ended } = running
    expect((await ended).stdout).toMatch(
      /readers\s+(\d+) slots, \1 read by the neighbour, \1 by the community/,
    )
  }, 240_000)
})
