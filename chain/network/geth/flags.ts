import { isIP } from 'node:net'
import { enodeOf, type NodeCard } from './community-network.ts'

/** Everything that a node's command line says. */
export interface NodeFlags {
  /** Folder of the node: Geth keeps its chain under `geth/` in it. */
  readonly folder: string
  readonly configFile: string
  readonly nodeKeyFile: string
  readonly ipcPath: string
  readonly networkId: number
  readonly gasLimit: number
  readonly periodS: number
  readonly card: NodeCard
  readonly passwordFile: string
  /** Port of its RPC on loopback; null for none. A node with an unlocked key never has one. */
  readonly rpcPort: number | null
  /** How much it tells, 0 to 5; 5 tells of every peer that was refused. */
  readonly verbosity: number
}

const LOOPBACK = '127.0.0.1'
/** Enough for a community's chain; the default of 1 GB is for the public one. */
const CACHE_MB = 64
/**
 * A block is filled anew each second with what came since, where its period leaves time for that. With
 * shorter ones a refill would hold back the very block that is due.
 */
const REFILL_FROM_S = 3
const RPC_NAMES = 'eth,net,web3,clique'

/**
 * How Geth is run. Archive: without it a kill takes every state since the start, and the chain with it.
 * Preimages: a state that is to begin a new chain must know its addresses. A price of 1 wei: 0 would be
 * raised to a gwei in silence.
 */
export function gethFlags(flags: NodeFlags): string[] {
  const { card } = flags
  return [
    ...['--config', flags.configFile, '--datadir', flags.folder, '--networkid', String(flags.networkId)],
    ...['--nodekey', flags.nodeKeyFile, '--ipcpath', flags.ipcPath],
    ...['--nat', 'none', '--nodiscover', '--authrpc.port', '0'],
    ...['--verbosity', String(flags.verbosity)],
    ...['--syncmode', 'full', '--gcmode', 'archive', '--history.transactions', '0', ...storageFlags()],
    ...['--txpool.pricelimit', '1', '--cache', String(CACHE_MB)],
    ...(card.signer === null ? [] : sealingFlags(card.signer, flags)),
    ...(flags.rpcPort === null || card.signer !== null ? [] : rpcFlags(flags.rpcPort)),
  ]
}

/** Flags that the first block's making and every later start must agree on. */
export function storageFlags(): string[] {
  return ['--state.scheme', 'hash', '--cache.preimages']
}

function sealingFlags(signer: string, { passwordFile, gasLimit, periodS }: NodeFlags): string[] {
  return [
    ...['--mine', '--miner.etherbase', signer, '--unlock', signer, '--password', passwordFile],
    ...['--miner.gasprice', '1', '--miner.gaslimit', String(gasLimit)],
    ...(periodS < REFILL_FROM_S ? [] : ['--miner.recommit', '1s']),
  ]
}

function rpcFlags(port: number): string[] {
  return [
    ...['--http', '--http.addr', LOOPBACK, '--http.port', String(port), '--http.api', RPC_NAMES],
    ...['--ws', '--ws.addr', LOOPBACK, '--ws.port', String(port), '--ws.api', RPC_NAMES],
  ]
}

/**
 * How many members a node dials; more may dial it. Where each has half of them, no two groups stay apart. Nor
 * is it more: Geth waits ten seconds for as many peers as this before it catches up.
 */
export const dialledPeers = (members: number): number => Math.max(1, Math.ceil(members / 2))

/**
 * The part of Geth's settings that has no flags: who its peers are. Every place is for dialling out
 * (DialRatio 1), so that whoever dials in must be a trusted member; a stranger is told that there are too
 * many peers already, wherever it comes from.
 */
export function configToml(self: NodeCard, members: readonly NodeCard[]): string {
  const others = members.filter(({ key }) => key !== self.key)
  const enodes = others.map((card) => `"${enodeOf(card)}"`).join(', ')
  const hosts = [...new Set(others.map(({ host }) => `"${host}/${isIP(host) === 6 ? 128 : 32}"`))].join(', ')
  return [
    '[Node.P2P]',
    `ListenAddr = "${isIP(self.host) === 6 ? `[${self.host}]` : self.host}:${self.port}"`,
    'NoDiscovery = true',
    `MaxPeers = ${dialledPeers(members.length)}`,
    'DialRatio = 1',
    `StaticNodes = [${enodes}]`,
    `TrustedNodes = [${enodes}]`,
    ...(others.length === 0 ? [] : [`NetRestrict = [${hosts}]`]),
    '',
  ].join('\n')
}
