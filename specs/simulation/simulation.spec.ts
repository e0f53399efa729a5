import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { header, line } from '../../actors/inspection/recording.ts'
import { draw, simulatedFiles } from './mutants/drawn.ts'
import { keptMutants, searchKept } from './mutants/kept.ts'
import { ROOT } from './mutants/workplace.ts'
import { DEFAULTS, TIMES } from './options.ts'
import { simulate, type SimulationReport } from './run.ts'

const SAMPLE = { ...DEFAULTS, homes: 8, days: 3, seed: 'sample' }
/** A busy machine gives a simulation a twentieth of its time. */
const LIMIT_MS = 400_000
const QUICK_TO_FIND = ['machines-buyer-sells', 'proxy-confirmed-too-early', 'rules-division-remainder']

const command = (...flags: readonly string[]) =>
  spawnSync(process.execPath, ['--import', 'tsx', 'bin/meterhood.ts', 'simulate', ...flags], {
    cwd: ROOT,
    encoding: 'utf8',
  })

describe('a simulated community', () => {
  let first: SimulationReport | undefined

  it(
    'keeps every invariant while gateways die, words are lost and the chain forks',
    async () => {
      first = await simulate(SAMPLE)
      expect(first.found).toEqual([])
      expect(first.violations).toBe(0)
      expect(first.faultsInjected).toBeGreaterThan(20)
      expect(first.counts['readings']).toBeGreaterThan(2_000)
      expect(first.counts['settled']).toBeGreaterThan(3)
      // Who was away for an hour catches up: nothing hangs at the end.
      expect(first.byFault['gateway killed for an hour and more']).toBeGreaterThan(0)
      expect(first.byFault['gateway parted from the others for an hour and more']).toBeGreaterThan(0)
      // An invariant that nothing meets says nothing.
      expect(Object.values(first.byInvariant).every((times) => times > 0)).toBe(true)
      expect(Object.keys(first.byInvariant).length).toBeGreaterThan(40)
    },
    LIMIT_MS,
  )

  it(
    'does the same again by the same seed, and something else by another',
    async () => {
      const few = { ...SAMPLE, homes: 6, days: 1 }
      const [one, again, other] = [
        await simulate(few),
        await simulate(few),
        await simulate({ ...few, seed: 'other' }),
      ]
      expect(again).toEqual(one)
      expect(other.digest).not.toBe(one.digest)
    },
    LIMIT_MS,
  )
})

describe('the command', () => {
  it(
    'ends with the digest, says what was checked, and says how to see it again where something broke',
    () => {
      const { stdout, status } = command('--homes', '2', '--days', '1', '--no-trading')
      expect(status).toBe(0)
      const lines = stdout.trim().split('\n')
      expect(lines.at(-1)).toMatch(/^digest [0-9a-f]{64}$/)
      expect(lines.at(-2)).toBe('violations 0')
      expect(lines.at(-3)).toMatch(/^faults injected \d+$/)
      expect(lines.at(-4)).toMatch(/^invariants checked \d+$/)
    },
    LIMIT_MS,
  )

  it(
    'records what it did for the viewer, and nothing that must not be shown',
    () => {
      const folder = mkdtempSync(join(tmpdir(), 'meterhood-simulated-'))
      try {
        const file = join(folder, 'run.mhr')
        const flags = ['--homes', '2', '--days', '1', '--no-trading']
        const { stdout } = command(...flags, '--record', file)
        expect(stdout).toBe(command(...flags).stdout.replace(/took .*/, /took .*/.exec(stdout)?.[0] ?? ''))
        const [first = '', ...lines] = readFileSync(file, 'utf8').trim().split('\n')
        expect(header.parse(JSON.parse(first)).startedAtMs).toBe(TIMES.startMs - 3_600_000)
        const told = lines.map((text) => line.parse(JSON.parse(text)))
        const machines = new Set(told.map((one) => (one.kind === 'step' ? one.machine : '')))
        expect([...machines].sort()).toEqual(['', 'community-gateway', 'intent', 'smart-gateway'])
        expect(told.filter(({ kind }) => kind === 'step').length).toBeGreaterThan(500)
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    },
    LIMIT_MS,
  )

  it(
    'names the flag and the fix',
    () => {
      const { stderr, status } = command('--homes', 'many')
      expect(status).not.toBe(0)
      expect(stderr).toMatch(/--homes.*Give a whole number from 1 to 5000/s)
    },
    LIMIT_MS,
  )
})

describe('a bug', () => {
  it(
    'that is put in on purpose is found',
    async () => {
      const mutants = keptMutants().filter(({ name }) => QUICK_TO_FIND.includes(name))
      const survived: string[] = []
      await searchKept(mutants, ({ name }, { found }) => {
        if (!found) survived.push(name)
      })
      expect(mutants).toHaveLength(QUICK_TO_FIND.length)
      expect(survived).toEqual([])
    },
    LIMIT_MS,
  )

  it(
    'is kept for rules, proxies and machines, with what goes wrong in words',
    () => {
      const kept = keptMutants()
      expect(kept.length).toBeGreaterThanOrEqual(12)
      for (const group of ['rules', 'proxy', 'machines']) {
        expect(kept.filter(({ name }) => name.startsWith(`${group}-`)).length).toBeGreaterThanOrEqual(4)
      }
      for (const { name, what } of kept) expect(what, name).toMatch(/^[A-Z].*\.$/)
    },
    LIMIT_MS,
  )

  it(
    'that is drawn by a seed lies in code that the simulation runs',
    () => {
      const files = simulatedFiles()
      expect(files).toContain(join('protocols', 'rules', 'clear.ts'))
      expect(files).toContain(join('actors', 'contract-proxy', 'outbox.ts'))
      expect(files).toContain(join('actors', 'auction', 'payment', 'machine.ts'))
      const drawn = draw(12, 'unseen')
      expect(drawn).toEqual(draw(12, 'unseen'))
      expect(drawn.every(({ file }) => files.includes(file))).toBe(true)
    },
    LIMIT_MS,
  )
})
