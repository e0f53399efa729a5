import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { z } from 'zod'
import { badField, Fault, messageOf } from '../../protocols/rules/fault.ts'
import type { BoardConfig, HomeConfig } from '../host/configs.ts'
import { openDataFolder } from '../host/data-folder.ts'
import { nodeBeside } from '../host/node-beside.ts'
import { readBoardList } from './board-list.ts'
import { ending, untilAskedToStop } from './ending.ts'
import { listenAt, pageAt, recordAt, rpcAt } from './gateway-flags.ts'

const BoardsFile = z
  .array(
    z.object({
      kind: z.enum(['power', 'water', 'comfort']),
      boardId: z.number().int().min(1),
      linkKey: z.string().regex(/^[0-9a-f]{64}$/, '64 hex digits'),
      at: z.union([
        z.object({ host: z.string(), port: z.number().int().min(1).max(65_535) }),
        z.object({ path: z.string(), baudRate: z.number().int().default(38_400) }),
      ]),
    }),
  )
  .min(1)

const BOARD = '{"kind":"power","boardId":1,"linkKey":"<64 hex digits>","at":{"host":"…","port":4001}}'

interface HomeFlags {
  readonly data: string
  readonly listen: string
  readonly rpc?: string
  readonly name: string
  readonly invite?: string
  readonly boards?: string
  readonly record?: string
  readonly page: string
}

/** The boards of a home as the installer wrote them down. Throws `bad-field` with the entry that is wrong. */
async function readBoards(file: string): Promise<BoardConfig[]> {
  const boards = await readBoardList(file, BoardsFile, BOARD)
  return boards.map((board) => ({ ...board, linkKey: Uint8Array.from(Buffer.from(board.linkKey, 'hex')) }))
}

async function inviteOf(text: string | undefined): Promise<string | null> {
  if (text === undefined) return null
  const { parseInvite } = await import('../../protocols/p2p/invite.ts')
  try {
    parseInvite(text)
    return text
  } catch (thrown) {
    throw new Fault('bad-field', `--${messageOf(thrown)}; ask the manager for it`, { field: '--invite' })
  }
}

async function configOf(flags: HomeFlags): Promise<HomeConfig> {
  if (flags.name.length < 1 || flags.name.length > 48) {
    throw badField('--name', '1 to 48 characters', flags.name)
  }
  const dataDir = resolve(flags.data)
  const { rpc, signers } = nodeBeside(dataDir, rpcAt(flags.rpc))
  return {
    name: flags.name,
    dataDir,
    rpc,
    finality: 'votes',
    signers,
    page: pageAt(flags.page),
    listen: [listenAt(flags.listen)],
    invite: await inviteOf(flags.invite),
    boards: await readBoards(flags.boards ?? join(flags.data, 'boards.json')),
    boardsAre: 'firmware',
    timeScale: 1,
    meters: 'at-once',
    batch: 1,
    rules: [],
    delegationsAccepted: false,
    mdns: true,
    recordFile: await recordAt(flags.record),
  }
}

/** A home that never ran has at most what its installer laid into its folder. */
const isOwn = (entries: readonly string[]): boolean =>
  entries.includes('secrets.json') || entries.every((entry) => ['boards.json', 'chain'].includes(entry))

async function home(flags: HomeFlags): Promise<void> {
  const config = await configOf(flags)
  openDataFolder('--data', config.dataDir, isOwn)
  const stopped = untilAskedToStop()
  const { openHome } = await import('../host/home.ts')
  const refused = Promise.withResolvers<never>()
  const opening = openHome(config, { say: (line) => console.log(line), refused: refused.reject })
  const opened = await Promise.race([opening, stopped, refused.promise])
  if (opened === undefined) return
  console.log(`home       ${opened.gateway.pages?.link ?? ''}`)
  await Promise.race([stopped, refused.promise])
  await opened.close()
}

/** Adds `meterhood home`: one gateway, one process. */
export function registerHomeCommand(program: Command): void {
  program
    .command('home')
    .description('run the smart gateway of a home')
    .option('--rpc <url>', 'JSON-RPC of its chain node (the node in <data>/chain, by its socket)')
    .option('--data <folder>', 'data folder', './home')
    .option('--listen <multiaddr>', 'where peers reach it', '/ip4/0.0.0.0/tcp/0')
    .option('--page <host:port>', 'where its page is served (https beyond loopback)', '0.0.0.0:7444')
    .option('--name <name>', 'what the manager sees', 'home')
    .option('--invite <code>', 'the code that the manager gave; needed once')
    .option('--boards <file>', 'JSON list of the home’s boards (<data>/boards.json)')
    .option('--record <file>', 'record what every machine does, for `meterhood inspect`')
    .action((flags: HomeFlags) => ending('home', home(flags)))
}
