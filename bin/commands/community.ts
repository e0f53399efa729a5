import { resolve } from 'node:path'
import type { Command } from 'commander'
import { z } from 'zod'
import { badField } from '../../protocols/rules/fault.ts'
import { openDataFolder } from '../host/data-folder.ts'
import type { CommunityGateway } from '../host/community-gateway.ts'
import type { CommunityConfig } from '../host/configs.ts'
import { nodeBeside } from '../host/node-beside.ts'
import { durationMs, periodsOf } from '../start/duration.ts'
import { databaseUrl } from '../start/options.ts'
import { pricesOf, PRICES_HELP } from '../start/price-flag.ts'
import { readBoardList } from './board-list.ts'
import { ending, untilAskedToStop } from './ending.ts'
import { listenAt, pageAt, recordAt, rpcAt, whole } from './gateway-flags.ts'

const BILLING = '30d'
const MICRO_SCT = 1_000_000
/** Longer than a billing period and its challenges. */
const EPOCH_KEEP_MS = 35 * 86_400_000

const BoardsFile = z.array(
  z.object({
    home: z.string().min(1),
    kind: z.enum(['power', 'water', 'comfort']),
    boardId: z.number().int().min(1),
    recordKey: z.string().regex(/^[0-9a-f]{64}$/, '64 hex digits'),
  }),
)
type InstalledBoard = z.infer<typeof BoardsFile>[number]
const BOARD = '{"home":"home-01","kind":"power","boardId":1,"recordKey":"<64 hex digits>"}'

interface CommunityFlags {
  readonly data: string
  readonly listen: string
  readonly rpc?: string
  readonly name: string
  readonly period: string
  readonly blockTime: string
  readonly billing: string
  readonly epoch: string
  readonly page: string
  readonly database?: string
  readonly key?: string
  readonly energy: string
  readonly power: string
  readonly water: string
  readonly invites?: string
  readonly record?: string
  readonly boards?: string
  readonly prices?: string
  readonly welcome: string
}

function nameOf(field: string, text: string): string {
  if (/^[a-z0-9][a-z0-9-]{0,31}$/.test(text)) return text
  throw badField(field, '1 to 32 of a-z, 0-9 and -', text)
}

function managerKey(text: string | undefined): string | null {
  if (text === undefined) return null
  const key = text.toLowerCase()
  if (/^0x[0-9a-f]{64}$/.test(key)) return key
  // A slip of the pen in a key is still a secret.
  throw badField('--key', '0x and 64 hex digits', `${text.length} characters`)
}

async function configOf(flags: CommunityFlags): Promise<CommunityConfig> {
  const sampleMs = durationMs('--period', flags.period)
  const dataDir = resolve(flags.data)
  const { rpc, signers, blockTimeS } = nodeBeside(dataDir, rpcAt(flags.rpc))
  return {
    name: nameOf('--name', flags.name),
    dataDir,
    rpc,
    finality: 'votes',
    signers,
    page: pageAt(flags.page),
    managerKey: managerKey(flags.key),
    databaseUrl: databaseUrl(flags.database),
    profile: 'commitment',
    ringLength: 100,
    sampleMs,
    slotsPerBilling: periodsOf('--billing', flags.billing, flags.period, sampleMs),
    blockTimeS: blockTimeS ?? whole('--block-time', flags.blockTime),
    epochMs: durationMs('--epoch', flags.epoch),
    epochKeepMs: EPOCH_KEEP_MS,
    challengeBlocks: 100,
    contract: {
      energyWh: whole('--energy', flags.energy),
      powerW: whole('--power', flags.power),
      waterMl: whole('--water', flags.water),
    },
    leastHomesInTotal: 5,
    prices: pricesOf(flags.prices, process.env),
    welcomeMicroSct: whole('--welcome', flags.welcome) * MICRO_SCT,
    gatherSlots: 0,
    timeScale: 1,
    listen: [listenAt(flags.listen)],
    mdns: true,
    recordFile: await recordAt(flags.record),
  }
}

/** A community that never ran has at most a chain node in its folder. */
const isOwn = (entries: readonly string[]): boolean =>
  entries.includes('secrets.json') || entries.every((entry) => entry === 'chain')

/** Lets the gateway know the boards that an installer gave keys to. */
async function installBoards(gateway: CommunityGateway, boards: readonly InstalledBoard[]): Promise<void> {
  for (const { home, kind, boardId, recordKey } of boards) {
    await gateway.install(home, [
      { kind, boardId, recordKey: Uint8Array.from(Buffer.from(recordKey, 'hex')) },
    ])
  }
}

async function community(flags: CommunityFlags): Promise<void> {
  const config = await configOf(flags)
  const invited = (flags.invites?.split(',') ?? []).map((name) => nameOf('--invites', name))
  const boards = flags.boards === undefined ? [] : await readBoardList(flags.boards, BoardsFile, BOARD)
  openDataFolder('--data', config.dataDir, isOwn)
  const stopped = untilAskedToStop()
  const { openCommunity } = await import('../host/community.ts')
  const opening = openCommunity(config, { say: (line) => console.log(line) })
  const gateway = await Promise.race([opening, stopped])
  if (gateway === undefined) return
  await installBoards(gateway, boards)
  console.log(`community  ${gateway.opened().page}`)
  for (const name of invited) {
    const invite = await gateway.invites.issueOnce({ name, weight: 1 })
    console.log(`invite     ${name}: ${invite ?? 'it is a member already'}`)
  }
  sayWarnings(gateway)
  await stopped
  await gateway.close()
}

/** What the manager must see to, once each: a new community learns here that its account lacks money. */
function sayWarnings(gateway: CommunityGateway): void {
  const said = new Set<string>()
  const say = (): void => {
    for (const warning of gateway.view().warnings) {
      if (!said.has(warning)) console.log(`warning    ${warning}`)
      said.add(warning)
    }
  }
  say()
  gateway.onChange(say)
}

/** Adds `meterhood community`: one gateway, one process. */
export function registerCommunityCommand(program: Command): void {
  program
    .command('community')
    .description('run the community gateway')
    .option('--rpc <url>', 'JSON-RPC of its chain node (the node in <data>/chain, by its socket)')
    .option('--block-time <s>', 'block period of that node; a node in <data>/chain knows its own', '1')
    .option('--data <folder>', 'data folder', './community')
    .option('--listen <multiaddr>', 'where peers reach it', '/ip4/0.0.0.0/tcp/4001')
    .option('--page <host:port>', 'where its page is served (https beyond loopback)', '0.0.0.0:7443')
    .option('--name <name>', 'the community’s name: a-z, 0-9 and -', 'community')
    .option('--period <duration>', 'sample period T', '15m')
    .option('--billing <duration>', 'billing period', BILLING)
    .option('--epoch <duration>', 'how long the keys that readings are sealed to hold', '30d')
    .option('--energy <Wh>', 'energy that the community may use in a billing period', '12000000')
    .option('--power <W>', 'power that it may use at any moment', '200000')
    .option('--water <mL>', 'water that it may use in a billing period', '400000000')
    .option('--key <0x…>', 'the manager’s private key (made and kept in the data folder)')
    .option('--database <url>', 'PostgreSQL for the global repository, postgres://…')
    .option('--prices <source>', PRICES_HELP)
    .option('--welcome <SCT>', 'tokens that a new member begins with', '0')
    .option('--boards <file>', 'JSON list of the homes’ boards and the keys that they seal with')
    .option(
      '--invites <names>',
      'print an invite for each of these homes that is no member yet, e.g. home-01,home-02',
    )
    .option('--record <file>', 'record what every machine does, for `meterhood inspect`')
    .action((flags: CommunityFlags) => ending('community', community(flags)))
}
