import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync, rmSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { z } from 'zod'
import { Fault, messageOf } from '../../../protocols/rules/fault.ts'
import { writeDurably } from '../chain-folder.ts'
import { chainIdOf, periodSOf, type CommunityNetwork, type NodeCard } from './community-network.ts'
import { keepDialling } from './dialling.ts'
import { configToml, gethFlags, storageFlags } from './flags.ts'
import { createIpc, type Ipc } from './ipc.ts'
import type { NodeFolder } from './node-folder.ts'
import { endStandOffs } from './stand-off.ts'

const START_LIMIT_MS = 120_000
const END_LIMIT_MS = 30_000
const LOOK_EVERY_MS = 50
const USUAL_WORDS = 3
const INIT_LIMIT_MS = 120_000

const run = promisify(execFile)
const text = z.string()

export interface NodeStart {
  readonly program: string
  readonly folder: NodeFolder
  readonly network: CommunityNetwork
  /** Port of its RPC on loopback, or null; a signer never has one. */
  readonly rpcPort: number | null
  /** Where its words go: its own log file, or on to this process's output. */
  readonly log: 'file' | 'inherit'
  /** How much it tells, 0 to 5 (3). */
  readonly verbosity?: number
  readonly signal?: AbortSignal
  /** Whether it runs only while this process asks it something: left behind, anybody may end it. */
  readonly isAsked?: true
  /** Is told of a block for which it took another signer's: they had waited for each other. */
  readonly onStandOff?: (number: number) => void
}

/** A running node. */
export interface GethNode {
  readonly name: string
  readonly folder: NodeFolder
  readonly pid: number
  readonly ipc: Ipc
  /** Null for a signer. */
  readonly rpc: string | null
  signal(signal: NodeJS.Signals): void
  /** Lets it write everything down and end; one that does not end is killed. */
  stop(): Promise<void>
  /** Resolves when it is gone, however that happens, with its exit code. */
  readonly ended: Promise<number | null>
  hasEnded(): boolean
}

/** Lets Geth lay out the chain of a folder, unless it has one. Fault: `chain-start`. */
export async function layOutChain(program: string, folder: NodeFolder): Promise<void> {
  if (folder.hasChain) return
  const flags = ['--datadir', folder.path, ...storageFlags(), 'init', folder.genesisFile]
  try {
    await run(program, flags, { timeout: INIT_LIMIT_MS })
  } catch (thrown) {
    const words = messageOf(thrown).trim().split('\n').at(-1) ?? ''
    const message = `${folder.genesisFile}: geth does not begin a chain with it (${words.slice(0, 200)})`
    throw new Fault('chain-start', message, { folder: folder.path })
  }
}

/**
 * Starts a node and waits until it answers. It runs in a process group of its own, so that an interrupt at
 * the terminal reaches its owner first. Faults: `chain-start`, `node-runs`.
 */
export async function startGeth(start: NodeStart): Promise<GethNode> {
  const { folder, network, program } = start
  requireStopped(folder)
  await layOutChain(program, folder)
  await writeDurably(folder.configFile, configToml(memberCard(folder, network), network.members))
  const child = launch(start)
  const node = new Running(start, child)
  await writeDurably(folder.pidFile, start.isAsked === true ? `${node.pid} ${process.pid}` : `${node.pid}`)
  await untilAnswering(node, start)
  keepGoing(node, start)
  return node
}

/** As long as it runs it dials whoever of the members can be reached, and ends what locks the signers. */
function keepGoing(node: GethNode, { folder, network, onStandOff = () => undefined }: NodeStart): void {
  if (network.members.length < 2) return
  const gone = new AbortController()
  void node.ended.then(() => gone.abort())
  const { ipc } = node
  const self = memberCard(folder, network)
  const members = membersStill(folder, network)
  void keepDialling({ ipc, self, members }, gone.signal)
  const periodMs = periodSOf(network) * 1_000
  if (self.signer === null) return
  const { asideFile } = folder
  void endStandOffs({ ipc, self, members, periodMs, asideFile, onStandOff }, gone.signal)
}

/** The members that it was started with, but for those that were let go since. */
function membersStill(folder: NodeFolder, { members }: CommunityNetwork): () => readonly NodeCard[] {
  const writtenAt = (): number => statSync(folder.networkFile).mtimeMs
  let readAt = writtenAt()
  let still = members
  return () => {
    if (writtenAt() === readAt) return still
    readAt = writtenAt()
    const keys = new Set(folder.network().members.map(({ key }) => key))
    still = members.filter(({ key }) => keys.has(key))
    return still
  }
}

function launch({
  program,
  folder,
  network,
  rpcPort,
  log,
  verbosity = USUAL_WORDS,
}: NodeStart): ChildProcess {
  const flags = gethFlags({
    folder: folder.path,
    configFile: folder.configFile,
    nodeKeyFile: folder.nodeKeyFile,
    passwordFile: folder.passwordFile,
    ipcPath: folder.ipcPath,
    networkId: chainIdOf(network),
    gasLimit: Number(network.genesis.gasLimit),
    periodS: periodSOf(network),
    card: memberCard(folder, network),
    rpcPort,
    verbosity,
  })
  const out = log === 'inherit' ? 2 : openSync(folder.logFile, 'a', 0o600)
  const child = spawn(program, flags, { stdio: ['ignore', out, out], detached: true })
  if (log === 'file') closeSync(out)
  child.on('error', () => undefined)
  return child
}

/** The node's card as the network has it. Fault: `not-member`. */
export function memberCard(folder: NodeFolder, { members }: CommunityNetwork): NodeCard {
  const found = members.find(({ key }) => key === folder.card.key)
  if (found !== undefined) return found
  const fix = 'ask the manager to add its card'
  const message = `${folder.networkFile}: does not name this node (${folder.card.name}); ${fix}`
  throw new Fault('not-member', message, { path: folder.path })
}

/** Starts a node alone and without sealing, with an RPC or none. Faults as of `startGeth`. */
export async function startAlone(
  program: string,
  folder: NodeFolder,
  rpcPort: number | null,
): Promise<GethNode> {
  const alone = { ...folder.card, host: '127.0.0.1', port: 0, signer: null }
  const network = { ...folder.network(), members: [alone] }
  await endForsaken(folder)
  return startGeth({ program, folder, network, rpcPort, log: 'file', isAsked: true })
}

/** Starts a node alone, asks it something, and ends it. Faults as of `startGeth`. */
export async function askAlone<T>(
  program: string,
  folder: NodeFolder,
  question: (ipc: Ipc) => Promise<T>,
): Promise<T> {
  const node = await startAlone(program, folder, null)
  try {
    return await question(node.ipc)
  } finally {
    await node.stop()
  }
}

class Running implements GethNode {
  readonly name: string
  readonly folder: NodeFolder
  readonly pid: number
  readonly ipc: Ipc
  readonly rpc: string | null
  readonly ended: Promise<number | null>
  readonly #process: ChildProcess
  #ended = false

  constructor({ folder, rpcPort }: NodeStart, child: ChildProcess) {
    this.name = folder.card.name
    this.folder = folder
    this.pid = child.pid ?? 0
    this.ipc = createIpc(folder.ipcPath)
    this.rpc = rpcPort === null || folder.card.signer !== null ? null : `http://127.0.0.1:${rpcPort}`
    this.#process = child
    this.ended = new Promise((resolve) => {
      const done = (code: number | null): void => {
        this.#ended = true
        resolve(code)
      }
      child.once('exit', done)
      child.once('error', () => done(null))
    })
  }

  hasEnded(): boolean {
    return this.#ended
  }

  signal(signal: NodeJS.Signals): void {
    if (!this.#ended) this.#process.kill(signal)
  }

  async stop(): Promise<void> {
    this.signal('SIGCONT')
    this.signal('SIGTERM')
    const timer = setTimeout(() => this.signal('SIGKILL'), END_LIMIT_MS)
    await this.ended
    clearTimeout(timer)
    rmSync(this.folder.pidFile, { force: true })
  }
}

async function untilAnswering(node: GethNode, { folder, log, signal }: NodeStart): Promise<void> {
  for (let waited = 0; waited < START_LIMIT_MS && !node.hasEnded(); waited += LOOK_EVERY_MS) {
    if (signal?.aborted === true) break
    const answered = await node.ipc.ask('net_version', [], text).catch(() => null)
    if (answered !== null) return
    await sleep(LOOK_EVERY_MS)
  }
  await node.stop()
  signal?.throwIfAborted()
  const said = log === 'file' ? lastWords(folder.logFile) : 'see above'
  throw new Fault('chain-start', `${node.name}: geth did not start (${said})`, { logFile: folder.logFile })
}

/** The line of the log that says why, else its last one. */
function lastWords(logFile: string): string {
  const lines = readFileSync(logFile, 'utf8').trim().split('\n')
  const fatal = lines.findLast((line) => /fatal|error/i.test(line))
  return (fatal ?? lines.at(-1) ?? 'no words').slice(0, 300)
}

/** The process of a node, and the one that asks it where it was started for that only. */
const processesIn = (folder: NodeFolder): number[] =>
  readFileSync(folder.pidFile, 'utf8').trim().split(' ').map(Number)

/** Process of a node that an earlier owner of the folder left running, or null. */
export function runningIn(folder: NodeFolder): number | null {
  try {
    const [pid = 0] = processesIn(folder)
    if (!Number.isInteger(pid) || pid < 2) return null
    process.kill(pid, 0)
    if (process.platform !== 'linux') return pid
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder.path) ? pid : null
  } catch {
    return null
  }
}

function requireStopped(folder: NodeFolder): void {
  const pid = runningIn(folder)
  if (pid === null) return
  const message = `${folder.path}: this node runs already (process ${pid}); a node runs once only`
  throw new Fault('node-runs', message, { path: folder.path, pid })
}

/** Ends a node that an earlier owner of the folder left running. */
export async function endLeftOver(folder: NodeFolder): Promise<void> {
  const pid = runningIn(folder)
  if (pid === null) return
  process.kill(pid, 'SIGTERM')
  for (let waited = 0; waited < END_LIMIT_MS && runningIn(folder) !== null; waited += LOOK_EVERY_MS) {
    await sleep(LOOK_EVERY_MS)
  }
  if (runningIn(folder) !== null) process.kill(pid, 'SIGKILL')
}

/** Ends a node that was only asked something by a process that is no more: a command that was killed. */
export async function endForsaken(folder: NodeFolder): Promise<void> {
  if (runningIn(folder) === null) return
  const [, asking] = processesIn(folder)
  if (asking !== undefined && !isThere(asking)) await endLeftOver(folder)
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
