#!/usr/bin/env node
import '../protocols/p2p/polyfill.ts'
import { Command } from 'commander'
import { settleUsage } from './commands/usage.ts'

/** Only the command that was named is loaded: wrong words are answered at once. */
const COMMANDS: Readonly<Record<string, (program: Command) => Promise<void>>> = {
  start: async (program) => (await import('./commands/start.ts')).registerStartCommand(program),
  community: async (program) => (await import('./commands/community.ts')).registerCommunityCommand(program),
  home: async (program) => (await import('./commands/home.ts')).registerHomeCommand(program),
  verify: async (program) => (await import('./commands/verify.ts')).registerVerifyCommand(program),
  chain: async (program) => (await import('./commands/chain.ts')).registerChainCommand(program),
  decode: async (program) => (await import('./commands/decode.ts')).registerDecodeCommand(program),
  clear: async (program) => (await import('./commands/clear.ts')).registerClearCommand(program),
  calibrate: async (program) => (await import('./commands/calibrate.ts')).registerCalibrateCommand(program),
  bench: async (program) => (await import('./commands/bench.ts')).registerBenchCommand(program),
  doctor: async (program) => (await import('./commands/doctor.ts')).registerDoctorCommand(program),
}

const program = new Command('meterhood')
  .description(
    'A community meters, shares and trades its energy, power and water without trusting an operator.',
  )
  .version('0.1.0')

const named = COMMANDS[process.argv[2] ?? '']
for (const register of named === undefined ? Object.values(COMMANDS) : [named]) await register(program)
program
  .command('host-community', { hidden: true })
  .action(async () => (await import('./host/process.ts')).hostCommunity())
program
  .command('host-homes', { hidden: true })
  .action(async () => (await import('./host/process.ts')).hostHomes())
program
  .command('host-boards', { hidden: true })
  .action(async () => (await import('./host/boards.ts')).hostBoards())
settleUsage(program, 'meterhood')

await program.parseAsync()
