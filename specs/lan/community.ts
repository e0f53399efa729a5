import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { formatInvite, parseInvite } from '../../protocols/p2p/invite.ts'
import { Box, until } from './box.ts'
import { initNode, joinNetwork, runCommunity, runHome } from './commands.ts'
import { makeLan, type Host } from './network.ts'

export const SAMPLE_MS = 2_000
/** Long enough for an auction and a halt of the chain within it. */
const BILLING = '120s'
const PERIOD_S = 1
const READY_LIMIT_MS = 240_000
const INVITE_LIMIT_MS = 180_000
const KEY_BYTES = 32
const KINDS = ['power', 'water', 'comfort'] as const
const FIRST_BOARD = 1_000
const WATTS = [400, 900, 1_500, 700]
/** Of each home, 10 times what its boards measure in a billing period. */
const CONTRACT = ['--energy', '600', '--power', '27600', '--water', '60000']

const served = z.array(z.object({ kind: z.enum(KINDS), host: z.string(), port: z.number() }))

interface Laid {
  readonly boxes: readonly Box[]
  readonly boardsOf: ReadonlyMap<Box, readonly LaidBoard[]>
  readonly boardsFile: string
}

interface LaidBoard {
  readonly kind: (typeof KINDS)[number]
  readonly boardId: number
  readonly recordKey: Uint8Array
  readonly linkKey: Uint8Array
}

/** Makes a LAN of computers, a stranger's among them that belongs to nobody, and the folder for all of it. */
export async function openLan(names: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'mh-lan-'))
  const lan = await makeLan(names)
  const remove = async (): Promise<void> => {
    await lan.remove()
    rmSync(folder, { recursive: true, force: true })
  }
  return { folder, lan, remove }
}

/** Lays out the chain as an installer does: keys everywhere, the cards to the manager, the network to all. */
export async function layChain(boxes: readonly Box[], signs: (box: Box) => boolean): Promise<void> {
  const [first, ...others] = boxes
  if (first === undefined) return
  const card = ({ name, host }: Box) => ({ name, host: host.address })
  await Promise.all(others.map((box) => box.run(initNode(box.folder, card(box), { follower: !signs(box) }))))
  const members = others.map((box) => join(box.chainFolder, 'node.json'))
  await first.run(initNode(first.folder, card(first), { begins: { periodS: PERIOD_S, members } }))
  const network = join(first.chainFolder, 'network.json')
  await Promise.all(others.map((box) => box.run(joinNetwork(box.folder, network))))
}

/** Starts every chain node and waits until blocks come. */
export async function startChain(boxes: readonly Box[]): Promise<void> {
  await Promise.all(boxes.map((box) => box.startNode()))
  await until('the chain has its first blocks', async () => (await boxes[0]?.head())?.number !== 0, 60_000)
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const newKey = (): Uint8Array => Uint8Array.from(randomBytes(KEY_BYTES))

/** Gives each home three boards, and writes down for each gateway what it must know of them. */
async function layBoards(folder: string, homes: readonly Box[]): Promise<Laid> {
  const boardsOf = new Map<Box, LaidBoard[]>()
  const list = []
  for (const [at, home] of homes.entries()) {
    const boards = KINDS.map((kind, number) => ({
      ...{ kind, boardId: FIRST_BOARD + at * KINDS.length + number },
      ...{ recordKey: newKey(), linkKey: newKey() },
    }))
    boardsOf.set(home, boards)
    list.push(
      ...boards.map((each) => ({
        home: home.name,
        ...each,
        recordKey: hex(each.recordKey),
        linkKey: undefined,
      })),
    )
    const watts = WATTS[at % WATTS.length] ?? 0
    const places = served.parse(await home.agent.ask('boards', { sampleMs: SAMPLE_MS, watts, boards }))
    const reached = boards.map((each) => {
      const place = places.find(({ kind }) => kind === each.kind)
      return { ...each, recordKey: undefined, linkKey: hex(each.linkKey), at: place }
    })
    await writeFile(join(home.folder, 'boards.json'), JSON.stringify(reached), { mode: 0o600 })
  }
  const boardsFile = join(folder, 'boards.json')
  await writeFile(boardsFile, JSON.stringify(list))
  return { boxes: homes, boardsOf, boardsFile }
}

/** An invite without the addresses that it carries: only mDNS can then tell where the gateway is. */
function withoutAddresses(invite: string): string {
  return formatInvite({ ...parseInvite(invite), addresses: [] })
}

/** Founds the community and lets the homes join; nobody is told an address. */
export async function startGateways(folder: string, community: Box, homes: readonly Box[]): Promise<void> {
  const { boardsFile } = await layBoards(folder, homes)
  const names = homes.map(({ name }) => name)
  const gateway = community.startGateway([
    ...runCommunity(community.folder, boardsFile, names),
    ...['--period', `${SAMPLE_MS}ms`, '--billing', BILLING, ...CONTRACT, '--welcome', '100'],
  ])
  const invites = new Map<string, string>()
  for (const name of names) {
    const [, code = ''] = await gateway.printed(new RegExp(`^invite +${name}: (\\S+)$`, 'm'), INVITE_LIMIT_MS)
    invites.set(name, withoutAddresses(code))
  }
  for (const home of homes) {
    home.startGateway(runHome(home.folder, home.name, invites.get(home.name) ?? ''))
  }
}

/** Whether a home has sent what it measured, and is with everybody it needs. */
export async function isOperating(box: Box): Promise<boolean> {
  const { state, counts } = await box.view()
  return state?.phase === 'operating' && (counts?.submitted ?? 0) > 0
}

/** Waits until all homes operate; says how long that took, ms. */
export function untilOperating(homes: readonly Box[], limitMs = READY_LIMIT_MS): Promise<number> {
  return until(
    `${homes.map(({ name }) => name).join(', ')} operate`,
    async () => (await Promise.all(homes.map(isOperating))).every((each) => each),
    limitMs,
  )
}

export const boxOn = (folder: string, host: Host): Box => new Box(host, join(folder, host.name))
