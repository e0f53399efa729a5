import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { Clock, RandomSource } from '../../../protocols/rules/clock.ts'
import { Fault } from '../../../protocols/rules/fault.ts'
import { renameDurably } from '../chain-folder.ts'
import { freePorts } from '../free-ports.ts'
import { chainIdOf, periodSOf, type CommunityNetwork } from './community-network.ts'
import { dialledPeers } from './flags.ts'
import { foundLocally } from './found-network.ts'
import { DEFAULT_GAS_LIMIT, DEFAULT_SIGNERS } from './genesis.ts'
import { findGeth, type Places } from './install.ts'
import { nodesUnder, type NodeFolder } from './node-folder.ts'
import { genesisHashOf } from './status.ts'
import { settleVotes } from './votes.ts'
import { endLeftOver, startGeth, type GethNode, type NodeStart } from './process.ts'

export interface GethOptions {
  /** Folder of the chain: one folder in it for each node. */
  readonly dataDir: string
  readonly blockTimeS: number
  readonly chainId?: number
  /** Nodes that seal; one more follows and serves the RPC. */
  readonly signers?: number
  /** Accounts that have currency from the first block on. */
  readonly funded: readonly string[]
  readonly clock: Clock
  readonly random: RandomSource
  readonly places: Places
  /** Aborting stops the start. */
  readonly signal?: AbortSignal
}

/** A network of Geth nodes on this machine. */
export interface GethChain {
  /** RPC of the node that has no key to lose. */
  readonly rpc: string
  readonly chainId: number
  readonly genesisHash: string
  /** Accounts of the signers, lower-case, in the order of their nodes. */
  readonly signers: readonly string[]
  /** Folders of the signers' nodes, in the same order. */
  readonly signerFolders: readonly string[]
  /** The nodes by their names: `node-1` and on, signers first. Another one after `kill`. */
  nodes(): readonly GethNode[]
  /** SIGKILL to the named nodes, all by default; after `downMs` fresh ones go on from what is on disk. */
  kill(downMs: number, names?: readonly string[]): Promise<void>
  /** Lets the named nodes freeze and go on, all by default. */
  signal(signal: 'SIGSTOP' | 'SIGCONT', names?: readonly string[]): void
  /** Is told when a node ends that nobody asked to. */
  onDeath(listener: (fault: Fault) => void): void
  stop(): Promise<void>
}

const DEFAULT_CHAIN_ID = 31_338
const PEERED_LIMIT_MS = 60_000
const LOOK_EVERY_MS = 100

const hexNumber = z
  .string()
  .regex(/^0x[0-9a-f]+$/)
  .transform(Number)

/**
 * Starts the network of a folder, on free ports, and waits until its nodes know each other. A folder that is
 * new or empty is laid out first. Faults: `no-geth`, `foreign-folder`, `settings-differ`, `chain-start`.
 */
export async function startGethChain(options: GethOptions): Promise<GethChain> {
  const program = await findGeth(options.places)
  const folders = await openOrLayOut(options)
  const network = await onFreePorts(requireSettings(folders, options))
  const [rpcPort = 0] = await freePorts(1)
  const { signal } = options
  const rest = {
    program,
    network,
    rpcPort,
    log: 'file',
    ...(signal === undefined ? {} : { signal }),
  } as const
  const chain = new LocalNetwork(folders.map((folder) => ({ folder, ...rest })))
  try {
    await Promise.all(folders.map((folder) => endLeftOver(folder)))
    await chain.start()
    return chain
  } catch (thrown) {
    await chain.stop()
    throw thrown
  }
}

async function openOrLayOut(options: GethOptions): Promise<NodeFolder[]> {
  const { dataDir } = options
  if (existsSync(join(dataDir, 'chain.json'))) {
    const message = `${dataDir}: holds an embedded chain; leave --chain out, or name another data folder`
    throw new Fault('foreign-folder', message, { path: dataDir })
  }
  return existsSync(join(dataDir, 'node-1')) ? nodesUnder(dataDir) : layOut(options)
}

/** Laid out beside its place and moved there when it is whole. */
async function layOut(options: GethOptions): Promise<NodeFolder[]> {
  const { dataDir, chainId = DEFAULT_CHAIN_ID, signers = DEFAULT_SIGNERS, blockTimeS, funded } = options
  const terms = { chainId, periodS: blockTimeS, gasLimit: DEFAULT_GAS_LIMIT, funded }
  const beside = `${dataDir}.new`
  await rm(beside, { recursive: true, force: true })
  await foundLocally(beside, { signers, firstPort: 0, terms }, options)
  await renameDurably(beside, dataDir)
  return nodesUnder(dataDir)
}

function requireSettings(
  folders: readonly NodeFolder[],
  { blockTimeS, dataDir }: GethOptions,
): CommunityNetwork {
  const network = folders[0]?.network()
  if (network === undefined) throw new Fault('no-node', `${dataDir}: holds no chain node`)
  const periodS = periodSOf(network)
  if (periodS === blockTimeS) return network
  const began = `this chain began with ${periodS} s, got ${blockTimeS}`
  const message = `--block-time: ${began}; use that, or another --data`
  throw new Fault('settings-differ', message, { field: '--block-time', founded: periodS, given: blockTimeS })
}

/** The network with a free port for each of its nodes: all of them are on this machine. */
async function onFreePorts(network: CommunityNetwork): Promise<CommunityNetwork> {
  const ports = await freePorts(network.members.length)
  const members = network.members.map((card, at) => ({ ...card, port: ports[at] ?? 0 }))
  return { ...network, members }
}

const byName = (a: GethNode, b: GethNode): number => a.name.localeCompare(b.name, 'en', { numeric: true })

class LocalNetwork implements GethChain {
  readonly chainId: number
  readonly signers: readonly string[]
  readonly signerFolders: readonly string[]
  readonly rpc: string
  genesisHash = ''
  readonly #starts: readonly NodeStart[]
  readonly #nodes = new Map<string, GethNode>()
  readonly #asked = new Set<GethNode>()
  readonly #listeners: ((fault: Fault) => void)[] = []
  #stopping = false

  constructor(starts: readonly NodeStart[]) {
    const [first] = starts
    if (first === undefined) throw new Fault('no-node', 'geth: a chain without nodes')
    this.#starts = starts
    this.chainId = chainIdOf(first.network)
    this.signers = starts.map(({ folder }) => folder.card.signer).filter((signer) => signer !== null)
    const sealing = starts.filter(({ folder }) => folder.card.signer !== null)
    this.signerFolders = sealing.map(({ folder }) => folder.path)
    this.rpc = `http://127.0.0.1:${first.rpcPort ?? 0}`
  }

  /** The last chance to leave no node behind. */
  readonly #sweep = (): void => {
    for (const node of this.#nodes.values()) node.signal('SIGTERM')
  }

  async start(): Promise<void> {
    process.once('exit', this.#sweep)
    const started = await Promise.allSettled(this.#starts.map((start) => this.#startOne(start)))
    const failed = started.find((each) => each.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    await untilPeered(this.nodes())
    const [any] = this.nodes()
    if (any !== undefined) this.genesisHash = await genesisHashOf(any.ipc)
  }

  async #startOne(start: NodeStart): Promise<void> {
    const node = await startGeth(start)
    this.#nodes.set(node.name, node)
    await settleVotes(node.ipc, node.folder.votesFile)
    if (this.#stopping) await node.stop()
    void node.ended.then((code) => {
      if (this.#stopping || this.#asked.has(node)) return
      const how = `exit code ${code ?? 'none'}`
      const message = `${node.name}: geth ended unasked (${how}); see ${node.folder.logFile}`
      for (const listener of this.#listeners) listener(new Fault('chain-ended', message, { name: node.name }))
    })
  }

  nodes(): readonly GethNode[] {
    return [...this.#nodes.values()].sort(byName)
  }

  #named(names: readonly string[] | undefined): GethNode[] {
    return this.nodes().filter(({ name }) => names === undefined || names.includes(name))
  }

  async kill(downMs: number, names?: readonly string[]): Promise<void> {
    const killed = this.#named(names)
    for (const node of killed) {
      this.#asked.add(node)
      node.signal('SIGKILL')
    }
    await Promise.all(killed.map(({ ended }) => ended))
    await sleep(downMs)
    const again = this.#starts.filter(({ folder }) => killed.some(({ name }) => name === folder.card.name))
    await Promise.all(again.map((start) => this.#startOne(start)))
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT', names?: readonly string[]): void {
    for (const node of this.#named(names)) node.signal(signal)
  }

  onDeath(listener: (fault: Fault) => void): void {
    this.#listeners.push(listener)
  }

  async stop(): Promise<void> {
    this.#stopping = true
    process.removeListener('exit', this.#sweep)
    await Promise.all(this.nodes().map((node) => node.stop()))
  }
}

/** Without enough peers no block follows the first: nobody may seal two in a row. */
async function untilPeered(nodes: readonly GethNode[]): Promise<void> {
  const enough = Math.min(nodes.length - 1, dialledPeers(nodes.length))
  for (let waited = 0; waited < PEERED_LIMIT_MS; waited += LOOK_EVERY_MS) {
    const counts = await Promise.all(nodes.map(({ ipc }) => ipc.ask('net_peerCount', [], hexNumber)))
    if (counts.every((count) => count >= enough)) return
    await sleep(LOOK_EVERY_MS)
  }
  throw new Fault('chain-start', 'geth: the nodes of this chain do not find each other on the loopback')
}
