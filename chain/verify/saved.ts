import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { contractsFileIn } from '../contracts-file.ts'
import { liveNodeOf, savedChainIn, serveSaved } from '../network/saved-chain.ts'
import { sqliteRows } from './rows.ts'
import { cannotRead } from './rpc.ts'
import { readContracts, type KnownCommunity } from './target.ts'
import type { VerifyTarget } from './verify.ts'

/** A community's data folder, opened for verification; `close` ends what was started for it. */
export interface SavedCommunity {
  readonly target: VerifyTarget
  close(): Promise<void>
}

/**
 * Opens a data folder: takes the node that runs for it, else serves its saved chain on a free port. Throws a
 * fault that names the file that is missing.
 */
export async function openSaved(
  folder: string,
  known: KnownCommunity | null,
  searchPath: string,
): Promise<SavedCommunity> {
  const chain = await savedChainIn(folder)
  const contracts = known ?? (await contractsIn(folder))
  const rows = rowsFileIn(folder)
  const live = await liveNodeOf(chain)
  const node =
    live === null
      ? await serveSaved(chain, { port: 0, searchPath })
      : { rpc: live, close: async () => undefined }
  const target: VerifyTarget = {
    rpc: node.rpc,
    contracts: contracts.contracts,
    chainId: contracts.chainId ?? chain.chainId,
    genesisHash: contracts.genesisHash ?? chain.genesisHash,
    rows: sqliteRows(rows, live !== null),
  }
  return { target, close: () => node.close() }
}

/** The community's database in a data folder. Throws `cannot-read`. */
export function rowsFileIn(folder: string): string {
  const rows = join(folder, 'community', 'gateway.sqlite')
  if (existsSync(rows)) return rows
  throw cannotRead(`${rows} is missing`, 'use --rpc with --contracts, which need no database')
}

/** The contracts that a data folder names. Throws `cannot-read`. */
export async function contractsIn(folder: string): Promise<KnownCommunity> {
  const found = contractsFileIn(folder)
  if (found !== null) return readContracts(found)
  throw cannotRead(`${folder} holds no contracts.json`, 'name the contracts with --contracts as well')
}
