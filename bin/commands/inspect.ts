import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { badField } from '../../protocols/rules/fault.ts'
import { whole } from './gateway-flags.ts'
import { ending, untilAskedToStop } from './ending.ts'

interface InspectFlags {
  readonly port: string
}

function recordingAt(name: string): string {
  const file = resolve(name)
  if (statSync(file, { throwIfNoEntry: false })?.isFile() === true) return file
  throw badField('file', 'a recording of `start --record`', name)
}

async function inspect(names: readonly string[], flags: InspectFlags): Promise<void> {
  const files = names.map(recordingAt)
  const stopped = untilAskedToStop()
  const { openRecordings } = await import('../start/open-recordings.ts')
  const pages = await openRecordings(files, whole('--port', flags.port))
  console.log(`page       ${pages.url}`)
  console.log('running    press Ctrl+C to stop; a recording that still grows is shown as it grows')
  await stopped
  await pages.close()
}

/** `meterhood inspect`: the state charts of a recorded run, step by step. */
export function registerInspectCommand(program: Command): void {
  program
    .command('inspect')
    .description('show what every machine of a recorded run did, step by step, also while it runs')
    .argument('<files...>', 'recordings of `start --record`, or of single gateways')
    .option('--port <n>', 'port of the page on this machine (0: any)', '7399')
    .action((files: string[], flags: InspectFlags) => ending('inspect', inspect(files, flags)))
}
