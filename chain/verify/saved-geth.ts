import { dirname, join } from 'node:path'
import { archivesIn } from '../archive/places.ts'
import { certificateFile, readCertificate } from '../certificate-file.ts'
import { freePorts } from '../network/free-ports.ts'
import { longestOf } from '../network/geth/longest.ts'
import { hasNodes, nodesUnder } from '../network/geth/node-folder.ts'
import { runningIn, startAlone } from '../network/geth/process.ts'
import { sqliteRows } from './rows.ts'
import { cannotRead } from './rpc.ts'
import { contractsIn, rowsFileIn, type SavedCommunity } from './saved.ts'
import type { KnownCommunity } from './target.ts'

/** Whether the chain of a data folder is on Geth nodes. */
export const hasGethNodes = (folder: string): boolean => hasNodes(join(folder, 'chain'))

/**
 * Opens a data folder whose chain is on Geth: the node with the longest chain runs alone and seals nothing
 * until `close`. Throws `cannot-read` while its nodes run, or without the community's rows.
 */
export async function openSavedGeth(
  folder: string,
  known: KnownCommunity | null,
  program: string,
): Promise<SavedCommunity> {
  const nodes = nodesUnder(join(folder, 'chain'))
  if (nodes.some((node) => runningIn(node) !== null)) {
    throw cannotRead(`${folder}: its nodes run`, 'give --rpc with --contracts, or stop them first')
  }
  const rows = rowsFileIn(folder)
  const { contracts, chainId, genesisHash } = known ?? (await contractsIn(folder))
  const certificate = await readCertificate(certificateFile(dirname(rows)))
  const [rpcPort = 0] = await freePorts(1)
  const node = await startAlone(program, await longestOf(program, nodes), rpcPort)
  process.once('exit', () => node.signal('SIGTERM'))
  const target = {
    ...{ rpc: `http://127.0.0.1:${rpcPort}`, contracts, chainId, genesisHash },
    rows: sqliteRows(rows, false),
    archives: archivesIn(join(folder, 'chain')),
    certificates: certificate === null ? [] : [certificate],
  }
  return { target, close: () => node.stop() }
}
