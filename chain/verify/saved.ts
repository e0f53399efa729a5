import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { findAnvil, startAnvil } from '../network/anvil.ts'
import { withOwnGenesis } from '../network/own-genesis.ts'
import { identityOf } from '../network/rpc.ts'
import { sqliteRows } from './rows.ts'
import { cannotRead } from './rpc.ts'
import { readContracts, type KnownCommunity } from './target.ts'
import type { VerifyTarget } from './verify.ts'

/** A community's data folder, opened for verification; `close` ends what was started for it. */
export interface SavedCommunity {
  readonly target: VerifyTarget
  close(): Promise<void>
}

const identity = z.object({ chainId: z.number(), genesisHash: z.string().nullable() })
const running = z.object({ rpc: z.string() })

/** Where a deployment may have left its contracts.json within a data folder. */
const CONTRACTS_AT = ['community', 'chain', '.']
/** The saved chain is only read: it makes no block while it is looked at. */
const NO_BLOCKS_S = 3600
const ASK_MS = 5_000

/**
 * Opens a data folder: takes the node that runs for it, else serves its saved chain on a free port from the
 * saved file itself, which stays as it is. Throws `cannot-read`, naming the file that is missing.
 */
export async function openSaved(
  folder: string,
  known: KnownCommunity | null,
  searchPath: string,
): Promise<SavedCommunity> {
  const chain = join(folder, 'chain')
  const { chainId, genesisHash } = await readJson(join(chain, 'chain.json'), identity)
  const contracts = known ?? (await contractsIn(folder))
  const rows = join(folder, 'community', 'gateway.sqlite')
  if (!existsSync(rows))
    throw cannotRead(`${rows} is missing`, 'use --rpc with --contracts, which need no database')
  const live = await liveNode(chain, chainId)
  const node =
    live === null ? await serve(chain, chainId, searchPath) : { rpc: live, close: async () => undefined }
  const target: VerifyTarget = {
    rpc: node.rpc,
    contracts: contracts.contracts,
    chainId: contracts.chainId ?? chainId,
    genesisHash: contracts.genesisHash ?? genesisHash,
    rows: sqliteRows(rows, live !== null),
  }
  return { target, close: node.close }
}

async function contractsIn(folder: string): Promise<KnownCommunity> {
  const found = CONTRACTS_AT.map((place) => join(folder, place, 'contracts.json')).find((file) =>
    existsSync(file),
  )
  if (found !== undefined) return readContracts(found)
  throw cannotRead(`${folder} holds no contracts.json`, 'name the contracts with --contracts as well')
}

async function liveNode(chain: string, chainId: number): Promise<string | null> {
  try {
    const { rpc } = running.parse(JSON.parse(await readFile(join(chain, 'anvil.pid'), 'utf8')))
    return (await identityOf(rpc, ASK_MS)).chainId === chainId ? rpc : null
  } catch {
    return null
  }
}

async function serve(
  chain: string,
  chainId: number,
  searchPath: string,
): Promise<{ rpc: string; close: () => Promise<void> }> {
  const state = join(chain, 'state.json')
  if (!existsSync(state))
    throw cannotRead(`${state} is missing`, 'let the community run until it saved its chain')
  const folder = await mkdtemp(join(tmpdir(), 'meterhood-verify-'))
  const remove = () => rm(folder, { recursive: true, force: true })
  const genesis = join(chain, 'genesis.json')
  const cleaned = existsSync(genesis) ? await withOwnGenesis(state, genesis) : null
  const served = cleaned === null ? state : join(folder, 'state.json')
  if (cleaned !== null) await writeFile(served, cleaned, { mode: 0o600 })
  const anvil = await startAnvil({
    program: findAnvil(searchPath),
    chainId,
    port: 0,
    blockTimeS: NO_BLOCKS_S,
    from: { state: served },
    logFile: join(folder, 'node.log'),
  }).catch(async (thrown: unknown) => {
    await remove()
    throw thrown
  })
  // It runs in a process group of its own: whatever ends this process must end it too.
  const end = () => anvil.process.kill('SIGKILL')
  process.once('exit', end)
  const close = async () => {
    process.removeListener('exit', end)
    end()
    await remove()
  }
  return { rpc: anvil.rpc, close }
}

async function readJson<T>(file: string, shape: z.ZodType<T>): Promise<T> {
  try {
    return shape.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch {
    throw cannotRead(
      `${file} is not the chain of a community`,
      'give the folder that --data of `start` named',
    )
  }
}
