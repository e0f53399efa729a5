import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { wallClock } from '../../bin/clock.ts'
import { type BoardHost, createBoardHost } from '../../hardware/board/host.ts'
import { defaultProfilesFolder } from '../../hardware/board/firmware-files.ts'
import { loadProfiles } from '../../hardware/board/profiles.ts'
import { bundleChild } from '../delegation/child-bundle.ts'
import { identityOf } from '../hardware/workbench.ts'
import { count } from '../machines/inspection.mjs'
import { Undying } from './undying.ts'
import { type Death, HOOKS } from './wire.ts'

/*
 * A home's gateway is killed while the link to its power board and the control of the relay are in every
 * state; the board runs the real firmware, and in the end the supply is on and the link is stopped as
 * asked. `npm test` tries a sample by METERHOOD_SEED, METERHOOD_CRASHES=all every state at every moment.
 */

const ALL = process.env['METERHOOD_CRASHES'] === 'all'
const SEED = Number(process.env['METERHOOD_SEED'] ?? Date.now() % 1_000_000)
const SAMPLE = 1
const TRIES_MOST = 4
const SAMPLE_MS = 1_000
const CONTRACTED_W = 3_000
const POWER = identityOf('power', 71)
const POLL_MS = 20
const LONGEST_MS = 90_000

const LINK = [
  'connecting',
  'authorising.greeting',
  'authorising.admitting',
  'authorising.configuring',
  'live',
  'stale',
  'absent',
  'calibrating',
  'stopped',
]
const SUPPLY = [
  'normal',
  'over',
  'warned',
  'tripped.opening',
  'tripped.failing',
  'tripped.open',
  'restored.closing',
  'restored.closed',
  'stuck',
]
const RELAY = ['tripped.opening', 'restored.closing']

const tells = z.object({ states: z.record(z.string(), z.array(z.string())), told: z.string() })
const WISH = { drawnPermille: 500, restores: false, relayIsStuck: false, calibrates: false, stops: false }
type Home = Undying<z.infer<typeof tells>, typeof WISH>

const supply = (state: string): string => `powerControl supply.${state}`

/** Every moment at which either can be killed; the link keeps nothing, so that it has one in each state. */
const CELLS: readonly Death[] = [
  ...LINK.map((state) => ({ leaf: `boardLink ${state}`, hook: 'after persist' as const })),
  ...SUPPLY.flatMap((state) =>
    HOOKS.filter((hook) => !hook.endsWith('send') || RELAY.includes(state)).map((hook) => ({
      leaf: supply(state),
      hook,
    })),
  ),
]

async function until(home: Home, ...leaves: readonly string[]): Promise<void> {
  for (let waited = 0; waited < LONGEST_MS; waited += POLL_MS) {
    const active = Object.values(home.told?.states ?? {}).flat()
    if (leaves.some((leaf) => active.includes(leaf))) return
    await sleep(POLL_MS)
  }
  throw new Error(`never ${leaves.join(' or ')}: ${JSON.stringify(home.told)}`)
}

/** A supply that trips, is restored, gets stuck and is mended, by a board that goes away and comes back. */
async function course(home: Home, host: BoardHost): Promise<void> {
  await until(home, 'boardLink live')
  home.wish({ calibrates: true })
  for (let waited = 0; home.told?.told !== 'calibrated' && waited < LONGEST_MS; waited += POLL_MS)
    await sleep(POLL_MS)
  home.wish({ calibrates: false, drawnPermille: 1_050 })
  await until(home, supply('over'))
  home.wish({ drawnPermille: 2_200 })
  await until(home, supply('tripped.open'))
  home.wish({ drawnPermille: 500, restores: true })
  await until(home, supply('normal'))
  home.wish({ restores: false, relayIsStuck: true, drawnPermille: 12_000 })
  await until(home, supply('tripped.failing'))
  home.wish({ relayIsStuck: false, drawnPermille: 500 })
  await until(home, supply('tripped.open'))
  home.wish({ relayIsStuck: true, restores: true })
  await until(home, supply('stuck'))
  home.wish({ relayIsStuck: false })
  await until(home, supply('normal'))
  host.cut(1, 'power')
  await until(home, 'boardLink absent', 'boardLink connecting')
  host.mend(1, 'power')
  await until(home, 'boardLink live')
  home.wish({ stops: true })
  await until(home, 'boardLink stopped')
}

describe(`a home with a power board, killed by SIGKILL in every state (seed ${SEED})`, () => {
  let folder = ''
  let host: BoardHost
  let child: Awaited<ReturnType<typeof bundleChild>>
  beforeAll(async () => {
    child = await bundleChild('specs/crashes/board-child.ts')
  }, 120_000)
  afterAll(() => rmSync(child.folder, { recursive: true, force: true }))
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'meterhood-board-'))
    host = await createBoardHost({
      ...{ mode: 'firmware', sampleMs: SAMPLE_MS, clock: wallClock },
      homes: [{ number: 1, boards: [POWER] }],
      profiles: await loadProfiles(defaultProfilesFolder()),
    })
  })
  afterEach(async () => {
    await host.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const some = fc.sample(fc.shuffledSubarray([...CELLS], { minLength: SAMPLE, maxLength: SAMPLE }), {
    ...{ numRuns: 1, seed: SEED },
  })[0]
  const wanted = ALL ? CELLS : (some ?? [])
  const hooks = HOOKS.filter((hook) => wanted.some((each) => each.hook === hook))

  /** Goes through the course with these deaths; gives those that were not died. */
  async function lived(deaths: readonly Death[], life: number): Promise<readonly Death[]> {
    const [board] = host.boards
    const file = join(folder, `${life}.sqlite`)
    const settings = { file, board, sampleMs: SAMPLE_MS, contractedW: CONTRACTED_W }
    const home: Home = new Undying({ program: child.file, settings, deaths, tells, wish: WISH })
    try {
      home.start()
      await course(home, host)
      expect(home.told?.states['powerControl']).toContain(supply('normal'))
      expect(host.board(1, 'power').conducting).toBe(true)
    } finally {
      await home.stop()
    }
    for (const { leaves, hook } of home.died) for (const leaf of leaves) note('crash', { leaf, hook })
    return home.left()
  }

  it.each(hooks)('%s: comes to the same end', { timeout: 600_000 }, async (hook) => {
    let left: readonly Death[] = wanted.filter((each) => each.hook === hook)
    // One death may step over the next state, which is then tried by itself.
    for (let tries = 0; tries < TRIES_MOST && left.length > 0; tries += 1) left = await lived(left, tries)
    expect(left).toEqual([])
    for (const cell of CELLS) note('cell', cell)
  })
})

function note(kind: 'cell' | 'crash', { leaf, hook }: Death): void {
  const [machine = '', state = ''] = leaf.split(' ')
  count(kind, machine, `${state} ${hook}`)
}
