import '../../protocols/p2p/polyfill.ts'
import { messageOf } from '../../protocols/rules/fault.ts'
import { FIVE_SIGNERS } from './clone.ts'
import { THREE_SIGNERS, type Trial } from './faults.ts'
import { lacking } from './network.ts'
import { fiveSigners, threeSigners, type World } from './world.ts'

/*
 * `npm run test:lan`: faults on a LAN of network namespaces. `--json` prints the rows as JSON; a word runs
 * the rows whose fault holds it, and the first of their LAN.
 */

interface Row {
  readonly fault: string
  readonly ok: boolean
  readonly result: string
  readonly seconds: number
}

const flags = process.argv.slice(2)
const asJson = flags.includes('--json')
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

const WORLDS: readonly { readonly open: () => Promise<World>; readonly trials: readonly Trial[] }[] = [
  { open: threeSigners, trials: THREE_SIGNERS },
  { open: fiveSigners, trials: FIVE_SIGNERS },
]

async function inWorld(open: () => Promise<World>, trials: readonly Trial[]): Promise<Row[]> {
  const world = await open()
  try {
    return await runAll(world, trials)
  } finally {
    await world.close()
  }
}

async function main(): Promise<boolean> {
  const lack = await lacking()
  if (lack !== null) {
    say(`Left out on this machine: the LAN, for it needs ${lack}.`)
    if (process.env.CI === 'true') say('0 passed, 1 failed')
    return process.env.CI !== 'true'
  }
  const rows: Row[] = []
  for (const { open, trials } of WORLDS) {
    const asked = trials.filter(wanted)
    if (asked.length === 0 || stop.signal.aborted) continue
    rows.push(...(await inWorld(open, [...new Set([...trials.slice(0, 1), ...asked])])))
  }
  if (asJson) process.stdout.write(`${JSON.stringify({ rows })}\n`)
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
