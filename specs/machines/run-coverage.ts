import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { catalogue } from '../../actors/catalogue.ts'
import { MODEL_SPECS } from '../models/specs.ts'
import { type MachineTally, type Share, tallyOf, TRANSITIONS_LEAST } from './tally.ts'

/*
 * `npm run coverage:machines`: drives the real machines by their models and kills them in every state, then
 * counts what was met by the inspection of the machines themselves, in whichever process they ran. Each test
 * is told when it ends. `npm run coverage:machines -- delegation caring` does so for the named machines only,
 * `-- specs/…` by the named specs only; `--json` prints data.
 */

const ROOT = new URL('../..', import.meta.url).pathname
const INSPECTION = join(ROOT, 'specs/machines/inspection.mjs')

/** Runs specs in which every machine of every process is counted; resolves with the exit code. */
function counted(specs: readonly string[], folder: string, toStderr: boolean): Promise<number> {
  const env = {
    ...process.env,
    METERHOOD_COVERAGE: folder,
    METERHOOD_CRASHES: 'all',
    NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --import ${INSPECTION}`,
  }
  const words = ['node_modules/vitest/vitest.mjs', 'run', '--reporter=verbose', ...specs]
  const vitest = spawn(process.execPath, words, {
    cwd: ROOT,
    env,
    stdio: ['ignore', toStderr ? 2 : 'inherit', 'inherit'],
  })
  return new Promise((resolve) => vitest.once('exit', (code) => resolve(code ?? 1)))
}

const fraction = ({ seen, of }: Share): string => `${seen}/${of}`

function printed(tallies: readonly MachineTally[]): string {
  const rows = [
    ['machine', 'states', 'transitions', 'sneak paths', 'crash cells'],
    ...tallies.map(({ machine, states, transitions, sneakPaths, crashCells }) => [
      machine,
      fraction(states),
      fraction(transitions),
      String(sneakPaths),
      fraction(crashCells),
    ]),
  ]
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  return rows.map((row) => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ')).join('\n')
}

function missingOf({ machine, states, transitions, breaches, crashCells }: MachineTally): string[] {
  return [
    ...states.missing.map((name) => `${machine}: never in state ${name}`),
    ...transitions.missing.map((name) => `${machine}: never took ${name}`),
    ...breaches.map((path) => `${machine}: sneaked through ${path}`),
    ...crashCells.missing.map((name) => `${machine}: never killed ${name}`),
  ]
}

const isEnough = ({ states, transitions, sneakPaths, breaches, crashCells }: MachineTally): boolean =>
  states.missing.length === 0 &&
  transitions.seen >= transitions.of * TRANSITIONS_LEAST &&
  sneakPaths > 0 &&
  breaches.length === 0 &&
  crashCells.of > 0 &&
  crashCells.missing.length === 0

const WRONG_WORDS = 2
const MACHINES = Object.keys(catalogue)

/** What the words of the command choose: specs to run, machines to count. */
function chosenBy(words: readonly string[]) {
  const named = words.filter((word) => MACHINES.includes(word))
  const machines = named.length > 0 ? named : MACHINES
  const specs = words.filter((word) => word.startsWith('specs/'))
  const ofMachines = Object.entries(MODEL_SPECS).filter(([, of]) =>
    of.some((each) => machines.includes(each)),
  )
  return { machines, specs: specs.length > 0 ? specs : ofMachines.map(([spec]) => spec) }
}

async function main(flags: readonly string[]): Promise<number> {
  const json = flags.includes('--json')
  const words = flags.filter((flag) => !flag.startsWith('--'))
  const unknown = words.filter((word) => !MACHINES.includes(word) && !word.startsWith('specs/'))
  if (unknown.length > 0) {
    process.stderr.write(`${unknown.join(', ')}: name specs/… or machines: ${MACHINES.join(', ')}\n`)
    return WRONG_WORDS
  }
  const { machines, specs } = chosenBy(words)
  const folder = mkdtempSync(join(tmpdir(), 'meterhood-coverage-'))
  try {
    const code = await counted(specs, folder, json)
    const tallies = tallyOf(folder).filter(({ machine }) => machines.includes(machine))
    const ok = code === 0 && tallies.every(isEnough)
    const told = json
      ? JSON.stringify({ ok, specs: code === 0, machines: tallies })
      : [printed(tallies), ...tallies.flatMap(missingOf)].join('\n')
    process.stdout.write(`${told}\n`)
    return ok ? 0 : 1
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

process.exit(await main(process.argv.slice(2)))
