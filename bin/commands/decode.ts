import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { decodeRecording } from '../../hardware/board/decode.ts'
import { messageOf } from '../../protocols/rules/fault.ts'

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
      let bytes: Uint8Array
      try {
        bytes = await readFile(file)
      } catch (thrown) {
        console.error(`file: ${file} cannot be read (${messageOf(thrown)})`)
        process.exit(1)
      }
      const lines = decodeRecording(bytes)
      if (flags.json === true) console.log(JSON.stringify(lines))
      else for (const line of lines) console.log(JSON.stringify(line))
      process.exitCode = lines.some(({ type }) => type !== 'bad') || lines.length === 0 ? 0 : 1
    })
}
