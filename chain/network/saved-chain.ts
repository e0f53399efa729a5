import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { Fault } from '../../protocols/rules/fault.ts'
import { findAnvil, startAnvil } from './anvil.ts'
import { withOwnGenesis } from './own-genesis.ts'
import { identityOf } from './rpc.ts'

/** A node that serves the saved chain of a community, for reading alone. */
export interface ServedChain {
  readonly rpc: string
  readonly chainId: number
  /** Hash of the first block as the folder has it written down, or null. */
  readonly genesisHash: string | null
  /** Ends the node and removes what was laid out for it. */
  close(): Promise<void>
  /** Resolves when the node is gone, asked or not. */
  readonly ended: Promise<void>
}

/** What a community's data folder says of its chain. */
export interface SavedChain {
  /** The folder of the chain itself, within the data folder. */
  readonly path: string
  readonly chainId: number
  readonly genesisHash: string | null
}

const identity = z.object({ chainId: z.number(), genesisHash: z.string().nullable() })
const running = z.object({ rpc: z.string() })

/** The saved chain is only read: it makes no block while it is looked at. */
const NO_BLOCKS_S = 3600
const ASK_MS = 5_000

/** Looks into a data folder. Faults: `no-folder`, `foreign-folder`. */
export async function savedChainIn(folder: string): Promise<SavedChain> {
  const is = await stat(folder).catch(() => null)
  const fix = 'give the folder that --data of `start` named'
  if (is === null) throw new Fault('no-folder', `${folder}: there is no such folder; ${fix}`, { folder })
  const path = join(folder, 'chain')
  try {
    const text = await readFile(join(path, 'chain.json'), 'utf8')
    return { path, ...identity.parse(JSON.parse(text)) }
  } catch {
    const message = `${folder}: is not the data folder of a community on the embedded chain; ${fix}`
    throw new Fault('foreign-folder', message, { folder })
  }
}

/** RPC of the node that a running community has for this chain, or null. */
export async function liveNodeOf({ path, chainId }: SavedChain): Promise<string | null> {
  try {
    const { rpc } = running.parse(JSON.parse(await readFile(join(path, 'anvil.pid'), 'utf8')))
    return (await identityOf(rpc, ASK_MS)).chainId === chainId ? rpc : null
  } catch {
    return null
  }
}

/**
 * Serves the chain as it was last saved, on a loopback port (0 takes a free one). The folder stays as it is:
 * whatever must be cleaned first is cleaned in a copy. Faults: `not-saved`, `chain-damaged`, `port-taken`,
 * `no-anvil`.
 */
export async function serveSaved(
  chain: SavedChain,
  options: { readonly port: number; readonly searchPath: string },
): Promise<ServedChain> {
  const state = join(chain.path, 'state.json')
  if (!existsSync(state)) {
    const message = `${state}: the chain was not saved yet; let the community run until it saved its chain`
    throw new Fault('not-saved', message, { state })
  }
  const program = findAnvil(options.searchPath)
  const folder = await mkdtemp(join(tmpdir(), 'meterhood-saved-'))
  const remove = () => rm(folder, { recursive: true, force: true })
  try {
    const genesis = join(chain.path, 'genesis.json')
    const cleaned = existsSync(genesis) ? await withOwnGenesis(state, genesis) : null
    const served = cleaned === null ? state : join(folder, 'state.json')
    if (cleaned !== null) await writeFile(served, cleaned, { mode: 0o600 })
    const { chainId, genesisHash } = chain
    const anvil = await startAnvil({
      program,
      chainId,
      port: options.port,
      blockTimeS: NO_BLOCKS_S,
      from: { state: served },
      logFile: join(folder, 'node.log'),
    })
    // It runs in a process group of its own: whatever ends this process must end it too.
    const end = () => void anvil.process.kill('SIGKILL')
    process.once('exit', end)
    const ended = new Promise<void>((resolve) => anvil.process.once('exit', () => resolve()))
    const close = async () => {
      process.removeListener('exit', end)
      end()
      await remove()
    }
    return { rpc: anvil.rpc, chainId, genesisHash, close, ended }
  } catch (thrown) {
    await remove()
    throw thrown
  }
}
