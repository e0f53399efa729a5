#!/usr/bin/env node
import '../protocols/p2p/polyfill.ts'
import { Command } from 'commander'
import { registerBenchCommand } from './commands/bench.ts'
import { registerCalibrateCommand } from './commands/calibrate.ts'
import { registerChainCommand } from './commands/chain.ts'
import { registerClearCommand } from './commands/clear.ts'
import { registerDecodeCommand } from './commands/decode.ts'
import { registerDoctorCommand } from './commands/doctor.ts'
import { registerGatewayCommands } from './commands/gateways.ts'
import { registerStartCommand } from './commands/start.ts'
import { registerVerifyCommand } from './commands/verify.ts'
import { hostBoards } from './host/boards.ts'
import { hostCommunity, hostHomes } from './host/process.ts'

const program = new Command('meterhood')
  .description(
    'A community meters, shares and trades its energy, power and water without trusting an operator.',
  )
  .version('0.1.0')
  .showHelpAfterError('(see meterhood --help)')

registerStartCommand(program)
registerGatewayCommands(program)
registerVerifyCommand(program)
registerChainCommand(program)
registerDecodeCommand(program)
registerClearCommand(program)
registerCalibrateCommand(program)
registerBenchCommand(program)
registerDoctorCommand(program)
program.command('host-community', { hidden: true }).action(hostCommunity)
program.command('host-homes', { hidden: true }).action(hostHomes)
program.command('host-boards', { hidden: true }).action(hostBoards)

await program.parseAsync()
