import type { Command } from 'commander'
import { EXAMPLES } from './examples.ts'

const WRONG_WORDS = 2

/** What commander says in several lines, as one. */
function usageLine(path: string, text: string): string {
  const said = text
    .replace(/^error: /, '')
    .trim()
    .replace(/\s*\n\s*/g, ' ')
  return `${path}: ${said.replace(/\.$/, '')}; see ${path} --help\n`
}

/** Wrong words are told in one line and end with 2, in all commands alike; each help has its example. */
export function settleUsage(command: Command, path: string): void {
  command.configureOutput({ outputError: (text, write) => write(usageLine(path, text)) })
  command.exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : WRONG_WORDS))
  const example = EXAMPLES[path]
  if (example !== undefined) command.addHelpText('after', `\nExample:\n  npx ${example}`)
  for (const each of command.commands) settleUsage(each, `${path} ${each.name()}`)
}
