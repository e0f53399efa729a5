import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, openSync, closeSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Fault } from '../../protocols/rules/fault.ts'
import { freePorts, requirePort } from './free-ports.ts'
import { identityOf } from './rpc.ts'

const require = createRequire(import.meta.url)
const PACKAGED = '@foundry-rs/anvil-linux-amd64/bin/anvil'
const HOST = '127.0.0.1'
const LOOK_EVERY_MS = 40
/** A node with a large saved state takes seconds to load it. */
const START_LIMIT_MS = 120_000
const PORT_TRIES = 5

/** Path of the node's program: the npm package's, else the one on the PATH. Fault: `no-anvil`. */
export function findAnvil(searchPath: string): string {
  try {
    return require.resolve(PACKAGED)
  } catch {
    const found = searchPath
      .split(delimiter)
      .map((folder) => join(folder, 'anvil'))
      .find((file) => existsSync(file))
    if (found !== undefined) return found
    const message = 'anvil: not found in npm packages nor on the PATH; install Foundry, or run on linux x64'
    throw new Fault('no-anvil', message)
  }
}

export interface AnvilOptions {
  readonly program: string
  readonly chainId: number
  /** 0 takes a free one. */
  readonly port: number
  readonly blockTimeS: number
  /** The first block's description, or a saved state. */
  readonly from: { readonly genesis: string } | { readonly state: string }
  readonly logFile: string
  readonly signal?: AbortSignal
}

/** A running node. */
export interface Anvil {
  readonly process: ChildProcess
  readonly pid: number
  readonly port: number
  readonly rpc: string
}

/**
 * Starts a node and waits until it answers. It runs in a process group of its own, so that an interrupt at
 * the terminal reaches its owner first, who saves the state. Faults: `port-taken`, `chain-start`,
 * `chain-damaged`.
 */
export async function startAnvil(options: AnvilOptions): Promise<Anvil> {
  for (let tries = 1; ; tries += 1) {
    const port = await portFor(options)
    const anvil = launch(options, port)
    const started = await answering(anvil, options.signal)
    if (started) return anvil
    if (options.port !== 0 || tries === PORT_TRIES) throw notStarted(options)
  }
}

async function portFor({ port }: AnvilOptions): Promise<number> {
  if (port === 0) return (await freePorts(1))[0] ?? 0
  await requirePort(port)
  return port
}

function launch(options: AnvilOptions, port: number): Anvil {
  const log = openSync(options.logFile, 'w', 0o600)
  const child = spawn(options.program, argumentsOf(options, port), {
    stdio: ['ignore', log, log],
    detached: true,
  })
  closeSync(log)
  child.on('error', () => undefined)
  return { process: child, pid: child.pid ?? 0, port, rpc: `http://${HOST}:${port}` }
}

/**
 * No unlocked accounts, no base fee, first come first mined. Blocks, receipts and logs are all kept, states
 * of the newest 128 only: anvil would else write every older state into the home folder, a gigabyte in ten
 * thousand transactions.
 */
function argumentsOf(options: AnvilOptions, port: number): string[] {
  const from =
    'state' in options.from ? ['--load-state', options.from.state] : ['--init', options.from.genesis]
  return [
    ...['--host', HOST, '--port', String(port), '--chain-id', String(options.chainId)],
    ...['--hardfork', 'london', '--block-time', String(options.blockTimeS), '--gas-limit', '30000000'],
    ...['--base-fee', '0', '--disable-min-priority-fee', '--order', 'fifo', '--accounts', '0'],
    ...['--prune-history', '128', '--no-request-size-limit', '--quiet', ...from],
  ]
}

async function answering({ process: child, rpc }: Anvil, signal?: AbortSignal): Promise<boolean> {
  const ended = new AbortController()
  child.once('exit', () => ended.abort())
  child.once('error', () => ended.abort())
  for (let waited = 0; waited < START_LIMIT_MS && !ended.signal.aborted; waited += LOOK_EVERY_MS) {
    if (signal?.aborted === true) break
    try {
      await identityOf(rpc, START_LIMIT_MS)
      return true
    } catch {
      await sleep(LOOK_EVERY_MS)
    }
  }
  child.kill('SIGKILL')
  signal?.throwIfAborted()
  return false
}

function notStarted({ logFile, from }: AnvilOptions): Fault {
  const said = readFileSync(logFile, 'utf8').trim().split('\n').slice(-3).join(' ').slice(0, 300)
  const words = said === '' ? 'no words' : said
  if (!('state' in from)) return new Fault('chain-start', `anvil: did not start (${words})`, { logFile })
  const fix = 'restore it from a backup, or name another folder'
  const message = `${from.state}: the node does not start from this saved chain (${words}); ${fix}`
  return new Fault('chain-damaged', message, { state: from.state, logFile })
}
