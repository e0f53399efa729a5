import type { Command } from 'commander'
import { Fault } from '../../protocols/rules/fault.ts'
import { wallClock } from '../clock.ts'
import { FAULT_GRAMMAR } from '../start/faults.ts'
import { PRICES_HELP } from '../start/price-flag.ts'
import { readStartFlags, type StartFlags, type StartOptions } from '../start/options.ts'
import type { RecordingPages } from '../../web/server/serve-recordings.ts'
import { writeJsonFile, type RunReport } from '../start/report.ts'
import { failuresInWords } from '../start/failure-words.ts'
import { ending, stopAsked, untilAborted } from './ending.ts'

/** Moment at which this process started. */
const processStartMs = wallClock.nowMs() - Math.round(process.uptime() * 1_000)

/** A line with the seconds since the start before it. */
const tell = (line: string): void => {
  const seconds = (wallClock.nowMs() - processStartMs) / 1_000
  console.log(line === '' ? '' : `${seconds.toFixed(1).padStart(6)}  ${line}`)
}

function summary(report: RunReport): string[] {
  const { totals, trades, latencyMs, gas, firstDecryptedMs } = report
  const { p50, p95, p99 } = latencyMs.boardToDecrypted
  const why = trades.failed === 0 ? '' : `: ${failuresInWords(trades.failedBecause)}`
  return [
    '',
    `samples    ${totals.samples} = ${totals.sealed} sealed + ${totals.rejected} rejected`,
    `chain      ${totals.included} included, ${totals.final} final, ${totals.duplicates} duplicates`,
    `community  ${totals.decrypted} decrypted, ${totals.lost} lost`,
    `alarms     ${totals.alarmsSent} sent, ${totals.alarmsRead} read`,
    `trades     ${trades.offered} offered, ${trades.awarded} awarded, ${trades.failed} failed${why}`,
    `delivered  ${trades.delivered} trades paid by what was delivered`,
    ...delegatedLines(report),
    `latency    p50 ${p50 ?? '∞'} ms, p95 ${p95 ?? '∞'} ms, p99 ${p99 ?? '∞'} ms from board to decrypted`,
    `first      ${firstDecryptedMs === null ? 'no reading' : `${firstDecryptedMs} ms`} from start to a page`,
    `gas        ${gas.perReading.p50 ?? '–'} a reading (median)`,
  ]
}

/** One line for all delegations of a run, and one for each: who read how much of it. */
function delegatedLines({ delegations, readers }: RunReport): string[] {
  if (readers.length === 0) return []
  return [
    `delegated  ${delegations.active} active, ${delegations.ended} ended`,
    ...readers.map((each) => {
      const { slotsOnChain, openedByDelegatee, recoveredByCommunity, openedByHome, paidMicroSct } = each
      const paid = paidMicroSct === null ? 'not paid yet' : `${paidMicroSct} micro-SCT paid`
      const read = `${openedByDelegatee} read by the neighbour, ${recoveredByCommunity} by the community`
      return `readers    ${slotsOnChain} slots, ${read}, ${openedByHome} by the home’s own key, ${paid}`
    }),
  ]
}

async function finish(options: StartOptions, report: RunReport): Promise<void> {
  for (const line of summary(report)) tell(line)
  if (options.reportFile !== null) {
    await writeJsonFile(options.reportFile, report)
    tell(`report     ${options.reportFile}`)
  }
  if (report.totals.lost > 0 || report.totals.duplicates > 0) {
    throw new Fault(
      'readings-lost',
      `${report.totals.lost} readings lost, ${report.totals.duplicates} counted twice`,
    )
  }
}

async function start(flags: StartFlags): Promise<void> {
  const wish = readStartFlags(flags)
  const stop = stopAsked()
  const { layGround } = await import('../start/ground.ts')
  const ground = await layGround(wish)
  const { options } = ground
  tell(`data       ${options.dataDir}`)
  const [{ startCommunity }, { runFor }] = await Promise.all([
    import('../start/community.ts'),
    import('../start/run.ts'),
  ])
  const machines = await showMachines(options)
  if (machines !== null) tell(`machines   ${machines.url}`)
  const running = await startCommunity(ground, tell, stop)
  for (const page of running.pages.slice(0, 4)) tell(`page       ${page}`)
  if (running.pages.length > 4)
    tell(`page       … and ${running.pages.length - 4} more homes on the next ports`)
  try {
    if (options.runMs === null) {
      tell('running    press Ctrl+C to stop; the community goes on where it stopped with the next `start`')
      await untilAborted(stop)
    } else {
      await finish(options, await runFor(options, running, { processStartMs, tell, stop }))
    }
  } finally {
    await running.close()
    await machines?.close()
  }
}

/** What is recorded is shown while it happens, on this machine. */
async function showMachines({ recordFile }: StartOptions): Promise<RecordingPages | null> {
  if (recordFile === null) return null
  const { openRecordings } = await import('../start/open-recordings.ts')
  return openRecordings([recordFile], 0)
}

/** `meterhood start`: a whole community on one machine. */
export function registerStartCommand(program: Command): void {
  program
    .command('start')
    .description('run a whole community on this machine: chain, community gateway, homes, boards and pages')
    .option('--homes <n>', 'number of homes', '3')
    .option('--period <duration>', 'sample period T (2, 2s, 500ms)', '2')
    .option('--billing <duration>', 'billing period (60s with --for, else 30d)')
    .option(
      '--for <duration>',
      'stop after this time, counted from the moment every home operates (60s, 10m, 2h)',
    )
    .option('--report <file>', 'write the report of the run to this file')
    .option('--record <file>', 'record what every machine does, for `meterhood inspect`')
    .option('--data <folder>', 'data folder (./.meterhood; with --for a fresh temporary one)')
    .option('--chain <kind>', 'embedded, or geth: three signers and a node that follows', 'embedded')
    .option(
      '--boards <kind>',
      'firmware: the real firmware, emulated; profile: the profile speaks for it',
      'firmware',
    )
    .option('--board-hex <file>', 'another firmware for the power boards (Intel HEX)')
    .option('--profiles <folder>', 'electricity_w.csv, water_l.csv, pv_w.csv: one column a home')
    .option('--block-time <seconds>', 'block time of the chain', '1')
    .option('--epoch <duration>', 'how long the community’s keys hold (30d; with --for: the whole run)')
    .option('--batch <n>', 'slots of a home that wait for each other and go in one call, 1 to 8')
    .option('--isolate', 'a process of its own for each home')
    .option('--fault <list>', 'faults to play, e.g. kill:home:2@10s,wire:1.power@20s')
    .option('--port <n>', 'port of the community page; home N gets the N-th after it (0: any)', '7400')
    .option('--length <L>', 'readings of each home that the contract keeps, 1 to 10000', '100')
    .option('--store <profile>', 'what the contract keeps of them: commitment or storage', 'commitment')
    .option('--prices <source>', PRICES_HELP)
    .option('--database <url>', 'PostgreSQL for the global repository, postgres://…')
    .addHelpText('after', `\nFaults:\n${FAULT_GRAMMAR}`)
    .action((flags: StartFlags) => ending('start', start(flags)))
}
