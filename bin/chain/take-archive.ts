import { existsSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Wallet } from 'ethers'
import { z } from 'zod'
import { runArchive } from '../../actors/archive/live.ts'
import { newestAnchor } from '../../chain/archive/anchored.ts'
import { checkArchive, type CheckedArchive } from '../../chain/archive/check.ts'
import { continuedRpc, type Continuation } from '../../chain/archive/continued-rpc.ts'
import { folderBytes } from '../../chain/archive/folder-bytes.ts'
import { archivesIn, knownArchives } from '../../chain/archive/places.ts'
import { readStatement, rootOf, STATEMENT_FILE, type Statement } from '../../chain/archive/statement.ts'
import { seal, snapshot, type Snapshot, type Taking } from '../../chain/archive/take.ts'
import { contractsFileIn, readContracts, type Contracts } from '../../chain/contracts-file.ts'
import { writeDurably } from '../../chain/network/chain-folder.ts'
import { periodSOf } from '../../chain/network/geth/community-network.ts'
import { findGeth } from '../../chain/network/geth/install.ts'
import { createIpc, type Ipc } from '../../chain/network/geth/ipc.ts'
import { longestOf } from '../../chain/network/geth/longest.ts'
import { nodesUnder, type NodeFolder } from '../../chain/network/geth/node-folder.ts'
import { askAlone, endForsaken, runningIn } from '../../chain/network/geth/process.ts'
import { genesisHashOf } from '../../chain/network/geth/status.ts'
import { createRpc } from '../../chain/proxy/rpc.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import { systemRandom } from '../clock.ts'
import { gethPlaces } from '../host/cache-folder.ts'
import { loadSecrets } from '../host/secrets.ts'
import { finalHeight } from './final-block.ts'

export interface TakenArchive {
  readonly archive: CheckedArchive
  readonly bytes: number
  /** Whether the chain itself names the archive by now. */
  readonly anchored: boolean
  /** Whether the node ran while it was taken. */
  readonly running: boolean
}

const quantity = z.string().transform(Number)
const LEAST_PATIENCE_MS = 15_000
/** Blocks in which the community gateway has anchored an archive, where it runs. */
const PATIENCE_BLOCKS = 8
const LOOK_EVERY_MS = 500

/**
 * Makes an archive of the chain of a data folder: of the newest final block while its nodes run, and of the
 * newest one where they are stopped, since nothing follows it any more.
 */
export async function takeArchive(
  dataDir: string,
  to: string,
  tell: (state: string) => void,
): Promise<TakenArchive> {
  const nodes = nodesUnder(join(dataDir, 'chain'))
  const known = await contractsOf(dataDir)
  const wallet = new Wallet(managerKeyOf(dataDir))
  for (const node of nodes) await endForsaken(node)
  const running = nodes.find((node) => runningIn(node) !== null)
  if (running !== undefined) {
    const ipc = createIpc(running.ipcPath)
    return take({ dataDir, node: running, ipc, to, wallet, contracts: known, running: true }, tell)
  }
  const program = await findGeth(gethPlaces())
  const node = await longestOf(program, nodes)
  return askAlone(program, node, (ipc) =>
    take({ dataDir, node, ipc, to, wallet, contracts: known, running: false }, tell),
  )
}

async function contractsOf(dataDir: string): Promise<Contracts> {
  const file = contractsFileIn(dataDir)
  const contracts = file === null ? null : await readContracts(file)
  if (contracts !== null) return contracts
  const message = `${dataDir}: has no contracts.json; take the archive where the community gateway is`
  throw new Fault('no-contracts', message, { dataDir })
}

/** How a data folder's chain is known again after a restart. */
export const continuationOf = (dataDir: string, contracts: Contracts): Continuation => {
  const { genesisHash: origin, chainId, community } = contracts
  return { origin, chainId, community, archives: archivesIn(join(dataDir, 'chain')) }
}

/** The manager's gateway has a data folder of its own, or one in that of all gateways of this machine. */
function managerFolder(dataDir: string): string {
  const within = join(dataDir, 'community')
  return existsSync(join(dataDir, 'secrets.json')) && !existsSync(within) ? dataDir : within
}

/** The key that signs archives. Fault: `no-manager`. */
export function managerKeyOf(dataDir: string): string {
  const folder = managerFolder(dataDir)
  if (existsSync(join(folder, 'secrets.json'))) return loadSecrets(folder, systemRandom).accountKey
  const message = `${folder}: has no secrets.json; the manager signs archives: take it where its gateway is`
  throw new Fault('no-manager', message, { folder })
}

/** The node that has most blocks: what the others lack would be lost. */
interface Work {
  readonly dataDir: string
  readonly node: NodeFolder
  readonly ipc: Ipc
  readonly to: string
  readonly wallet: Wallet
  readonly contracts: Contracts
  readonly running: boolean
}

async function take(work: Work, tell: (state: string) => void): Promise<TakenArchive> {
  const { dataDir, ipc, to, wallet, running } = work
  const isLeft = await isUnknown(work)
  let taken: Snapshot | undefined
  let archive: CheckedArchive | undefined
  const { anchored } = await runArchive(
    {
      takeSnapshot: async () => {
        if (!isLeft) taken = await snapshot(await takingOf(work))
      },
      sign: async () => {
        if (isLeft) return
        if (taken === undefined) throw new Error('signed before it was taken')
        await seal(taken, wallet)
      },
      verify: async () => {
        archive = await checkArchive(to)
        await note(dataDir, archive)
      },
      anchor: async () => running && archive !== undefined && untilAnchored(ipc, archive, work.node),
      restart: () => Promise.reject(new Error('a backup restarts nothing')),
    },
    { type: 'BACK_UP', folder: to },
    tell,
  )
  if (archive === undefined) throw new Error('the archive was not checked')
  return { archive, bytes: await folderBytes(to), anchored: anchored === true, running }
}

/** Whether a command that was cut off left its archive here, whole, and did not come to make it known. */
async function isUnknown({ dataDir, to, contracts }: Work): Promise<boolean> {
  const signed = await readStatement(to).catch(() => null)
  if (signed === null || signed.statement.archive !== contracts.archive.toLowerCase()) return false
  return !existsSync(join(knownPlace(dataDir, signed.statement), STATEMENT_FILE))
}

/** The community gateway looks here for archives that the chain does not name yet. */
const knownPlace = (dataDir: string, { block }: Statement): string =>
  join(archivesIn(join(dataDir, 'chain')), String(block.height))

async function takingOf({ dataDir, node, ipc, to, contracts, running }: Work): Promise<Taking> {
  const archives = await knownArchives(archivesIn(join(dataDir, 'chain')))
  const genesis = await genesisHashOf(ipc)
  const number = running
    ? await finalNumber(dataDir, ipc, contracts)
    : await ipc.ask('eth_blockNumber', [], quantity)
  return {
    ...{ ipc, number, contracts, to },
    rules: node.network().genesis,
    base: archives.find(({ next }) => next === genesis) ?? null,
    previous: archives.at(-1) ?? null,
  }
}

/** Number of the newest final block in the node's own chain. Faults: `nothing-final`, `too-early`. */
async function finalNumber(dataDir: string, { path }: Ipc, contracts: Contracts): Promise<number> {
  const continuation = continuationOf(dataDir, contracts)
  const node = continuedRpc(createRpc({ url: path }), continuation)
  try {
    const number = (await finalHeight(dataDir, node, continuation)) - (node.follows()?.number ?? 0)
    if (number > 0) return number
    throw new Fault('too-early', `${path}: nothing new is final since the last restart; wait for some blocks`)
  } finally {
    node.close()
  }
}

async function note(dataDir: string, { folder, statement }: CheckedArchive): Promise<void> {
  const place = knownPlace(dataDir, statement)
  await mkdir(place, { recursive: true, mode: 0o700 })
  await writeDurably(join(place, STATEMENT_FILE), await readFile(join(folder, STATEMENT_FILE), 'utf8'))
}

async function untilAnchored(ipc: Ipc, { statement }: CheckedArchive, node: NodeFolder): Promise<boolean> {
  const ask = (method: string, params: readonly unknown[]) => ipc.ask(method, params, z.unknown())
  const patienceMs = Math.max(LEAST_PATIENCE_MS, PATIENCE_BLOCKS * 1_000 * periodSOf(node.network()))
  for (let waited = 0; waited < patienceMs; waited += LOOK_EVERY_MS) {
    const found = await newestAnchor(ask, statement.archive)
    if (found?.root === rootOf(statement)) return true
    await sleep(LOOK_EVERY_MS)
  }
  return false
}
