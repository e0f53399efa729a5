import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Libsql from 'libsql'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { meterhood, type Ongoing } from './command.ts'
import { reportOf, startIn } from './report.ts'

const Rows = z.array(z.object({ epoch: z.number() }))
const Verified = z.object({
  ok: z.boolean(),
  checked: z.object({ keys: z.number() }),
  faults: z.array(z.unknown()),
})

const HOMES = 3
/** X_cg and X_dl of an epoch, and a key of each home. */
const KEYS_OF_AN_EPOCH = 2 + HOMES

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meterhood-epochs-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

function epochsIn(query: string): number[] {
  const database = new Libsql(join(folder, 'data', 'community', 'gateway.sqlite'))
  try {
    return Rows.parse(database.prepare(query).all()).map(({ epoch }) => epoch)
  } finally {
    database.close()
  }
}

const answers = (page: string): Promise<boolean> =>
  fetch(page).then(
    () => true,
    () => false,
  )

/** Whoever has the page of the community open finds it where it was, once its killed gateway is back. */
async function findsPageAgain(running: Ongoing): Promise<void> {
  const [, page = ''] = /^ *[\d.]+ +community +(\S+)$/mu.exec(await running.printed('community  ')) ?? []
  expect(await answers(page)).toBe(true)
  const options = { timeout: 90_000, interval: 50 }
  await expect.poll(() => answers(page), options).toBe(false)
  await expect.poll(() => answers(page), options).toBe(true)
}

describe('a community whose keys change', () => {
  it('loses and doubles nothing, either side killed in the middle, and erases old keys', async () => {
    const faults = 'kill:cgw@14s,kill:home:2@15s,kill:home:1@29s,kill:cgw@44s'
    const size = ['--homes', String(HOMES), '--boards', 'profile', '--period', '1', '--billing', '20s']
    const running = startIn(folder, ...size, '--epoch', '12s', '--for', '110s', '--fault', faults)
    await findsPageAgain(running)
    const { totals } = await reportOf(folder, running)
    expect(totals).toMatchObject({
      lost: 0,
      duplicates: 0,
      included: totals.sealed,
      decrypted: totals.sealed,
    })

    const sealed = epochsIn('select distinct epoch from envelope order by epoch')
    expect(sealed.length).toBeGreaterThanOrEqual(4)
    const [first = 0] = sealed
    expect(sealed).toEqual(sealed.map((_, at) => first + at))
    const kept = epochsIn("select epoch from secret where purpose = 'chain-key' order by epoch")
    expect(kept).not.toContain(0)
    expect(kept).toContain(Math.max(...sealed))

    const verified = await meterhood('verify', '--data', join(folder, 'data'), '--json')
    const found = Verified.parse(JSON.parse(verified.stdout))
    expect(found.faults).toEqual([])
    expect(found.checked.keys).toBeGreaterThanOrEqual((sealed.length - 1) * KEYS_OF_AN_EPOCH)
  }, 500_000)
})
