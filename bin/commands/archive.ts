import { existsSync } from 'node:fs'
import { cp, mkdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Wallet } from 'ethers'
import type { Command } from 'commander'
import { z } from 'zod'
import type { Anchorable } from '../../chain/archive/anchorable.ts'
import { isAnchored, newestAnchor, type Ask } from '../../chain/archive/anchored.ts'
import { checkArchive } from '../../chain/archive/check.ts'
import { continuedRpc } from '../../chain/archive/continued-rpc.ts'
import { EXPORT_FILE, exportAnchorable, knownExports } from '../../chain/archive/export-statement.ts'
import { checkExport, exportHistory } from '../../chain/archive/export.ts'
import { archiveFault } from '../../chain/archive/fault.ts'
import { archivesIn, exportsIn } from '../../chain/archive/places.ts'
import { anchorableOf } from '../../chain/archive/statement.ts'
import { contractsFileIn, readContracts, type Contracts } from '../../chain/contracts-file.ts'
import { createRpc } from '../../chain/proxy/rpc.ts'
import { badField } from '../../protocols/rules/fault.ts'
import { finalHeight } from '../chain/final-block.ts'
import { managerKeyOf } from '../chain/take-archive.ts'
import { ending } from './ending.ts'

interface ExportFlags {
  readonly data: string
  readonly rpc: string
  readonly to: string
  readonly json?: true
}

interface CheckFlags {
  readonly rpc?: string
  readonly contracts?: string
  readonly archives?: string
  readonly json?: true
}

const ANCHOR_LIMIT_MS = 20_000
const LOOK_EVERY_MS = 500

/** A node of the community's chain, begun anew or not. */
function nodeOf(rpc: string, { genesisHash: origin, chainId, community }: Contracts, archives: string) {
  const continuation = { origin, chainId, community, archives }
  const node = continuedRpc(createRpc({ url: rpc }), continuation)
  const ask: Ask = (method, params) => node.call(method, params, z.unknown())
  return { node, continuation, ask }
}

async function contractsIn(file: string | null, field: string, given: string): Promise<Contracts> {
  const contracts = file === null ? null : await readContracts(file)
  if (contracts !== null) return contracts
  throw badField(field, 'a contracts.json, or the data folder that has one', given)
}

async function exportTo(flags: ExportFlags): Promise<void> {
  const [data, to] = [resolve(flags.data), resolve(flags.to)]
  const contracts = await contractsIn(contractsFileIn(data), '--data', flags.data)
  const chain = join(data, 'chain')
  const { node, continuation, ask } = nodeOf(flags.rpc, contracts, archivesIn(chain))
  const height = await finalHeight(data, node, continuation)
  const noted = exportsIn(chain)
  const previous = (await knownExports(noted)).at(-1) ?? null
  const signer = new Wallet(managerKeyOf(data))
  await exportHistory({ ask, contracts, height, previous, signer, to })
  const { statement, counts } = await checkExport(to)
  const place = join(noted, String(height))
  await rm(place, { recursive: true, force: true })
  await mkdir(place, { recursive: true, mode: 0o700 })
  await cp(join(to, EXPORT_FILE), join(place, EXPORT_FILE))
  const anchorable = exportAnchorable(statement)
  const anchored = await untilAnchored(ask, contracts.archive, anchorable)
  if (flags.json === true) return console.log(JSON.stringify({ folder: to, ...anchorable, anchored, counts }))
  tell(anchorable, counts)
  console.log(
    `anchor     ${anchored ? 'on the chain' : 'not yet: the community gateway anchors it when it runs'}`,
  )
}

function tell({ height, root }: Anchorable, counts: Readonly<Record<string, number>>): void {
  const parts = Object.entries(counts).map(([name, count]) => `${count} ${name}`)
  console.log(`archive    up to block ${height}: ${parts.join(', ')}`)
  console.log(`root       ${root}`)
}

async function untilAnchored(ask: Ask, archive: string, anchorable: Anchorable): Promise<boolean> {
  for (let waited = 0; waited < ANCHOR_LIMIT_MS; waited += LOOK_EVERY_MS) {
    if (await isAnchored(ask, archive, anchorable)) return true
    await sleep(LOOK_EVERY_MS)
  }
  return false
}

async function wholeOf(folder: string) {
  if (existsSync(join(folder, EXPORT_FILE))) {
    const { statement, counts } = await checkExport(folder)
    return { anchorable: exportAnchorable(statement), counts }
  }
  const { statement, next, ...counted } = await checkArchive(folder)
  const { accounts, words, blocks, transactions } = counted
  return { anchorable: anchorableOf(statement, next), counts: { accounts, words, blocks, transactions } }
}

/** What the chain says of an archive: the anchor decides, whoever hands the copy over. */
async function requireAnchor(flags: CheckFlags, folder: string, anchorable: Anchorable): Promise<boolean> {
  if (flags.rpc === undefined) return false
  const given = flags.contracts ?? ''
  const contracts = await contractsIn(given === '' ? null : resolve(given), '--contracts', given)
  const archives = resolve(flags.archives ?? join(given, '..', '..', 'chain', 'archives'))
  const { ask } = nodeOf(flags.rpc, contracts, archives)
  if (!(await isAnchored(ask, contracts.archive, anchorable))) {
    const message = `${folder}: the chain names no such archive; ask the manager for the one that it anchored`
    throw archiveFault('archive-foreign', message, { folder })
  }
  const newest = await newestAnchor(ask, contracts.archive)
  if (newest === null || newest.height <= anchorable.height) return true
  const message =
    `${folder}: is whole, and older: it ends at block ${anchorable.height}, the newest archive at ` +
    `block ${newest.height}; ask the manager for that one`
  throw archiveFault('archive-older', message, { folder, height: anchorable.height, newest: newest.height })
}

async function check(typed: string, flags: CheckFlags): Promise<void> {
  const folder = resolve(typed)
  const { anchorable, counts } = await wholeOf(folder)
  const anchored = await requireAnchor(flags, folder, anchorable)
  if (flags.json === true) return console.log(JSON.stringify({ folder, ...anchorable, anchored, counts }))
  tell(anchorable, counts)
  console.log(
    `check      whole${anchored ? ', and the newest that the chain names' : '; with --rpc its anchor, too'}`,
  )
}

/** Adds `meterhood archive`. */
export function registerArchiveCommand(program: Command): void {
  const archive = program.command('archive').description('keep the history outside the chain, and check it')
  archive
    .command('export')
    .description('write commitments of readings, trades and delegations as signed files')
    .requiredOption('--to <folder>', 'a new folder for the export')
    .requiredOption('--rpc <url>', 'JSON-RPC of a node of the community’s chain')
    .option('--data <folder>', 'folder of the manager’s gateway and chain', './.meterhood')
    .option('--json', 'print JSON')
    .action((flags: ExportFlags) => ending('archive export', exportTo(flags)))
  archive
    .command('check <folder>')
    .description('check an archive or an export: each line, the signature and, with --rpc, its anchor')
    .option('--rpc <url>', 'JSON-RPC of a node of the community’s chain')
    .option('--contracts <file>', 'contracts.json of the community')
    .option('--archives <folder>', 'archives that the chain was begun anew from')
    .option('--json', 'print JSON')
    .action((folder: string, flags: CheckFlags) => ending('archive check', check(folder, flags)))
}
