import type { Command } from 'commander'
import { addChainArchiveCommands } from './chain-archive.ts'
import { addChainNodeCommands } from './chain-node.ts'
import { addChainServeCommand } from './chain-serve.ts'
import { addChainSetupCommands } from './chain-setup.ts'

/** Adds `meterhood chain`. */
export function registerChainCommand(program: Command): void {
  const chain = program.command('chain').description('work with the chain of a community')
  addChainSetupCommands(chain)
  addChainServeCommand(chain)
  addChainNodeCommands(chain)
  addChainArchiveCommands(chain)
}
