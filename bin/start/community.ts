import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { EventSource } from 'eventsource'
import type { HostedBoard } from '../../hardware/board/host.ts'
import { profileOfHome, type HomeProfile, type ProfileTable } from '../../hardware/board/profiles.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import { systemRandom, wallClock } from '../clock.ts'
import type { CommissionedKey } from '../host/commissioning.ts'
import type { BoardsConfig, CommunityOpened, GatewayStatus, HostedHome } from '../host/configs.ts'
import { rememberedBoards, rememberBoards } from './board-book.ts'
import {
  BOARD_KINDS,
  communityConfig,
  homeConfig,
  homeName,
  reachableBoards,
  samePage,
} from './community-run.ts'
import type { ExpectedUse } from './demo-rules.ts'
import type { StartOptions } from './options.ts'
import { startChain, type RunChain } from './chain.ts'
import { startChild, type Child } from './child.ts'
import { Cuts } from './cuts.ts'
import type { Ground } from './ground.ts'
import { processesOfHomes } from './home-processes.ts'
import { unlessStopped } from './unless-stopped.ts'
import { supervise, type Supervised } from './supervised.ts'

/** A community that runs: its processes, and what they said of themselves. */
export interface RunningCommunity {
  readonly chain: RunChain
  readonly gateway: Supervised
  readonly boards: Supervised
  /** The process of each home; the same for all unless they are isolated. */
  readonly homes: readonly { readonly name: string; readonly process: Supervised }[]
  readonly opened: CommunityOpened
  /** Whom the run has cut off. */
  readonly cuts: Cuts
  readonly pages: readonly string[]
  /** Moment of the first reading on the community page's own event stream. */
  readonly firstReadingMs: () => number | null
  /** A fault of a process that ended unasked. */
  readonly death: () => Fault | null
  close(): Promise<void>
}

export type Tell = (line: string) => void

const LINK_KEY_BYTES = 32
const SAVED_POLL_MS = 1_000
const OPERATING_POLL_MS = 200
const OPERATING_PATIENCE_MS = 120_000
const MW_PER_W = 1_000
const MS_PER_HOUR = 3_600_000

function expectedUse(profile: HomeProfile, options: StartOptions, table: ProfileTable): ExpectedUse {
  const mean = (values: readonly number[]): number =>
    values.length === 0 ? 0 : values.reduce((sum, each) => sum + each, 0) / values.length
  // The firmware lives in real time: of a row it meters what a sample period of it holds.
  const rowMs = options.boards === 'profile' ? table.stepMs : options.sampleMs
  const hours = (options.slotsPerBilling * rowMs) / MS_PER_HOUR
  const rows = (options.slotsPerBilling * rowMs) / table.stepMs
  return {
    energyWh: Math.round((mean(profile.loadMw) / MW_PER_W) * hours),
    waterMl: Math.round((mean(profile.waterUl) / 1_000) * rows),
  }
}

/** Boards keep their keys for as long as their homes: they are commissioned once for a data folder. */
async function commissionBoards(options: StartOptions, gateway: Supervised): Promise<readonly HostedHome[]> {
  const file = join(options.dataDir, 'boards.json')
  const known = await rememberedBoards(file)
  const homes: HostedHome[] = [...known]
  for (let number = known.length + 1; number <= options.homes; number += 1) {
    const keys = await gateway.ask('commission', { name: homeName(number), kinds: BOARD_KINDS })
    const boards = (keys as readonly CommissionedKey[]).map((key) => ({
      ...key,
      linkKey: systemRandom(LINK_KEY_BYTES),
    }))
    homes.push({ number, boards })
  }
  if (homes.length > known.length) await rememberBoards(file, homes)
  return homes.slice(0, options.homes)
}

/** Tells every process which block the chain is saved up to: that is what final means here. */
function passOnSaves(chain: RunChain, processes: () => readonly Supervised[]): () => void {
  const timer = setInterval(() => {
    const block = chain.savedBlock()
    if (block === null) return
    for (const each of processes()) each.ask('saved', { block }).catch(() => undefined)
  }, SAVED_POLL_MS)
  return () => clearInterval(timer)
}

/** Listens to the community page as a browser would, until the first reading comes. */
function firstReading(page: string): { at: () => number | null; close: () => void } {
  let first: number | null = null
  const events = new EventSource(new URL('api/events', page))
  events.addEventListener('reading', () => {
    first ??= wallClock.nowMs()
    events.close()
  })
  return { at: () => first, close: () => events.close() }
}

/** What a start builds on: options checked, profiles read, and a way to undo what was begun. */
interface Beginning {
  readonly options: StartOptions
  readonly tell: Tell
  readonly expected: readonly ExpectedUse[]
  readonly timeScale: number
  readonly ahead: Ahead
  readonly cuts: Cuts
  readonly stops: (() => Promise<void> | void)[]
  readonly onDeath: (fault: Fault) => void
}

async function beginChain(begun: Beginning, stop: AbortSignal): Promise<RunChain> {
  const { options, tell, stops, onDeath } = begun
  const chain = await startChain(options, stop)
  stops.push(() => chain.stop())
  chain.onDeath(onDeath)
  const signers = chain.signers.length === 0 ? '' : `, ${chain.signers.length} signers`
  tell(`chain      ${chain.kind}, ${options.blockTimeS} s blocks${signers}, ${chain.rpc}`)
  return chain
}

interface Founded {
  readonly gateway: Supervised
  readonly opened: CommunityOpened
}

async function found(begun: Beginning, chain: RunChain): Promise<Founded> {
  const { options, expected, timeScale, ahead, cuts, stops, onDeath, tell } = begun
  const config = communityConfig(options, chain, expected, timeScale)
  const founded: { opened: CommunityOpened | null } = { opened: null }
  const gateway = await supervise({
    name: 'community',
    command: 'host-community',
    ready: ahead.take('community'),
    open: async (ask) => {
      await ask('cut', cuts.of('community'))
      founded.opened = (await ask('open', samePage(config, founded.opened?.page))) as CommunityOpened
    },
    onDeath,
  })
  stops.push(() => gateway.close())
  if (founded.opened === null) throw new Fault('impossible', 'the community was opened without a word')
  tell(`community  ${founded.opened.page}`)
  return { gateway, opened: founded.opened }
}

interface BoardsUp {
  readonly boards: Supervised
  readonly hosted: readonly HostedHome[]
  readonly served: readonly HostedBoard[]
}

async function startBoards(begun: Beginning, gateway: Supervised): Promise<BoardsUp> {
  const { options, ahead, stops, onDeath, tell } = begun
  const hosted = await commissionBoards(options, gateway)
  const up: { served: readonly HostedBoard[] } = { served: [] }
  const config: BoardsConfig = {
    mode: options.boards,
    sampleMs: options.sampleMs,
    profilesDir: options.profilesDir,
    boardHex: options.boardHex,
    homes: hosted,
  }
  const boards = await supervise({
    name: 'boards',
    command: 'host-boards',
    ready: ahead.take('boards'),
    open: async (ask) => {
      up.served = (await ask('open', config)) as readonly HostedBoard[]
    },
    onDeath,
  })
  stops.push(() => boards.close())
  tell(`boards     ${up.served.length} (${options.boards})`)
  return { boards, hosted, served: up.served }
}

function begin(ground: Ground, tell: Tell, onDeath: Beginning['onDeath']): Beginning {
  const { options, profiles: table } = ground
  const profiles = Array.from({ length: options.homes }, (_, at) =>
    profileOfHome(table, at + 1, options.homes),
  )
  const expected = profiles.map((profile) => expectedUse(profile, options, table))
  const timeScale = options.boards === 'profile' ? table.stepMs / options.sampleMs : 1
  const ahead = startAhead(options)
  const stops = [() => ahead.endAll()]
  return { options, tell, expected, timeScale, ahead, cuts: new Cuts(), stops, onDeath }
}

/**
 * Starts the chain, the community gateway, the boards and the homes, and waits until every home operates.
 * When `stop` aborts before, or anything fails, all that was started ends.
 */
export async function startCommunity(
  ground: Ground,
  tell: Tell,
  stop: AbortSignal,
): Promise<RunningCommunity> {
  const box: Box = { death: null }
  const begun = begin(ground, tell, (fault) => {
    box.death ??= fault
  })
  const close = async (): Promise<void> => {
    for (const each of begun.stops.splice(0).reverse()) await each()
  }
  try {
    const chain = await beginChain(begun, stop)
    const running = await unlessStopped(stop, startGateways(begun, chain, box))
    return { ...running, close }
  } catch (thrown) {
    await close()
    throw thrown
  }
}

async function startGateways(
  begun: Beginning,
  chain: RunChain,
  box: Box,
): Promise<Omit<RunningCommunity, 'close'>> {
  const { stops, tell } = begun
  const { gateway, opened } = await found(begun, chain)
  const listener = firstReading(opened.page)
  stops.push(() => listener.close())
  const { boards, hosted, served } = await startBoards(begun, gateway)
  const metering = { begun: false }
  const { homes, pages } = await startHomes({ ...begun, chain, gateway, hosted, served, metering })
  const homeProcesses = [...new Set(homes.map(({ process: each }) => each))]
  stops.push(async () => {
    await Promise.all(homeProcesses.map((each) => each.close()))
  })
  stops.push(passOnSaves(chain, () => [gateway, ...homeProcesses]))
  await untilAll(homes, 'joined', box, tell)
  metering.begun = true
  await Promise.all(homeProcesses.map((each) => each.ask('meter')))
  await untilAll(homes, 'operating', box, tell)
  // Everything that one account did because of another's call is in a save: no kill takes it apart.
  await chain.save()
  return {
    chain,
    gateway,
    boards,
    homes,
    opened,
    cuts: begun.cuts,
    pages: [opened.page, ...pages],
    firstReadingMs: listener.at,
    death: () => box.death,
  }
}

/** The first process of ours that ended unasked, if any. */
interface Box {
  death: Fault | null
}

/** Processes that load their modules while the chain starts and the contracts are deployed. */
interface Ahead {
  take(name: string): Child
  /** Ends those that nobody took, and those that were still being opened. */
  endAll(): Promise<void>
}

function startAhead(options: StartOptions): Ahead {
  const children = new Map([
    ['community', startChild('community', 'host-community')],
    ['boards', startChild('boards', 'host-boards')],
  ])
  for (const name of new Set(processesOfHomes(options))) children.set(name, startChild(name, 'host-homes'))
  return {
    take: (name) => children.get(name) ?? startChild(name, 'host-homes'),
    endAll: async () => {
      for (const child of children.values()) child.signal('SIGTERM')
      await Promise.all([...children.values()].map(({ ended }) => ended))
    },
  }
}

interface HomesNeed extends Beginning {
  readonly chain: RunChain
  readonly gateway: Supervised
  readonly hosted: readonly HostedHome[]
  readonly served: readonly HostedBoard[]
  /** A home that is opened again after this began measures at once. */
  readonly metering: { readonly begun: boolean }
}

type Homes = Pick<RunningCommunity, 'homes' | 'pages'>

async function startHomes(need: HomesNeed): Promise<Homes> {
  const { options, onDeath } = need
  const invited = need.expected.map(({ energyWh }, at) => ({
    name: homeName(at + 1),
    weight: Math.max(1, energyWh),
  }))
  const invites = (await need.gateway.ask('invite', invited)) as readonly string[]
  const configs = need.hosted.map((hosted, at) => {
    const served = need.served.filter(({ home }) => home === hosted.number)
    const boards = reachableBoards(hosted, served)
    const invite = invites[at] ?? null
    const expected = need.expected[at] ?? { energyWh: 0, waterMl: 0 }
    const { chain, timeScale } = need
    return homeConfig(options, hosted.number, chain, invite, boards, timeScale, expected)
  })
  const names = processesOfHomes(options)
  const pages = new Map<string, string>()
  const openProcess = (process: string): Promise<Supervised> =>
    supervise({
      name: process,
      command: 'host-homes',
      ready: need.ahead.take(process),
      open: async (ask) => {
        await ask('cut', need.cuts.of(process))
        const own = configs.filter((_, at) => names[at] === process)
        const meters = need.metering.begun ? 'at-once' : 'when-told'
        for (const config of own) {
          const again = samePage(config, pages.get(config.name))
          pages.set(config.name, String(await ask('open', { ...again, meters })))
        }
      },
      onDeath,
    })
  const opened = await Promise.all(
    [...new Set(names)].map(async (process) => [process, await openProcess(process)] as const),
  )
  const processes = new Map(opened)
  const homes = configs.flatMap(({ name }, at) => {
    const process = processes.get(names[at] ?? '')
    return process === undefined ? [] : [{ name, process }]
  })
  return { homes, pages: homes.flatMap(({ name }) => pages.get(name) ?? []) }
}

/** What the homes of a run come to, one after the other: they join, and measure once all have. */
const SAID = {
  joined: { done: 'have joined', not: 'did not join within two minutes' },
  operating: { done: 'operate', not: 'does not operate after two minutes' },
} as const

async function untilAll(
  homes: RunningCommunity['homes'],
  goal: keyof typeof SAID,
  box: Box,
  tell: Tell,
): Promise<void> {
  const deadline = wallClock.nowMs() + OPERATING_PATIENCE_MS
  let told = 0
  for (;;) {
    if (box.death !== null) throw box.death
    const statuses = await Promise.all(
      homes.map(async ({ name, process }) => (await process.ask('status', name)) as GatewayStatus),
    )
    const there = statuses.filter((status) => status[goal]).length
    if (there > told) tell(`homes      ${there} of ${homes.length} ${SAID[goal].done}`)
    told = there
    if (there === homes.length) return
    if (wallClock.nowMs() > deadline) {
      const late = statuses.findIndex((status) => !status[goal])
      const line = statuses[late]?.line ?? ''
      throw new Fault('not-operating', `${homes[late]?.name ?? 'a home'} ${SAID[goal].not}: ${line}`)
    }
    await sleep(OPERATING_POLL_MS)
  }
}
