import { closeSync, existsSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { catalogue } from '../../actors/catalogue.ts'
import { chartOf } from '../../actors/inspection/chart.ts'
import { createInspector, type Inspector } from '../../actors/inspection/inspector.ts'
import { type Header, RECORDING_VERSION } from '../../actors/inspection/recording.ts'
import type { Clock } from '../../protocols/rules/clock.ts'
import { badField } from '../../protocols/rules/fault.ts'
import { wallClock } from '../clock.ts'
import { requireWritable } from './data-folder.ts'
import type { GatewayLog } from './log.ts'

/** A recording holds no secret, but it says when a home does what: only its owner may read it. */
const MODE = 0o600
const BEGINNING = '{"kind":"meterhood-recording"'

/** A file that is something else is not written over. */
function requireRecording(file: string): void {
  const descriptor = openSync(file, 'r')
  const begins = Buffer.alloc(BEGINNING.length)
  const read = readSync(descriptor, begins)
  closeSync(descriptor)
  if (read === 0 || begins.toString() === BEGINNING) return
  throw badField('--record', 'a new file, or a recording', file)
}

/**
 * Begins a recording with the line that says what it is. `anew` writes over a recording that is there,
 * `go on` adds to it. Throws a fault that names the flag when the file is something else, or
 * cannot be written.
 */
export function beginRecording(file: string, how: 'anew' | 'go on', clock: Clock = wallClock): void {
  requireWritable('--record', dirname(file))
  if (existsSync(file)) requireRecording(file)
  const charts = Object.entries(catalogue).map(([name, machine]) => [name, chartOf(machine)] as const)
  const header: Header = {
    kind: 'meterhood-recording',
    version: RECORDING_VERSION,
    startedAtMs: clock.nowMs(),
    charts: Object.fromEntries(charts),
  }
  writeFileSync(file, `${JSON.stringify(header)}\n`, { mode: MODE, flag: how === 'anew' ? 'w' : 'a' })
}

/**
 * Adds what a gateway's machines do to a recording. Any number of processes may add to one file: each turn of
 * a process is one write of whole lines at the file's end, which a kill cannot take back. A disk that is full
 * ends the recording, not the gateway.
 */
export function recorderOf(
  gateway: string,
  file: string | null,
  log: Pick<GatewayLog, 'fault'>,
  clock: Clock = wallClock,
): Inspector | undefined {
  if (file === null) return undefined
  const descriptor = openSync(file, 'a', MODE)
  let lines: string[] = []
  let failed = false
  const flush = (): void => {
    const text = lines.join('')
    lines = []
    try {
      writeSync(descriptor, text)
    } catch (thrown) {
      failed = true
      log.fault(thrown, 'the recording')
    }
  }
  return createInspector(gateway, clock, (line) => {
    if (failed) return
    if (lines.length === 0) setImmediate(flush)
    lines.push(`${JSON.stringify(line)}\n`)
  })
}
