import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { periodSOf } from '../../chain/network/geth/community-network.ts'
import { nodesUnder } from '../../chain/network/geth/node-folder.ts'
import { badField } from '../../protocols/rules/fault.ts'

/** The chain node that runs beside a gateway (`meterhood chain start` with the same data folder). */
export interface NodeBeside {
  /** Where its gateway asks it: the link that was given, else its socket file. */
  readonly rpc: string
  /** Folders of those nodes that seal: the gateway votes for them. */
  readonly signers: readonly string[]
  /** Its block period; null where no node is beside. */
  readonly blockTimeS: number | null
}

/**
 * Looks for the chain nodes below a gateway's data folder. A signer has no RPC, so that its gateway speaks to
 * its socket. Fault: `bad-field` when there is neither a node nor a link to one.
 */
export function nodeBeside(dataDir: string, rpc: string | null): NodeBeside {
  const folder = join(dataDir, 'chain')
  const nodes = existsSync(folder) ? nodesUnder(folder) : []
  const [node] = nodes
  const link = rpc ?? node?.ipcPath
  if (link === undefined) {
    throw badField('--rpc', `the link of a chain node, or a node in ${folder}`, 'neither')
  }
  const signers = nodes.filter(({ card }) => card.signer !== null).map(({ path }) => path)
  return { rpc: link, signers, blockTimeS: node === undefined ? null : periodSOf(node.network()) }
}
