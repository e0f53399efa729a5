import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { Fault, badField } from '../../protocols/rules/fault.ts'
import type { Clock, RandomSource } from '../../protocols/rules/clock.ts'
import { findAnvil, startAnvil } from './anvil.ts'
import { ChainFolder, renameDurably, writeDurably, type FundedAccount } from './chain-folder.ts'
import { headNumber, identityOf } from './rpc.ts'
import { withOwnGenesis } from './own-genesis.ts'
import { dumpState } from './state-dump.ts'

export interface EmbeddedOptions {
  /** Folder of the chain; without it a temporary one, removed by `stop`. */
  readonly dataDir?: string
  /** RPC port; 0 (the default) takes a free one. */
  readonly port?: number
  readonly blockTimeS: number
  readonly chainId?: number
  /** Funded accounts made with a new folder. */
  readonly accounts?: number
  /** Least time between two saves of the state; 0 saves only when asked. */
  readonly saveEveryS?: number
  /** Aborting stops the start, or the running chain. */
  readonly signal?: AbortSignal
  readonly clock: Clock
  readonly random: RandomSource
  /** Folders where `anvil` may be, in the form of PATH. */
  readonly searchPath?: string
}

/** What a save cost. */
export interface Saved {
  /** The block that the saved state had reached; blocks up to it survive a kill. */
  readonly block: number
  readonly bytes: number
  readonly tookMs: number
}

export interface EmbeddedChain {
  readonly rpc: string
  readonly chainId: number
  readonly genesisHash: string
  /** Accounts with a million units of currency each; the first is meant for the community gateway. */
  readonly accounts: readonly FundedAccount[]
  /** The node's process; another one after `kill`. */
  readonly pid: number
  /** True when a node left running by an earlier process was taken over. */
  readonly adopted: boolean
  /** Saves the state: history, receipts, logs and storage. */
  save(): Promise<Saved>
  /** The newest finished save, or null. */
  lastSaved(): Saved | null
  /** SIGKILL; after `downMs` a fresh node goes on from the last save, on the same port. */
  kill(downMs: number): Promise<void>
  /** Lets the node freeze, and go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void
  /** Saves, ends the node, and removes a temporary folder. */
  stop(): Promise<void>
  /** Ends with the node, however that happens, unless it was `kill`. */
  readonly ended: Promise<void>
}

const DEFAULT_CHAIN_ID = 31337
const DEFAULT_ACCOUNTS = 4
const DEFAULT_SAVE_S = 3
/** Saving takes at most 5 % of the time: after a save of d ms the next one waits 19 d. */
const REST_PER_SAVE = 19
/** A save that took longer stood still with its node or its machine, which says nothing of the next one. */
const REST_MOST_MS = 120_000
/** A saved state of more than 25,000 transactions still comes within this time. */
const SAVE_LIMIT_MS = 120_000
const END_LIMIT_MS = 5_000
const LOOK_EVERY_MS = 20

const pidSchema = z.object({
  pid: z.number().int().positive(),
  rpc: z.string(),
  chainId: z.number(),
  genesisHash: z.string(),
})
type Running = z.infer<typeof pidSchema>

/**
 * Starts the embedded chain of a folder, from its last save when it has one, or takes over the node that an
 * earlier process left running there. Faults, each of one line: `foreign-folder`, `foreign-chain`, `no-disk`,
 * `port-taken`, `no-anvil`, `chain-start`, `bad-field`.
 */
export async function startEmbeddedChain(options: EmbeddedOptions): Promise<EmbeddedChain> {
  checkOptions(options)
  const temporary = options.dataDir === undefined
  const path = options.dataDir ?? mkdtempSync(join(tmpdir(), 'meterhood-chain-'))
  const { chainId = DEFAULT_CHAIN_ID, accounts = DEFAULT_ACCOUNTS, clock, random } = options
  const folder = await ChainFolder.open({ path, chainId, accounts, clock, random })
  const adopted = await runningIn(folder)
  const running = adopted ?? (await startIn(folder, chainId, options))
  const again = (): Promise<Running> =>
    startIn(folder, chainId, { ...options, port: Number(new URL(running.rpc).port) })
  return new Embedded(folder, running, { ...options, temporary, adopted: adopted !== null, again })
}

function checkOptions({ blockTimeS, chainId = DEFAULT_CHAIN_ID, port = 0 }: EmbeddedOptions): void {
  if (!(blockTimeS > 0 && blockTimeS <= 3600))
    throw badField('blockTimeS', 'more than 0, up to 3600', blockTimeS)
  if (!Number.isSafeInteger(chainId) || chainId < 1) throw badField('chainId', 'a positive integer', chainId)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw badField('port', '0 to 65535', port)
}

/** The node that still runs for this folder, if any. Fault: `foreign-chain` when it follows another chain. */
async function runningIn(folder: ChainFolder): Promise<Running | null> {
  const noted = notedIn(folder)
  if (noted === null || !isAlive(noted.pid)) return null
  const found = await identityOf(noted.rpc, END_LIMIT_MS).catch(() => null)
  if (found === null) {
    await endProcess(noted.pid)
    return null
  }
  const same = found.chainId === folder.identity.chainId && found.genesisHash === folder.identity.genesisHash
  if (same) return noted
  const message = `${noted.rpc}: serves another chain than ${folder.path}; stop it or name another folder`
  throw new Fault('foreign-chain', message, { rpc: noted.rpc, path: folder.path })
}

function notedIn(folder: ChainFolder): Running | null {
  try {
    return pidSchema.parse(JSON.parse(readFileSync(folder.pidFile, 'utf8')))
  } catch {
    return null
  }
}

/** Whether the process runs and is a node: its number may have passed to another program. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return process.platform !== 'linux' || readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('anvil')
  } catch {
    return false
  }
}

async function startIn(folder: ChainFolder, chainId: number, options: EmbeddedOptions): Promise<Running> {
  const cleaned = folder.hasState ? await withOwnGenesis(folder.stateFile, folder.genesisFile) : null
  if (cleaned !== null) await writeDurably(folder.stateFile, cleaned)
  const anvil = await startAnvil({
    program: findAnvil(options.searchPath ?? ''),
    chainId,
    port: options.port ?? 0,
    blockTimeS: options.blockTimeS,
    from: folder.hasState ? { state: folder.stateFile } : { genesis: folder.genesisFile },
    logFile: folder.logFile,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  })
  anvil.process.unref()
  const { genesisHash } = await identityOf(anvil.rpc)
  await folder.settle(genesisHash)
  const running = { pid: anvil.pid, rpc: anvil.rpc, chainId, genesisHash }
  await writeDurably(folder.pidFile, JSON.stringify(running))
  return running
}

interface EmbeddedParts extends EmbeddedOptions {
  readonly temporary: boolean
  readonly adopted: boolean
  /** Starts a node from the last save, where the first one was. */
  readonly again: () => Promise<Running>
}

class Embedded implements EmbeddedChain {
  readonly rpc: string
  readonly chainId: number
  readonly genesisHash: string
  readonly accounts: readonly FundedAccount[]
  readonly adopted: boolean
  readonly ended: Promise<void>
  readonly #again: () => Promise<Running>
  readonly #folder: ChainFolder
  readonly #clock: Clock
  readonly #temporary: boolean
  readonly #stopping = new AbortController()
  #pid: number
  #killed = false
  #reviving: Promise<void> = Promise.resolve()
  #saving: Promise<unknown> = Promise.resolve()
  #lastSaved: Saved | null = null
  #stopped: Promise<void> | null = null

  constructor(folder: ChainFolder, running: Running, options: EmbeddedParts) {
    this.rpc = running.rpc
    this.chainId = running.chainId
    this.genesisHash = running.genesisHash
    this.accounts = folder.identity.accounts
    this.#pid = running.pid
    this.adopted = options.adopted
    this.#again = options.again
    this.#folder = folder
    this.#clock = options.clock
    this.#temporary = options.temporary
    this.ended = this.#watch()
    const everyMs = 1000 * (options.saveEveryS ?? DEFAULT_SAVE_S)
    if (everyMs > 0) void this.#saveOnAndOn(everyMs)
    options.signal?.addEventListener('abort', () => void this.stop())
    if (options.temporary) process.once('exit', this.#sweep)
  }

  get pid(): number {
    return this.#pid
  }

  /** The last chance to leave no node and no temporary folder behind. */
  readonly #sweep = (): void => {
    endAtOnce(this.pid)
    rmSync(this.#folder.path, { recursive: true, force: true })
  }

  lastSaved(): Saved | null {
    return this.#lastSaved
  }

  save(): Promise<Saved> {
    const saved = this.#saving.then(() => this.#saveNow())
    this.#saving = saved.catch(() => undefined)
    return saved
  }

  kill(downMs: number): Promise<void> {
    // A second kill waits for the node that the first one brought back.
    this.#reviving = this.#reviving.then(() => this.#killNow(downMs))
    return this.#reviving
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    if (isAlive(this.#pid)) process.kill(this.#pid, signal)
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #killNow(downMs: number): Promise<void> {
    this.#killed = true
    try {
      endAtOnce(this.#pid)
      while (isAlive(this.#pid)) await sleep(LOOK_EVERY_MS)
      // A save that was cut short still holds its temporary file.
      await this.#saving
      await sleep(downMs)
      const { pid } = await this.#again()
      this.#pid = pid
    } finally {
      this.#killed = false
    }
  }

  async #saveNow(): Promise<Saved> {
    const began = this.#clock.nowMs()
    const block = await headNumber(this.rpc)
    const fresh = `${this.#folder.stateFile}.new`
    const bytes = await dumpState(this.rpc, fresh, SAVE_LIMIT_MS)
    await renameDurably(fresh, this.#folder.stateFile)
    this.#lastSaved = { block, bytes, tookMs: this.#clock.nowMs() - began }
    return this.#lastSaved
  }

  async #saveOnAndOn(everyMs: number): Promise<void> {
    const { signal } = this.#stopping
    let rest = everyMs
    for (;;) {
      const rested = await sleep(rest, true, { signal, ref: false }).catch(() => false)
      if (!rested) return
      const saved = await this.save().catch(() => null)
      rest = Math.max(everyMs, Math.min(REST_MOST_MS, REST_PER_SAVE * (saved?.tookMs ?? 0)))
    }
  }

  async #watch(): Promise<void> {
    while (this.#killed || isAlive(this.#pid)) await sleep(200, undefined, { ref: false })
    this.#stopping.abort()
  }

  async #stop(): Promise<void> {
    this.#stopping.abort()
    await this.#reviving.catch(() => undefined)
    this.signal('SIGCONT')
    process.removeListener('exit', this.#sweep)
    try {
      if (!this.#temporary && isAlive(this.pid)) await this.save()
    } finally {
      await endProcess(this.pid)
      await rm(this.#temporary ? this.#folder.path : this.#folder.pidFile, { recursive: true, force: true })
    }
  }
}

function endAtOnce(pid: number): void {
  try {
    if (isAlive(pid)) process.kill(pid, 'SIGKILL')
  } catch {
    // It ended by itself in between.
  }
}

/** Asks the node to end, and makes it end when it does not. */
async function endProcess(pid: number): Promise<void> {
  if (!isAlive(pid)) return
  process.kill(pid, 'SIGTERM')
  for (let waited = 0; waited < END_LIMIT_MS && isAlive(pid); waited += LOOK_EVERY_MS) {
    await sleep(LOOK_EVERY_MS)
  }
  endAtOnce(pid)
}
