import { join, relative, resolve } from 'node:path'
import type { Command } from 'commander'
import { runArchive } from '../../actors/archive/live.ts'
import { checkArchive } from '../../chain/archive/check.ts'
import { archivesIn } from '../../chain/archive/places.ts'
import { restartChain, type Restarted } from '../../chain/archive/restart.ts'
import { readStatement, rootOf } from '../../chain/archive/statement.ts'
import { findGeth } from '../../chain/network/geth/install.ts'
import type { Ipc } from '../../chain/network/geth/ipc.ts'
import { newestFinalOf } from '../chain/final-block.ts'
import { takeArchive, type TakenArchive } from '../chain/take-archive.ts'
import { gethPlaces } from '../host/cache-folder.ts'
import { ending } from './ending.ts'

interface BackupFlags {
  readonly data: string
  readonly to: string
  readonly json?: true
}

interface RestartFlags {
  readonly data: string
  readonly from: string
  readonly json?: true
}

const MEBIBYTE = 1024 * 1024
const shownBytes = (bytes: number): string => `${(bytes / MEBIBYTE).toFixed(2)} MiB`
const shown = (path: string): string => relative('.', path) || '.'

function backupLines({ archive, bytes, anchored, running }: TakenArchive): string[] {
  const { statement, accounts, words, blocks, transactions, folder } = archive
  const { height, hash } = statement.block
  const later = 'not on the chain yet: the community gateway anchors it as soon as both run'
  return [
    `archive    block ${height} ${hash}${running ? '' : ', the last one: no node runs'}`,
    `holds      ${accounts} accounts, ${words} words, ${blocks} blocks with ${transactions} transactions`,
    `root       ${rootOf(statement)}`,
    `anchor     ${anchored ? 'on the chain' : later}`,
    `folder     ${shown(folder)}, ${shownBytes(bytes)}; keep a copy somewhere else`,
  ]
}

async function backup(flags: BackupFlags): Promise<void> {
  const tell = (state: string): void => {
    if (flags.json !== true && state !== 'idle') console.log(`archive    ${state}`)
  }
  const taken = await takeArchive(resolve(flags.data), resolve(flags.to), tell)
  if (flags.json !== true) return console.log(backupLines(taken).join('\n'))
  const { archive, bytes, anchored } = taken
  const { statement, next, accounts, words, blocks, transactions, folder } = archive
  const { height, hash } = statement.block
  const counts = { accounts, words, blocks, transactions, bytes }
  const root = rootOf(statement)
  console.log(
    JSON.stringify({ folder, height, hash, root, next, previous: statement.previous, anchored, ...counts }),
  )
}

function restartLines({ archive, nodes, bytes, before }: Restarted): string[] {
  const { statement, next } = archive
  const part = bytes.before === 0 ? '' : `, ${Math.round((100 * bytes.after) / bytes.before)} %`
  return [
    `chain      ${statement.chainId} goes on after block ${statement.block.height}; first block ${next}`,
    `nodes      ${nodes.join(', ')}: the same keys, members and signers`,
    `size       ${shownBytes(bytes.before)} before, ${shownBytes(bytes.after)} now${part} (one node)`,
    `before     ${shown(before)}, without its keys; remove it when every gateway has moved over`,
  ]
}

async function restart(flags: RestartFlags): Promise<void> {
  const data = resolve(flags.data)
  const chain = join(data, 'chain')
  const from = resolve(flags.from)
  const program = await findGeth(gethPlaces())
  let done: Restarted | undefined
  const never = () => Promise.reject(new Error('a restart backs nothing up'))
  await runArchive(
    {
      ...{ takeSnapshot: never, sign: never, anchor: never },
      verify: async () => {
        await checkArchive(from)
      },
      restart: async () => {
        const { origin, chainId, community } = (await readStatement(from)).statement
        const continuation = { origin, chainId, community, archives: archivesIn(chain) }
        const newestFinal = (ipc: Ipc) => newestFinalOf(data, ipc, continuation)
        done = await restartChain({ program, chain, from, newestFinal })
      },
    },
    { type: 'RESTART', folder: from },
  )
  if (done === undefined) return
  if (flags.json !== true) return console.log(restartLines(done).join('\n'))
  const { archive, nodes, bytes, before } = done
  const { height } = archive.statement.block
  console.log(JSON.stringify({ height, genesisHash: archive.next, nodes, bytes, before }))
}

/** Adds `meterhood chain backup` and `chain restart`. */
export function addChainArchiveCommands(chain: Command): void {
  chain
    .command('backup')
    .description('write a signed archive of the chain’s state and history')
    .requiredOption('--to <folder>', 'a new folder for the archive')
    .option('--data <folder>', 'data folder of the manager’s gateway', './.meterhood')
    .option('--json', 'print JSON')
    .action((flags: BackupFlags) => ending('chain backup', backup(flags)))
  chain
    .command('restart')
    .description('begin the chain anew from an archive: the same state in a fraction of the size')
    .requiredOption('--from <folder>', 'folder of the archive')
    .option('--data <folder>', 'data folder of this gateway', './.meterhood')
    .option('--json', 'print JSON')
    .action((flags: RestartFlags) => ending('chain restart', restart(flags)))
}
