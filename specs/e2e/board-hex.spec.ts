import { spawnSync } from 'node:child_process'
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openStore } from '../../actors/storage/store.ts'
import { missingTool } from '../hardware/workbench.ts'
import { reportOf, startIn } from './report.ts'

/** What the home of the spec draws, all day long. */
const LOAD_W = 600
/** Of the watts, what a board of 10 bits may be off. */
const TOLERANCE = 0.03

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meterhood-hex-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function steadyProfile(): Promise<string> {
  const profiles = join(folder, 'profiles')
  await mkdir(profiles)
  const rows = Array.from({ length: 96 }, (_, at) => {
    const [hour, minute] = [Math.floor(at / 4), (at % 4) * 15].map((part) => String(part).padStart(2, '0'))
    return `2021-06-01T${hour}:${minute},${LOAD_W}`
  })
  await writeFile(join(profiles, 'electricity_w.csv'), ['time,H01', ...rows, ''].join('\n'))
  return profiles
}

function doubledFirmware(): string {
  const made = spawnSync('make', ['-C', 'hardware/firmware', `OUT=${join(folder, 'double')}`, 'GAIN=2'])
  expect(made.status).toBe(0)
  return join(folder, 'double', 'power.hex')
}

/** The mean watts of each slot, as the community gateway opened them. */
async function wattsAtCommunity(name: string, ...flags: string[]): Promise<number[]> {
  const place = join(folder, name)
  await mkdir(place)
  await reportOf(place, startIn(place, '--homes', '1', '--period', '2', '--for', '12s', ...flags))
  const store = await openStore({ file: join(place, 'data', 'community', 'gateway.sqlite') })
  try {
    const rows = await store.db.selectFrom('reading').select('mean_power_w').execute()
    return rows.map((row) => row.mean_power_w)
  } finally {
    await store.close()
  }
}

const tools = missingTool('avr-gcc') || missingTool('make')

describe.skipIf(tools)('A community whose power boards run another firmware', () => {
  it('sees twice the watts of the same load when their gain is doubled', async () => {
    const profiles = ['--profiles', await steadyProfile()]
    const [plain, doubled] = await Promise.all([
      wattsAtCommunity('plain', ...profiles),
      wattsAtCommunity('doubled', ...profiles, '--board-hex', doubledFirmware()),
    ])
    expect(plain.length).toBeGreaterThan(3)
    expect(doubled.length).toBeGreaterThan(3)
    for (const watts of plain) expect(Math.abs(watts / LOAD_W - 1)).toBeLessThan(TOLERANCE)
    for (const watts of doubled) expect(Math.abs(watts / (2 * LOAD_W) - 1)).toBeLessThan(TOLERANCE)
  }, 240_000)
})
