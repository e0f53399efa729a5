import { Command } from 'commander'
import { registerVerifyCommand } from '../../bin/commands/verify.ts'

/** The command alone, for specs that need a process with an exit code. */
const program = new Command('meterhood')
registerVerifyCommand(program)
await program.parseAsync()
