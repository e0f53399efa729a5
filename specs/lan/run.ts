import '../../protocols/p2p/polyfill.ts'
import { messageOf } from '../../protocols/rules/fault.ts'
import { FIVE_SIGNERS } from './clone.ts'
import { IN_SHORT, THREE_SIGNERS } from './faults.ts'
import { lacking, type Lack } from './network.ts'
import type { Trial } from './outcome.ts'
import { fiveSigners, threeSigners, type World } from './world.ts'

/*
 * `npm run test:lan`: faults on a LAN of network namespaces. `--ci` runs the short form that every change
 * must withstand; `--json` prints the rows as JSON; a word runs the rows whose fault holds it, and the first
 * of their LAN.
 */

interface Row {
  readonly fault: string
  readonly ok: boolean
  readonly result: string
  readonly seconds: number
}

const flags = process.argv.slice(2)
const asJson = flags.includes('--json')
const inShort = flags.includes('--ci')
const only = flags.filter((flag) => !flag.startsWith('--'))
const say = (line: string): boolean => (asJson ? process.stderr : process.stdout).write(`${line}\n`)
const stop = new AbortController()

const WIDTH = 34
const MS_PER_S = 1_000
const TENTHS = 10

const shown = ({ ok, fault, result, seconds }: Row): string =>
  `${ok ? '✓' : '✗'} ${fault.padEnd(WIDTH)} ${seconds.toFixed(1).padStart(6)} s  ${result}`

async function rowOf({ fault, run }: Trial, world: World): Promise<Row> {
  const began = performance.now()
  const since = (ms: number): number => Math.round((ms * TENTHS) / MS_PER_S) / TENTHS
  try {
    const { result, tookMs } = await run(world)
    return { fault, ok: true, result, seconds: since(tookMs) }
  } catch (thrown) {
    return { fault, ok: false, result: messageOf(thrown), seconds: since(performance.now() - began) }
  }
}

async function runAll(world: World, trials: readonly Trial[]): Promise<Row[]> {
  const rows: Row[] = []
  for (const trial of trials) {
    if (stop.signal.aborted) break
    const row = await rowOf(trial, world)
    say(shown(row))
    rows.push(row)
    // A row that failed may have left a cut, or a node away.
    await world.lan.heal()
    await Promise.all(world.boxes.map((box) => box.mend()))
  }
  return rows
}

const wanted = ({ fault }: Trial): boolean => only.length === 0 || only.some((word) => fault.includes(word))

interface Matrix {
  readonly open: () => Promise<World>
  readonly trials: readonly Trial[]
}

const MATRICES: readonly Matrix[] = [
  { open: threeSigners, trials: THREE_SIGNERS },
  { open: fiveSigners, trials: FIVE_SIGNERS },
]
const SHORT: readonly Matrix[] = [{ open: threeSigners, trials: IN_SHORT }]

async function inWorld(open: () => Promise<World>, trials: readonly Trial[]): Promise<Row[]> {
  const world = await open()
  try {
    return await runAll(world, trials)
  } finally {
    await world.close()
  }
}

/**
 * Says why nothing can be run. A tool that is missing can be had, and CI has it; that a kernel refuses
 * namespaces is nobody's fault.
 */
function leaveOut({ kind, words }: Lack): boolean {
  const isFailure = kind === 'tool' && process.env.CI === 'true'
  say(`Left out on this machine: the LAN, for it needs ${words}.`)
  if (asJson) process.stdout.write(`${JSON.stringify({ rows: [], leftOut: { kind, words } })}\n`)
  say(`0 passed, ${isFailure ? 1 : 0} failed`)
  return !isFailure
}

async function main(): Promise<boolean> {
  const lack = await lacking()
  if (lack !== null) return leaveOut(lack)
  const rows: Row[] = []
  for (const { open, trials } of inShort ? SHORT : MATRICES) {
    const asked = trials.filter(wanted)
    if (asked.length === 0 || stop.signal.aborted) continue
    rows.push(...(await inWorld(open, [...new Set([...trials.slice(0, 1), ...asked])])))
  }
  if (asJson) process.stdout.write(`${JSON.stringify({ rows, leftOut: null })}\n`)
  const passed = rows.filter(({ ok }) => ok).length
  say(`${passed} passed, ${rows.length - passed} failed`)
  return passed === rows.length
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
main().then(
  (ok) => process.exit(ok ? 0 : 1),
  (thrown: unknown) => {
    say(messageOf(thrown))
    process.exit(1)
  },
)
