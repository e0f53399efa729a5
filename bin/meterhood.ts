#!/usr/bin/env node
import '../protocols/p2p/polyfill.ts'
import { Command } from 'commander'
import { COMMANDS } from './commands/all.ts'
import { settleUsage } from './commands/usage.ts'

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
