import { join } from 'node:path'
import { Wallet } from 'ethers'
import { finishRestart } from '../../chain/archive/restart.ts'
import { startEmbeddedChain } from '../../chain/network/embedded.ts'
import { startGethChain } from '../../chain/network/geth/local-network.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import { systemRandom, wallClock } from '../clock.ts'
import { gethPlaces } from '../host/cache-folder.ts'
import { loadSecrets } from '../host/secrets.ts'
import { communityFolder } from './community-run.ts'
import type { StartOptions } from './options.ts'

/** The chain of a run, whichever program makes its blocks. */
export interface RunChain {
  readonly kind: 'embedded' | 'geth'
  readonly rpc: string
  readonly chainId: number
  /** Accounts that seal its blocks; the embedded chain has none. */
  readonly signers: readonly string[]
  /** Folders of the nodes that seal, in the order of the signers. */
  readonly signerFolders: readonly string[]
  /** Key of the account that had currency from the first block on and founds the community. */
  readonly managerKey: string
  /** The block that the embedded chain is saved up to; null where nothing needs saving. */
  savedBlock(): number | null
  /** Saves what a kill would take. */
  save(): Promise<unknown>
  /** SIGKILL to all of it, or to one signer's node; after `downMs` it goes on from what is on disk. */
  kill(downMs: number, signer?: number): Promise<void>
  /** Lets all of it, or one signer's node, freeze and go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT', signer?: number): void
  /** A fault of a node that ended unasked. */
  readonly onDeath: (listener: (fault: Fault) => void) => void
  stop(): Promise<void>
}

/**
 * Starts the chain that the options ask for, or goes on with the one in their data folder; `stop` ends the
 * start.
 */
export async function startChain(options: StartOptions, stop: AbortSignal): Promise<RunChain> {
  // A chain that runs is stopped by its owner, after those who use it.
  const starting = new AbortController()
  const end = (): void => starting.abort(stop.reason)
  stop.throwIfAborted()
  stop.addEventListener('abort', end)
  try {
    return await (options.chain === 'geth' ? startGeth : startEmbedded)(options, starting.signal)
  } finally {
    stop.removeEventListener('abort', end)
  }
}

/** Folder of the chain in the data folder of a run. */
export const chainFolder = ({ dataDir }: StartOptions): string => join(dataDir, 'chain')

async function startEmbedded(options: StartOptions, signal: AbortSignal): Promise<RunChain> {
  const chain = await startEmbeddedChain({
    dataDir: chainFolder(options),
    blockTimeS: options.blockTimeS,
    clock: wallClock,
    random: systemRandom,
    searchPath: process.env.PATH ?? '',
    signal,
  })
  const managerKey = chain.accounts[0]?.privateKey
  if (managerKey === undefined) throw new Fault('chain-start', 'the embedded chain has no funded account')
  const { rpc, chainId } = chain
  return {
    ...{ kind: 'embedded', rpc, chainId, signers: [], signerFolders: [], managerKey },
    savedBlock: () => chain.lastSaved()?.block ?? null,
    save: () => chain.save(),
    kill: (downMs) => chain.kill(downMs),
    signal: (signal) => chain.signal(signal),
    onDeath: () => undefined,
    stop: () => chain.stop(),
  }
}

/** The node of a signer by its number; undefined means all nodes. */
const namesOf = (signer: number | undefined): string[] | undefined =>
  signer === undefined ? undefined : [`node-${signer}`]

async function startGeth(options: StartOptions, signal: AbortSignal): Promise<RunChain> {
  const managerKey = loadSecrets(communityFolder(options), systemRandom).accountKey
  await finishRestart(chainFolder(options))
  const chain = await startGethChain({
    dataDir: chainFolder(options),
    blockTimeS: options.blockTimeS,
    funded: [new Wallet(managerKey).address],
    clock: wallClock,
    random: systemRandom,
    places: gethPlaces(),
    signal,
  })
  const { rpc, chainId, signers, signerFolders } = chain
  return {
    ...{ kind: 'geth', rpc, chainId, signers, signerFolders, managerKey },
    savedBlock: () => null,
    save: () => Promise.resolve(),
    kill: (downMs, signer) => chain.kill(downMs, namesOf(signer)),
    signal: (signal, signer) => chain.signal(signal, namesOf(signer)),
    onDeath: (listener) => chain.onDeath(listener),
    stop: () => chain.stop(),
  }
}
