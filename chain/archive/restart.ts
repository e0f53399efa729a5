import { existsSync, readdirSync } from 'node:fs'
import { cp, mkdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { Fault } from '../../protocols/rules/fault.ts'
import { renameDurably, writeDurably } from '../network/chain-folder.ts'
import type { Ipc } from '../network/geth/ipc.ts'
import { hasNodes, NodeFolder, nodesUnder } from '../network/geth/node-folder.ts'
import { askAlone, endForsaken, layOutChain, runningIn } from '../network/geth/process.ts'
import { genesisHashOf } from '../network/geth/status.ts'
import { newestAnchor } from './anchored.ts'
import { archivedAccounts, checkArchive, type CheckedArchive } from './check.ts'
import { archiveFault } from './fault.ts'
import { folderBytes } from './folder-bytes.ts'
import { archivedBlocks } from './history.ts'
import { allocOf, carriedOver, nextGenesis } from './next-genesis.ts'
import { archivesIn, knownArchives, lineage } from './places.ts'
import { HISTORY_FILE, rootOf, STATEMENT_FILE } from './statement.ts'

export interface Restart {
  /** Geth. */
  readonly program: string
  /** Folder of the chain: a node's own, or one with a folder for each node. */
  readonly chain: string
  /** Folder of the archive. */
  readonly from: string
  /** The number of the newest final block in a node's own chain; null when none is known. */
  readonly newestFinal: (ipc: Ipc) => Promise<number | null>
}

export interface Restarted {
  readonly archive: CheckedArchive
  readonly nodes: readonly string[]
  /** Bytes of the chain of one node, before and after. */
  readonly bytes: { readonly before: number; readonly after: number }
  /** Where the chain of before lies, without its keys. */
  readonly before: string
}

/** Files of a node that go on; its chain, its log and its votes' certificates do not. */
const CARRIED = ['node.json', 'nodekey', 'password', 'keystore', 'votes.json']
const SECRET = ['nodekey', 'password', 'keystore']
const DONE = 'restarted.json'
/** Where Geth keeps blocks and states. */
const CHAIN = join('geth', 'chaindata')

/** Blocks that a node may have lost to another branch when it stopped: far more than ever were. */
const TIP_BLOCKS = 64

const besideOf = (chain: string): string => `${chain}.next`
const beforeOf = (chain: string): string => `${chain}.before-`

/**
 * Ends a restart that was interrupted: a whole new chain that did not reach its place is put there, and the
 * keys of the one before it are forgotten. To be called before a chain is looked for.
 */
export async function finishRestart(chain: string): Promise<void> {
  const beside = besideOf(chain)
  if (!existsSync(chain) && existsSync(join(beside, DONE))) await renameDurably(beside, chain)
  if (existsSync(join(chain, DONE))) await forgetKeysBefore(chain)
}

/**
 * Begins the chain anew from an archive: the new one is laid out whole beside the old one and takes its place
 * at once. Faults: those of `checkArchive`, `archive-foreign`, `archive-older`, `already-restarted`,
 * `node-runs`, `restart-failed`.
 */
export async function restartChain(restart: Restart): Promise<Restarted> {
  const { chain, from, program } = restart
  await finishRestart(chain)
  const archive = await checkArchive(from)
  const nodes = nodesUnder(chain)
  for (const node of nodes) await endForsaken(node)
  for (const node of nodes) requireStopped(node)
  for (const node of nodes) {
    await askAlone(program, node, (ipc) => requireNewest(ipc, archive, restart))
    requireRules(node, archive)
  }
  const beside = await layOutBeside(restart, archive, nodes)
  const before = freeName(`${beforeOf(chain)}${archive.statement.block.height}`)
  const [sample] = nodes
  const bytes = {
    before: sample === undefined ? 0 : await folderBytes(join(sample.path, CHAIN)),
    after: await folderBytes(join(placeOf(beside, chain, sample), CHAIN)),
  }
  await rename(chain, before)
  await renameDurably(beside, chain)
  await forgetKeysBefore(chain)
  return { archive, nodes: nodes.map(({ card }) => card.name), bytes, before }
}

/** Where a node lies when its chain's folder is another. */
const placeOf = (folder: string, chain: string, node: NodeFolder | undefined): string =>
  join(folder, (node?.path ?? chain).slice(chain.length))

function freeName(name: string): string {
  for (let count = 1; ; count += 1) {
    const each = count === 1 ? name : `${name}-${count}`
    if (!existsSync(each)) return each
  }
}

function requireStopped(node: NodeFolder): void {
  const pid = runningIn(node)
  if (pid === null) return
  const message = `${node.path}: this node runs (process ${pid}); stop every node of the community first`
  throw new Fault('node-runs', message, { path: node.path, pid })
}

const blockReply = z.object({ hash: z.string() }).nullable()
const signersReply = z.array(z.string())

/** The archive must be of this very chain, and nothing final may have come after it. */
async function requireNewest(
  ipc: Ipc,
  archive: CheckedArchive,
  { chain, newestFinal, from }: Restart,
): Promise<void> {
  const { statement, next } = archive
  const genesis = await genesisHashOf(ipc)
  if (genesis === next) {
    throw new Fault('already-restarted', `${from}: this chain began from it already; start it`, { from })
  }
  const { number, height } = statement.block
  const line = lineage(await knownArchives(archivesIn(chain)), statement.origin, genesis) ?? []
  if (line.some((each) => each.statement.block.height >= height)) {
    throw older(from, height, 'the chain was begun anew after it')
  }
  const shared = genesis === statement.genesis ? await newestShared(ipc, archive) : null
  if (shared === null) throw foreign(from)
  if (shared === number) await requireSigners(ipc, archive)
  const ask = (method: string, params: readonly unknown[]) => ipc.ask(method, params, z.unknown())
  const anchor = await newestAnchor(ask, statement.archive)
  if (anchor !== null && anchor.height > height) {
    throw older(from, height, `the archive of block ${anchor.height} is anchored`)
  }
  const final = await newestFinal(ipc)
  const base = height - number
  if (final !== null && final > shared)
    throw older(from, height, `the chain went on to block ${final + base}, which is final`)
}

/**
 * Number of the newest block that the archive and the node both have; null when the node's chain is another.
 * Nodes that were stopped one after another may stand on different last blocks.
 */
async function newestShared(ipc: Ipc, { folder, statement }: CheckedArchive): Promise<number | null> {
  const tip: { readonly number: number; readonly hash: string }[] = []
  const base = statement.block.height - statement.block.number
  for await (const { height, hash } of archivedBlocks(folder, statement)) {
    tip.push({ number: height - base, hash })
    if (tip.length > TIP_BLOCKS) tip.shift()
  }
  let isBehind = true
  for (const { number, hash } of tip.reverse()) {
    const at = await ipc.ask('eth_getBlockByNumber', [`0x${number.toString(16)}`, false], blockReply)
    if (at?.hash === hash) return number
    isBehind &&= at === null
  }
  // A node that lacks all of them has the same first block, and nothing to say against them.
  return isBehind ? statement.block.number - 1 : null
}

/** Who signed an archive matters less than that it says of the node's own chain what the node knows of it. */
async function requireSigners(ipc: Ipc, { statement, folder }: CheckedArchive): Promise<void> {
  const at = `0x${statement.block.number.toString(16)}`
  const signers = (await ipc.ask('clique_getSigners', [at], signersReply)).map((each) => each.toLowerCase())
  if (signers.sort().join() !== [...statement.signers].sort().join()) throw foreign(folder)
}

function requireRules(node: NodeFolder, { statement, folder }: CheckedArchive): void {
  const { config, gasLimit } = node.network().genesis
  if (JSON.stringify({ config, gasLimit }) !== JSON.stringify(statement.rules)) throw foreign(folder)
}

function foreign(from: string): Fault {
  const message = `${from}: is of another chain than this node’s; name an archive of this community`
  return archiveFault('archive-foreign', message, { from })
}

function older(from: string, height: number, why: string): Fault {
  const fix = 'stop every node and take one more archive: meterhood chain backup --to FOLDER'
  return archiveFault('archive-older', `${from}: holds block ${height}, and ${why}; ${fix}`, { from, height })
}

async function layOutBeside(
  { chain, from, program }: Restart,
  archive: CheckedArchive,
  nodes: readonly NodeFolder[],
): Promise<string> {
  const beside = besideOf(chain)
  await rm(beside, { recursive: true, force: true })
  const genesis = { ...nextGenesis(archive.statement), alloc: await allocations(archive) }
  for (const node of nodes) {
    const place = placeOf(beside, chain, node)
    await mkdir(place, { recursive: true, mode: 0o700 })
    for (const name of CARRIED) await copyIfThere(join(node.path, name), join(place, name))
    const next = NodeFolder.open(place)
    await next.keepNetwork({ ...node.network(), genesis })
    await layOutChain(program, next)
    // Geth lays out a chain for light clients, too, which no node here is.
    await rm(join(place, 'geth', 'lightchaindata'), { recursive: true, force: true })
  }
  await requireGenesis(program, placeOf(beside, chain, nodes[0]), archive)
  await keepArchives(chain, beside, from, archive)
  await writeDurably(join(beside, DONE), JSON.stringify({ root: rootOf(archive.statement) }))
  return beside
}

async function allocations({ folder, statement }: CheckedArchive): Promise<Record<string, unknown>> {
  const alloc: Record<string, unknown> = {}
  for await (const account of archivedAccounts(folder, statement)) {
    alloc[account.address] = allocOf(carriedOver(account, statement))
  }
  return alloc
}

async function requireGenesis(program: string, place: string, { next }: CheckedArchive): Promise<void> {
  const node = NodeFolder.open(place)
  const found = await askAlone(program, node, genesisHashOf)
  if (found === next) return
  const message = `${place}: Geth begins with ${found}, the archive says ${next}; nothing was changed`
  throw new Fault('restart-failed', message, { place, found, expected: next })
}

/** Gateways look here for what was before the chain. */
async function keepArchives(
  chain: string,
  beside: string,
  from: string,
  { statement }: CheckedArchive,
): Promise<void> {
  await copyIfThere(archivesIn(chain), archivesIn(beside))
  const place = join(archivesIn(beside), String(statement.block.height))
  await mkdir(place, { recursive: true, mode: 0o700 })
  for (const name of [HISTORY_FILE, STATEMENT_FILE]) await cp(join(from, name), join(place, name))
}

async function copyIfThere(from: string, to: string): Promise<void> {
  if (existsSync(from)) await cp(from, to, { recursive: true, preserveTimestamps: true })
}

/** A key that lay in two places could sign for two chains. */
async function forgetKeysBefore(chain: string): Promise<void> {
  const beside = dirname(chain)
  const names = readdirSync(beside).filter((name) => name.startsWith(basename(beforeOf(chain))))
  const folders = names.map((name) => join(beside, name)).filter(hasNodes)
  for (const { path } of folders.flatMap(nodesUnder)) {
    for (const name of SECRET) await rm(join(path, name), { recursive: true, force: true })
  }
}
