import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { decodeRecording } from '../../hardware/board/decode.ts'
import { badField, messageOf } from '../../protocols/rules/fault.ts'
import { exitCodeOf } from './ending.ts'

const FRAMES = 'the bytes of a board’s line, frames ended by 0x00'

/** Adds `meterhood decode`. */
export function registerDecodeCommand(program: Command): void {
  const decode = program.command('decode').description('show what a recording of a meter says')
  decode
    .command('board <file>')
    .description(
      'raw bytes of a board’s line, frames ended by 0x00, as JSON lines; bad frames with their reason',
    )
    .option('--json', 'one JSON array instead of a line for each frame')
    .action(async (file: string, flags: { json?: true }) => {
      try {
        process.exitCode = await decodeBoard(file, flags)
      } catch (thrown) {
        console.error(`decode board: ${messageOf(thrown)}`)
        process.exitCode = exitCodeOf(thrown)
      }
    })
}

/** Prints every frame; 0 when any of them is good. Fault: `bad-field` when there is nothing to decode. */
async function decodeBoard(file: string, flags: { readonly json?: true }): Promise<number> {
  const bytes = await readFile(file).catch((thrown: unknown) => {
    throw badField('file', FRAMES, file, messageOf(thrown))
  })
  if (bytes.length === 0) throw badField('file', FRAMES, file, 'it is empty')
  const lines = decodeRecording(bytes)
  if (flags.json === true) console.log(JSON.stringify(lines))
  else for (const line of lines) console.log(JSON.stringify(line))
  return lines.length === 0 || lines.some(({ type }) => type !== 'bad') ? 0 : 1
}
