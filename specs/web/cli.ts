import { Command } from 'commander'
import { registerCalibrateCommand } from '../../bin/commands/calibrate.ts'

/** The command alone, for specs that need a process with an exit code. */
const program = new Command('meterhood')
registerCalibrateCommand(program)
await program.parseAsync()
