import { type Command, InvalidArgumentError } from 'commander'
import type { Inspector } from '../../actors/inspection/inspector.ts'
import { messageOf } from '../../protocols/rules/fault.ts'
import type { Progress, SimulationReport } from '../../specs/simulation/run.ts'
import type { World } from '../../specs/simulation/world.ts'
import { beginRecording, recorderOf } from '../host/recorder.ts'

interface Flags {
  readonly homes: number
  readonly days: number
  readonly seed: string
  readonly batch: number
  readonly faults: boolean
  readonly trading: boolean
  readonly json?: true
  readonly stopAtFirst?: true
  readonly record?: string
}

const BAR = 30

/** A whole number within bounds, or words that say which. */
const whole =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text)
    if (Number.isSafeInteger(value) && value >= least && value <= most) return value
    throw new InvalidArgumentError(`Give a whole number from ${least} to ${most}, for example ${least}.`)
  }

function bar({ day, days }: Progress): string {
  const full = Math.round((day / days) * BAR)
  return `\r[${'#'.repeat(full)}${'.'.repeat(BAR - full)}] day ${day} of ${days}`
}

const rows = (counts: Readonly<Record<string, number>>): string[] =>
  Object.entries(counts)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, count]) => `  ${String(count).padStart(9)}  ${name}`)

function tell(report: SimulationReport, command: string, tookMs: number): void {
  const { byInvariant, byFault, counts, violations, found, refusals } = report
  console.log(['What happened', ...rows(counts), 'Calls refused by a race', ...rows(refusals)].join('\n'))
  console.log(['Faults', ...rows(byFault), 'Invariants', ...rows(byInvariant)].join('\n'))
  for (const { invariant, text, atMs } of found) {
    console.log(`violation ${new Date(atMs).toISOString()} ${invariant}: ${text}`)
  }
  if (violations > 0) console.log(`the same again, to be looked at: ${command} --record run.mhr`)
  console.log(`took ${(tookMs / 1000).toFixed(1)} s`)
  console.log(`invariants checked ${report.invariantsChecked}`)
  console.log(`faults injected ${report.faultsInjected}`)
  console.log(`violations ${violations}`)
  console.log(`digest ${report.digest}`)
}

/** Adds `meterhood simulate`. */
export function registerSimulateCommand(program: Command): void {
  program
    .command('simulate')
    .description('run a whole community in simulated time with faults drawn by a seed; exit 1 on a violation')
    .option('--homes <n>', 'homes of the community', whole(1, 5_000), 40)
    .option('--days <n>', 'days of simulated time', whole(1, 400), 30)
    .option('--seed <text>', 'the same seed does the same again', '7')
    .option('--batch <n>', 'slots that a home sends in one call', whole(1, 16), 8)
    .option('--no-faults', 'nothing goes wrong')
    .option('--no-trading', 'no home buys or sells')
    .option('--stop-at-first', 'end at the first violation')
    .option('--record <file>', 'record what every machine does, for `meterhood inspect`')
    .option('--json', 'print the report as one JSON object')
    .action(async (flags: Flags) => {
      process.exit(await run(flags))
    })
}

/** What every gateway's machines do is recorded, and each violation as a fact of the community's. */
function recordIn(file: string): (world: World) => void {
  const log = { fault: (thrown: unknown) => console.error(messageOf(thrown)) }
  return (world) => {
    beginRecording(file, 'anew', world.time)
    const inspectors = new Map<string, Inspector | undefined>()
    world.inspectorOf = (account) => {
      if (!inspectors.has(account)) inspectors.set(account, recorderOf(account, file, log, world.time))
      return inspectors.get(account)
    }
    world.watch.onBroken = (invariant, text) => {
      const details = { invariant, text }
      const inspector = world.inspectorOf(world.community.account)
      inspector?.noted({ what: 'fact', name: 'violation', about: [], details })
    }
  }
}

async function run({ json, faults, stopAtFirst, record, ...flags }: Flags): Promise<number> {
  const { simulate } = await import('../../specs/simulation/run.ts')
  const began = performance.now()
  const shows = process.stderr.isTTY && json !== true
  const onProgress = (progress: Progress): void => {
    if (shows) process.stderr.write(bar(progress))
  }
  const report = await simulate(
    { ...flags, faults: faults ? 1 : 0, stopsAtFirst: stopAtFirst === true },
    onProgress,
    record === undefined ? undefined : recordIn(record),
  )
  if (shows) process.stderr.write('\n')
  if (json === true) console.log(JSON.stringify(report))
  else tell(report, commandOf(flags, faults), performance.now() - began)
  return report.violations === 0 ? 0 : 1
}

function commandOf(
  flags: Omit<Flags, 'faults' | 'json' | 'stopAtFirst' | 'record'>,
  faults: boolean,
): string {
  const { homes, days, seed, batch, trading } = flags
  const off = [faults ? '' : '--no-faults', trading ? '' : '--no-trading']
  const words = [
    `--homes ${homes} --days ${days} --seed ${seed} --batch ${batch}`,
    ...off.filter((each) => each !== ''),
  ]
  return `npm run simulate -- ${words.join(' ')}`
}
