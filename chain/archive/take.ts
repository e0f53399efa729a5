import { mkdir, open, readdir, rm } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import type { TypedDataSigner } from '../../protocols/crypto/registration.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import type { Contracts } from '../contracts-file.ts'
import { renameDurably } from '../network/chain-folder.ts'
import type { CliqueGenesis } from '../network/geth/genesis.ts'
import type { Ipc } from '../network/geth/ipc.ts'
import { blockEntries } from './history.ts'
import { SeriesWriter, type Series } from './lines.ts'
import { nextHash, Roots } from './next-genesis.ts'
import { accountsAt } from './state-source.ts'
import {
  HISTORY_FILE,
  NO_ARCHIVE,
  rootOf,
  sign,
  STATE_FILE,
  writeStatement,
  type SignedStatement,
  type Statement,
} from './statement.ts'

const quantity = z.string().transform(Number)
const text = z.string()
const headerReply = z.object({ number: quantity, hash: text, timestamp: quantity, stateRoot: text })
const signersReply = z.array(z.string().transform((address) => address.toLowerCase()))

export interface Taking {
  /** The node whose state is taken. */
  readonly ipc: Ipc
  /** Number of the block in the node's chain. */
  readonly number: number
  readonly contracts: Contracts
  readonly rules: CliqueGenesis
  /** The archive that the node's chain began from; null on a community's first chain. */
  readonly base: SignedStatement | null
  /** The newest archive before this one, or null. */
  readonly previous: SignedStatement | null
  /** A folder that does not exist yet. */
  readonly to: string
}

/** What was written and is not signed yet. */
export interface Snapshot {
  /** Where it lies until it is whole. */
  readonly folder: string
  readonly to: string
  readonly statement: Statement
  readonly next: string
}

/** Writes the state and the history beside their place. Faults: `folder-taken`, `state-incomplete`. */
export async function snapshot(taking: Taking): Promise<Snapshot> {
  const { ipc, number, to } = taking
  await requireFree(to)
  const folder = `${to}.part`
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const header = await ipc.ask('eth_getBlockByNumber', [`0x${number.toString(16)}`, false], headerReply)
  const open = await openStatement(taking, header)
  const roots = new Roots()
  const state = await writeState(join(folder, STATE_FILE), taking, open, roots)
  if ((await roots.now.value()) !== header.stateRoot) throw incomplete(number)
  const history = await writeHistory(join(folder, HISTORY_FILE), taking)
  const statement = { ...open, state, history }
  const next = await nextHash(statement, await roots.next.value())
  return { folder, to, statement, next }
}

/** Signs a snapshot and puts it in its place, whole. */
export async function seal(taken: Snapshot, signer: TypedDataSigner): Promise<SignedStatement> {
  const signed = await sign(taken.statement, taken.next, signer)
  await writeStatement(taken.folder, signed)
  await syncFiles(taken.folder)
  await mkdir(dirname(taken.to), { recursive: true, mode: 0o700 })
  await renameDurably(taken.folder, taken.to)
  return signed
}

async function requireFree(to: string): Promise<void> {
  if (!existsSync(to) || (await readdir(to)).length === 0) return
  throw new Fault('folder-taken', `${to}: is not empty; name a new folder for the archive`, { to })
}

async function openStatement(
  { ipc, contracts, rules, base, previous }: Taking,
  header: z.output<typeof headerReply>,
): Promise<Omit<Statement, 'state' | 'history'>> {
  const { number, hash, timestamp, stateRoot } = header
  const at = `0x${number.toString(16)}`
  const first = await ipc.ask('eth_getBlockByNumber', ['0x0', false], headerReply)
  const height = number + (base?.statement.block.height ?? 0)
  return {
    version: 1,
    chainId: contracts.chainId,
    origin: base?.statement.origin ?? first.hash,
    genesis: first.hash,
    block: { number, height, hash, timestampS: timestamp, stateRoot },
    community: contracts.community.toLowerCase(),
    archive: contracts.archive.toLowerCase(),
    heights: [contracts.quota, contracts.trading].map((address) => address.toLowerCase()),
    previous: previous === null ? NO_ARCHIVE : rootOf(previous.statement),
    signers: (await ipc.ask('clique_getSigners', [at], signersReply)).sort(),
    rules: { config: rules.config, gasLimit: rules.gasLimit },
  }
}

async function writeState(
  path: string,
  { ipc, number }: Taking,
  statement: Omit<Statement, 'state' | 'history'>,
  roots: Roots,
): Promise<Series> {
  const writer = await SeriesWriter.begin(path, 'state')
  for await (const account of accountsAt(ipc, number)) {
    await roots.add(account, statement)
    await writer.add({ ...account })
  }
  return writer.end()
}

/** The history of this chain: what was before it is in the archives that it follows from. */
async function writeHistory(path: string, { ipc, number, base }: Taking): Promise<Series> {
  const writer = await SeriesWriter.begin(path, 'history')
  const parent = base?.statement.block.hash ?? NO_ARCHIVE
  for await (const entry of blockEntries(ipc, base === null ? 0 : 1, number, parent)) await writer.add(entry)
  return writer.end()
}

async function syncFiles(folder: string): Promise<void> {
  const place = await open(folder, 'r')
  await place.sync()
  await place.close()
}

function incomplete(number: number): Fault {
  const message =
    `block ${number}: the node does not know all accounts of its state; it must run with --cache.preimages ` +
    'from its first block on. Ask another node, or let this one follow the chain anew'
  return new Fault('state-incomplete', message, { number })
}
