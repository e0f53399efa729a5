import { relative, resolve } from 'node:path'
import type { Command } from 'commander'
import { contractsFileIn } from '../../chain/contracts-file.ts'
import { headNumber } from '../../chain/network/rpc.ts'
import { liveNodeOf, savedChainIn, serveSaved, type ServedChain } from '../../chain/network/saved-chain.ts'
import { badField, Fault } from '../../protocols/rules/fault.ts'
import { ending, untilAskedToStop } from './ending.ts'

interface ServeFlags {
  readonly data: string
  readonly port: string
  readonly json?: true
}

const PORT_MOST = 65_535

function portOf(text: string): number {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 0 || port > PORT_MOST) {
    throw badField('--port', `a port from 1 to ${PORT_MOST}, or 0 for a free one`, text)
  }
  return port
}

/** Serves the saved chain of a folder that no community runs in. Fault: `chain-busy`, with its RPC. */
async function serve(flags: ServeFlags): Promise<ServedChain> {
  const port = portOf(flags.port)
  const saved = await savedChainIn(flags.data)
  const live = await liveNodeOf(saved)
  if (live === null) return serveSaved(saved, { port, searchPath: process.env.PATH ?? '' })
  const message = `${flags.data}: a community runs in it and serves this chain at ${live}; use that --rpc`
  throw new Fault('chain-busy', message, { rpc: live })
}

function howToVerify(rpc: string, folder: string): string {
  const file = contractsFileIn(folder)
  const contracts = file === null ? 'report.json' : relative('.', file)
  return `npx meterhood verify --rpc ${rpc} --contracts ${contracts}`
}

function tell(chain: ServedChain, blocks: number, flags: ServeFlags): void {
  const { rpc, chainId } = chain
  if (flags.json === true) return console.log(JSON.stringify({ rpc, chainId, blocks }))
  console.log(`chain      ${chainId}, ${blocks} blocks, as it was saved in ${flags.data}`)
  console.log(`rpc        ${rpc}`)
  console.log(`verify     ${howToVerify(rpc, resolve(flags.data))}`)
  console.log('           (--contracts also takes the report of the run, or monitoring=0x…,quota=0x…)')
  console.log('serving    press Ctrl+C to stop')
}

async function serveUntilStopped(flags: ServeFlags): Promise<void> {
  const chain = await serve(flags)
  const stopped = untilAskedToStop()
  try {
    tell(chain, await headNumber(chain.rpc), flags)
    const died = chain.ended.then(() => {
      throw new Fault('chain-ended', `${chain.rpc}: the node ended by itself; serve the folder again`)
    })
    await Promise.race([stopped, died])
  } finally {
    await chain.close()
  }
}

/** Adds `meterhood chain serve`. */
export function addChainServeCommand(chain: Command): void {
  chain
    .command('serve')
    .description('serve the saved chain of a finished run on this machine, for reading, until Ctrl+C')
    .option('--data <folder>', 'data folder of the community', './.meterhood')
    .option('--port <n>', 'RPC port on loopback (0: any free one)', '0')
    .option('--json', 'print one line of JSON: {rpc, chainId, blocks}')
    .action((flags: ServeFlags) => ending('chain serve', serveUntilStopped(flags)))
}
