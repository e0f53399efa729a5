import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { Wallet } from 'ethers'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { archiveMachine } from '../../actors/archive/machine.ts'
import { systemRandom, wallClock } from '../../bin/clock.ts'
import { gethPlaces } from '../../bin/host/cache-folder.ts'
import { loadSecrets } from '../../bin/host/secrets.ts'
import { checkArchive } from '../../chain/archive/check.ts'
import { archivesIn, knownArchives } from '../../chain/archive/places.ts'
import { rootOf } from '../../chain/archive/statement.ts'
import { writeContracts } from '../../chain/contracts-file.ts'
import { deployCommunity } from '../../chain/deploy.ts'
import { startGethChain } from '../../chain/network/geth/local-network.ts'
import { nodesUnder } from '../../chain/network/geth/node-folder.ts'
import { askAlone, endForsaken, runningIn } from '../../chain/network/geth/process.ts'
import { genesisHashOf } from '../../chain/network/geth/status.ts'
import { GETH } from '../chain/network/geth-lab.ts'
import { bundleChild } from '../delegation/child-bundle.ts'
import { leafStates } from '../machines/coverage.ts'
import { count } from '../machines/inspection.mjs'
import { type ArchiveDeath, archiveDeath } from './archive-wire.ts'
import { HOOKS } from './wire.ts'

/*
 * The commands that archive a chain and begin it anew are killed in every state, at every moment of it, and
 * given again, as a person would. The archive is then whole, once, and known; the chain is the new one,
 * whole, and its keys lie in one place. METERHOOD_CRASHES=all tries every state at every moment, else a
 * sample.
 */

const ALL = process.env['METERHOOD_CRASHES'] === 'all'
const SEED = Number(process.env['METERHOOD_SEED'] ?? Date.now() % 1_000_000)
const SAMPLE = 2
const TRIES_MOST = 4
const LIVES_MOST = 12
const SECRETS = ['nodekey', 'password', 'keystore']

const COMMANDS = {
  backup: {
    states: ['idle', 'snapshotting', 'signing', 'verifying', 'anchoring'],
    deeds: { snapshotting: 1, signing: 1, verifying: 1 } as Readonly<Record<string, number>>,
    words: (data: string) => ['backup', '--data', data, '--to', join(data, 'archive'), '--json'],
    /** Said to who gives a command again that was carried out. */
    done: /is not empty/u,
  },
  restart: {
    states: ['idle', 'restarting.verifying', 'restarting.beginning'],
    // The old chain goes aside, then the new one takes its place.
    deeds: { 'restarting.beginning': 2 } as Readonly<Record<string, number>>,
    words: (data: string) => ['restart', '--data', data, '--from', join(data, 'archive'), '--json'],
    done: /began from it already/u,
  },
}
type CommandName = keyof typeof COMMANDS

const cellsOf = (name: CommandName): ArchiveDeath[] =>
  COMMANDS[name].states.flatMap((leaf) =>
    HOOKS.flatMap((hook) => {
      const times = hook.endsWith('send') ? (COMMANDS[name].deeds[leaf] ?? 0) : 1
      return Array.from({ length: times }, (_, at) => ({ leaf, hook, nth: at + 1 }))
    }),
  )
const nameOf = (name: CommandName, { leaf, hook, nth }: ArchiveDeath): string =>
  `${name}: ${leaf} ${hook}${nth > 1 ? ` ${nth}` : ''}`

/** Everything under a folder that has one of these names. */
const named = (folder: string, names: readonly string[]): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => names.includes(basename(path)))
    .sort()

describe.skipIf(GETH === null)(`an archive, killed by SIGKILL in every state (seed ${SEED})`, () => {
  const program = GETH ?? ''
  const place = mkdtempSync(join(tmpdir(), 'mh-archive-'))
  const before: Record<CommandName, string> = {
    backup: join(place, 'chain'),
    restart: join(place, 'archived'),
  }
  let child: Awaited<ReturnType<typeof bundleChild>>
  let lives = 0

  beforeAll(async () => {
    child = await bundleChild('specs/crashes/archive-child.ts')
    const data = before.backup
    const { accountKey } = loadSecrets(data, systemRandom)
    const given = { blockTimeS: 1, signers: 1, clock: wallClock, random: systemRandom, places: gethPlaces() }
    const funded = [new Wallet(accountKey).address]
    const chain = await startGethChain({ ...given, funded, dataDir: join(data, 'chain') })
    const contracts = await deployCommunity({
      ...{ rpc: chain.rpc, managerKey: accountKey, profile: 'commitment', L: 4 },
      ...{ sampleMs: 2_000, slotsPerBilling: 100, windowBlocks: 5 },
    })
    await writeContracts(join(data, 'contracts.json'), contracts)
    await chain.stop()
    cpSync(data, before.restart, { recursive: true })
    await commanded('backup', before.restart, [])
  }, 180_000)
  afterAll(() => {
    rmSync(place, { recursive: true, force: true })
    rmSync(child.folder, { recursive: true, force: true })
  })

  /** Gives the command once: the death that it died, or what it said last. */
  async function given(name: CommandName, data: string, deaths: readonly ArchiveDeath[]) {
    const settings = JSON.stringify({ words: COMMANDS[name].words(data), deaths })
    const flags = ['--conditions=development', child.file, settings]
    const command = spawn(process.execPath, flags, { stdio: ['ignore', 'ignore', 'pipe'] })
    const exited = new Promise<number | null>((resolve) => command.once('exit', resolve))
    const said = await text(command.stderr)
    const death = /^died (.*)$/mu.exec(said)?.[1]
    return {
      code: await exited,
      died: death === undefined ? null : archiveDeath.parse(JSON.parse(death)),
      said,
    }
  }

  /** Gives the command until it comes to its end; the deaths that it died on the way. */
  async function commanded(name: CommandName, data: string, deaths: readonly ArchiveDeath[]) {
    const died: ArchiveDeath[] = []
    const isLeft = (each: ArchiveDeath): boolean =>
      !died.some((other) => nameOf(name, other) === nameOf(name, each))
    for (let life = 0; life < LIVES_MOST; life += 1) {
      const end = await given(name, data, deaths.filter(isLeft))
      if (end.died !== null) died.push(end.died)
      else if (end.code === 0 || (died.length > 0 && COMMANDS[name].done.test(end.said))) return died
      else throw new Error(end.said)
    }
    throw new Error(`${name}: died too often`)
  }

  /** What a life leaves. */
  async function endOf(data: string) {
    const chain = join(data, 'chain')
    const nodes = nodesUnder(chain)
    for (const node of nodes) await endForsaken(node)
    const archive = await checkArchive(join(data, 'archive'))
    const known = await knownArchives(archivesIn(chain))
    return {
      places: readdirSync(data).sort(),
      root: rootOf(archive.statement),
      known: known.map(({ statement }) => rootOf(statement)),
      secrets: named(data, SECRETS),
      running: nodes.filter((node) => runningIn(node) !== null).length,
      geneses: await Promise.all(nodes.map((node) => askAlone(program, node, genesisHashOf))),
    }
  }

  async function lived(name: CommandName, deaths: readonly ArchiveDeath[]) {
    lives += 1
    const data = join(place, `life-${lives}`)
    cpSync(before[name], data, { recursive: true })
    const died = await commanded(name, data, deaths)
    const end = await endOf(data)
    expect(existsSync(join(data, 'archive.part'))).toBe(false)
    rmSync(data, { recursive: true, force: true })
    return { end, died }
  }

  const chosen = (cells: readonly ArchiveDeath[]): readonly ArchiveDeath[] => {
    const sample = { minLength: SAMPLE, maxLength: SAMPLE }
    const some = fc.sample(fc.shuffledSubarray([...cells], sample), { numRuns: 1, seed: SEED })[0]
    return ALL ? cells : (some ?? [])
  }

  it.each(['backup', 'restart'] as const)('%s: comes to the same end', { timeout: 600_000 }, async (name) => {
    const undisturbed = (await lived(name, [])).end
    const cells = cellsOf(name)
    for (const hook of HOOKS) {
      let left = chosen(cells).filter((each) => each.hook === hook)
      // One death may step over the next state, which is then tried by itself.
      for (let tries = 0; tries < TRIES_MOST && left.length > 0; tries += 1) {
        const { end, died } = await lived(name, left)
        expect(end).toEqual(undisturbed)
        left = left.filter((each) => !died.some((other) => nameOf(name, other) === nameOf(name, each)))
        for (const each of died) count('crash', archiveMachine.id, nameOf(name, each))
      }
      expect(left).toEqual([])
    }
    for (const cell of cells) count('cell', archiveMachine.id, nameOf(name, cell))
  })

  it('leaves no state out', () => {
    const tried = Object.values(COMMANDS).flatMap(({ states }) => states)
    expect(leafStates(archiveMachine).filter((leaf) => !tried.includes(leaf))).toEqual([])
  })
})
