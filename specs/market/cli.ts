import { Command } from 'commander'
import { registerClearCommand } from '../../bin/commands/clear.ts'

/** The command alone, for specs that need a process with an exit code. */
const program = new Command('meterhood')
registerClearCommand(program)
await program.parseAsync()
