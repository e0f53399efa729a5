import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { z } from 'zod'
import { startIn } from './report.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meterhood-removal-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const community = z.object({
  members: z.array(z.object({ name: z.string() })),
  counts: z.object({ included: z.number(), final: z.number() }),
})
const home = z.object({
  account: z.string(),
  state: z.object({ phase: z.string(), text: z.string() }),
  counts: z.object({ sealed: z.number() }),
})

async function viewOf<S extends z.ZodType>(page: string, schema: S): Promise<z.output<S>> {
  return schema.parse(await (await fetch(new URL('api/view', page))).json())
}

it('a home that the manager removes is told, seals nothing more, and the others go on', async () => {
  const running = startIn(folder, '--homes', '3', '--boards', 'profile', '--period', '2', '--for', '60s')
  const said = await running.printed('running ')
  const pages = said.split('\n').flatMap((line) => /page\s+(http\S+)/.exec(line)?.[1] ?? [])
  const [manager = '', , gone = '', stays = ''] = pages
  const { account } = await viewOf(gone, home)
  const asked = await fetch(new URL('api/actions/remove-home', manager), {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: new URL(manager).origin },
    body: JSON.stringify({ home: account }),
  })
  expect(asked.status).toBe(200)
  await expect.poll(async () => (await viewOf(gone, home)).state.phase).toBe('leaving')
  expect((await viewOf(gone, home)).state.text).toContain('removed from the community')
  const names = async () => (await viewOf(manager, community)).members.map(({ name }) => name)
  await expect.poll(names).toEqual(['home-01', 'home-03'])

  const then = (await viewOf(gone, home)).counts.sealed
  const others = (await viewOf(stays, home)).counts.sealed
  await expect.poll(async () => (await viewOf(stays, home)).counts.sealed).toBeGreaterThan(others + 2)
  expect((await viewOf(gone, home)).counts.sealed).toBe(then)
  const counted = async () => (await viewOf(manager, community)).counts
  await expect.poll(async () => (await counted()).final).toBeGreaterThan(0)
  const { included, final } = await counted()
  expect(final).toBeLessThanOrEqual(included)
  await running.interrupt()
}, 240_000)
