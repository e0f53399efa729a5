import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Ongoing } from './command.ts'
import { reportOf, startIn } from './report.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meterhood-faults-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const community = (...flags: string[]): Ongoing =>
  startIn(folder, '--homes', '3', '--boards', 'profile', '--period', '2', ...flags)

const HomeView = z.object({
  name: z.string(),
  slot: z.number().nullable(),
  state: z.object({ phase: z.string(), text: z.string(), away: z.array(z.string()) }),
  chain: z.object({ state: z.string(), pending: z.number() }),
  counts: z.object({ sealed: z.number() }),
})

/** The page of home `number`, as its people read it; pages are told in order, the community's first. */
async function pageOfHome(
  running: Ongoing,
  number: number,
): Promise<() => Promise<z.infer<typeof HomeView>>> {
  const said = await running.printed('cut:home')
  const pages = said.split('\n').flatMap((line) => /page\s+(http\S+)/.exec(line)?.[1] ?? [])
  const url = new URL('api/view', pages[number])
  return async () => HomeView.parse(await (await fetch(url)).json())
}

describe('a community whose parts fail', () => {
  it('keeps a home that is cut off metering and telling its people so, and loses nothing', async () => {
    const faults = 'cut:home:2@4s,wire:2.power@9s,heal@14s,kill:chain@20s'
    const running = community('--for', '34s', '--fault', faults)
    const view = await pageOfHome(running, 2)
    const before = await view()
    // Which of the two is missed first is chance.
    await expect.poll(async () => [...(await view()).state.away].sort()).toEqual(['cgw', 'chain'])
    await expect.poll(async () => (await view()).counts.sealed).toBeGreaterThan(before.counts.sealed + 1)
    const cut = await view()
    expect(cut.name).toBe('home-02')
    expect(cut.state.phase).toBe('degraded')
    expect(cut.state.text).toContain('Neither the chain nor the community answers; readings are kept')
    expect(cut.chain.state).toBe('away')
    await running.printed('fault      heal')
    await expect.poll(async () => (await view()).state.away).toEqual(['boards'])

    const { totals, homes, chain } = await reportOf(folder, running)
    expect(totals).toMatchObject({
      lost: 0,
      duplicates: 0,
      included: totals.sealed,
      decrypted: totals.sealed,
      final: totals.sealed,
    })
    expect(totals.sealed + totals.rejected).toBe(totals.samples)
    // The silent home and its broken wire: the one told by the community, the other by the home, once healed.
    expect(homes[1]?.alarmsRead).toBeGreaterThanOrEqual(2)
    expect(totals.alarmsRead).toBe(totals.alarmsSent)
    expect(chain.reorgs).toBeLessThanOrEqual(1)
  }, 420_000)

  it('catches up after everything failed at once, and thaws at its end what is frozen', async () => {
    const faults = [
      'cut:chain@4s,heal@12s',
      'cut:cgw@16s,kill:cgw@18s,heal@26s',
      'stop:chain@30s,kill:home:1@31s,resume:chain@38s,kill:chain@42s,kill:cgw@42s,kill:home:3@43s',
      'stop:home:2@50s,stop:chain@52s',
    ]
    const running = community('--for', '54s', '--fault', faults.join())
    const said = await running.printed('drain      ')
    expect(said.match(/, since the run is over/g)).toHaveLength(2)
    const { totals } = await reportOf(folder, running)
    expect(totals).toMatchObject({
      lost: 0,
      duplicates: 0,
      included: totals.sealed,
      decrypted: totals.sealed,
      final: totals.sealed,
    })
    expect(totals.sealed + totals.rejected).toBe(totals.samples)
    expect(totals.alarmsRead).toBe(totals.alarmsSent)
  }, 480_000)
})
