import { Command } from 'commander'
import { registerDoctorCommand } from '../../bin/commands/doctor.ts'

/** The command alone, for specs that need a process with an exit code. */
const program = new Command('meterhood')
registerDoctorCommand(program)
await program.parseAsync()
