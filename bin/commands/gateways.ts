import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { z } from 'zod'
import { badField, Fault, messageOf } from '../../protocols/rules/fault.ts'
import { openCommunity } from '../host/community.ts'
import type { CommunityGateway } from '../host/community-gateway.ts'
import type { BoardConfig } from '../host/configs.ts'
import { openHome } from '../host/home.ts'
import { durationMs } from '../start/duration.ts'
import { pricesOf, PRICES_HELP } from '../start/price-flag.ts'

const BILLING_MS = 30 * 86_400_000
const MICRO_SCT = 1_000_000

const BoardsFile = z.array(
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

interface CommunityFlags {
  readonly data: string
  readonly listen: string
  readonly rpc: string
  readonly name: string
  readonly period: string
  readonly billing?: string
  readonly page: string
  readonly database?: string
  readonly key?: string
  readonly energy: string
  readonly power: string
  readonly water: string
  readonly invites?: string
  readonly prices?: string
  readonly welcome: string
}

interface HomeFlags {
  readonly data: string
  readonly listen: string
  readonly rpc: string
  readonly name: string
  readonly invite?: string
  readonly boards?: string
  readonly page: string
}

function whole(field: string, text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0) throw badField(field, 'a whole number', text)
  return value
}

function pageAt(text: string): { host: string; port: number } {
  const match = /^(.+):(\d+)$/.exec(text)
  if (match?.[1] === undefined) throw badField('--page', 'host:port, e.g. 0.0.0.0:7443', text)
  return { host: match[1], port: whole('--page', match[2] ?? '') }
}

/** The boards of a home as the installer wrote them down. Throws `bad-field` with the entry that is wrong. */
async function readBoards(file: string): Promise<BoardConfig[]> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw badField('--boards', 'a JSON file with the boards of this home', file)
  })
  const parsed = BoardsFile.safeParse(jsonOf(text, file))
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw badField(`--boards ${issue?.path.join('.') ?? ''}`, issue?.message ?? 'a board', file)
  }
  return parsed.data.map((board) => ({
    ...board,
    linkKey: Uint8Array.from(Buffer.from(board.linkKey, 'hex')),
  }))
}

function jsonOf(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw badField('--boards', 'JSON', file)
  }
}

function untilStopped(): Promise<void> {
  return new Promise((done) => {
    process.once('SIGINT', () => done())
    process.once('SIGTERM', () => done())
  })
}

async function community(flags: CommunityFlags): Promise<void> {
  const sampleMs = durationMs('--period', flags.period)
  const billingMs = flags.billing === undefined ? BILLING_MS : durationMs('--billing', flags.billing)
  const gateway = await openCommunity({
    name: flags.name,
    dataDir: resolve(flags.data),
    rpc: flags.rpc,
    finality: 'depth',
    page: pageAt(flags.page),
    managerKey: flags.key ?? null,
    databaseUrl: flags.database ?? null,
    profile: 'commitment',
    ringLength: 100,
    sampleMs,
    slotsPerBilling: Math.max(2, Math.round(billingMs / sampleMs)),
    blockTimeS: 1,
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
    listen: [flags.listen],
    mdns: true,
  })
  console.log(`community  ${gateway.opened().page}`)
  for (const name of flags.invites?.split(',') ?? []) {
    console.log(`invite     ${name}: ${await gateway.invite({ name, weight: 1 })}`)
  }
  sayWarnings(gateway)
  await untilStopped()
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

async function home(flags: HomeFlags): Promise<void> {
  const file = flags.boards ?? join(flags.data, 'boards.json')
  const { gateway, close } = await openHome({
    name: flags.name,
    dataDir: resolve(flags.data),
    rpc: flags.rpc,
    finality: 'depth',
    page: pageAt(flags.page),
    invite: flags.invite ?? null,
    boards: await readBoards(file),
    boardsAre: 'firmware',
    timeScale: 1,
    batch: 1,
    rules: [],
    listen: [flags.listen],
    mdns: true,
  })
  console.log(`home       ${gateway.pages?.link ?? ''}`)
  await untilStopped()
  await close()
}

async function ending(work: Promise<void>): Promise<never> {
  try {
    await work
    process.exit(0)
  } catch (thrown) {
    console.error(messageOf(thrown))
    process.exit(thrown instanceof Fault && thrown.code === 'bad-field' ? 2 : 1)
  }
}

/** Adds `meterhood community` and `meterhood home`: one gateway, one process. */
export function registerGatewayCommands(program: Command): void {
  program
    .command('community')
    .description('run the community gateway')
    .requiredOption('--rpc <url>', 'JSON-RPC of this gateway’s chain node')
    .option('--data <folder>', 'data folder', './community')
    .option('--listen <multiaddr>', 'where peers reach it', '/ip4/0.0.0.0/tcp/4001')
    .option('--page <host:port>', 'where its page is served (https beyond loopback)', '0.0.0.0:7443')
    .option('--name <name>', 'the community’s name: a-z, 0-9 and -', 'community')
    .option('--period <duration>', 'sample period T', '15m')
    .option('--billing <duration>', 'billing period (30d)')
    .option('--energy <Wh>', 'energy that the community may use in a billing period', '12000000')
    .option('--power <W>', 'power that it may use at any moment', '200000')
    .option('--water <mL>', 'water that it may use in a billing period', '400000000')
    .option('--key <0x…>', 'the manager’s private key (made and kept in the data folder)')
    .option('--database <url>', 'PostgreSQL for the global repository, postgres://…')
    .option('--prices <source>', PRICES_HELP)
    .option('--welcome <SCT>', 'tokens that a new member begins with', '0')
    .option('--invites <names>', 'print an invite for each of these homes, e.g. home-01,home-02')
    .action((flags: CommunityFlags) => ending(community(flags)))
  program
    .command('home')
    .description('run the smart gateway of a home')
    .requiredOption('--rpc <url>', 'JSON-RPC of this gateway’s chain node')
    .option('--data <folder>', 'data folder', './home')
    .option('--listen <multiaddr>', 'where peers reach it', '/ip4/0.0.0.0/tcp/0')
    .option('--page <host:port>', 'where its page is served (https beyond loopback)', '0.0.0.0:7444')
    .option('--name <name>', 'what the manager sees', 'home')
    .option('--invite <code>', 'the code that the manager gave; needed once')
    .option('--boards <file>', 'JSON list of the home’s boards (<data>/boards.json)')
    .action((flags: HomeFlags) => ending(home(flags)))
}
