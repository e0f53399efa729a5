import { join } from 'node:path'
import { finishRestart } from '../../chain/archive/restart.ts'
import { findGeth } from '../../chain/network/geth/install.ts'
import { nodesUnder, type NodeFolder } from '../../chain/network/geth/node-folder.ts'
import { endLeftOver, startGeth, type GethNode } from '../../chain/network/geth/process.ts'
import { settleVotes } from '../../chain/network/geth/votes.ts'
import { Fault, messageOf } from '../../protocols/rules/fault.ts'
import { gethPlaces } from '../host/cache-folder.ts'

export interface Wanted {
  readonly dataDir: string
  readonly rpcPort: number
  readonly verbosity: number
  readonly tell: (line: string) => void
}

export interface RunNodes {
  /** Rejects when a node ends by itself: what keeps services alive then starts all again. */
  readonly ended: Promise<never>
  stop(): Promise<void>
}

const SETTLE_EVERY_MS = 30_000

/** Runs the nodes of a data folder, and keeps telling them their votes. */
export async function runNodes(wanted: Wanted): Promise<RunNodes> {
  const program = await findGeth(gethPlaces())
  await finishRestart(join(wanted.dataDir, 'chain'))
  const folders = nodesUnder(join(wanted.dataDir, 'chain'))
  const nodes: GethNode[] = []
  const timer = setInterval(() => void settleAll(nodes, wanted.tell), SETTLE_EVERY_MS)
  const stop = async (): Promise<void> => {
    clearInterval(timer)
    await Promise.all(nodes.map((node) => node.stop()))
  }
  process.once('exit', () => nodes.forEach((node) => node.signal('SIGTERM')))
  try {
    for (const folder of folders) {
      await endLeftOver(folder)
      const node = await startOne(program, folder, wanted, folders.length === 1)
      nodes.push(node)
      wanted.tell(described(node))
    }
    await settleAll(nodes, wanted.tell)
  } catch (thrown) {
    await stop()
    throw thrown
  }
  return { ended: Promise.race(nodes.map(untilEnded)), stop }
}

function startOne(
  program: string,
  folder: NodeFolder,
  { rpcPort, verbosity, tell }: Wanted,
  alone: boolean,
): Promise<GethNode> {
  const network = folder.network()
  const onStandOff = (number: number): void =>
    tell(`mended     the signers waited for each other: ${folder.card.name} took another block ${number}`)
  const log = alone ? 'inherit' : 'file'
  return startGeth({ program, folder, network, rpcPort, verbosity, log, onStandOff })
}

function described({ name, rpc, folder, ipc }: GethNode): string {
  const role = folder.card.signer === null ? 'follows' : 'seals'
  return `node       ${name} ${role}, ${rpc === null ? '' : `RPC ${rpc}, `}socket ${ipc.path}`
}

async function settleAll(nodes: readonly GethNode[], tell: (line: string) => void): Promise<void> {
  for (const { ipc, folder, name } of nodes) {
    await settleVotes(ipc, folder.votesFile).catch((thrown: unknown) => {
      tell(`warning    ${name}: its votes were not told (${messageOf(thrown)})`)
    })
  }
}

async function untilEnded(node: GethNode): Promise<never> {
  const code = await node.ended
  throw new Fault('chain-ended', `${node.name}: geth ended by itself (exit code ${code ?? 'none'})`)
}
