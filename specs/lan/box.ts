import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { createIpc, type Ipc } from '../../chain/network/geth/ipc.ts'
import { NodeFolder } from '../../chain/network/geth/node-folder.ts'
import { Fault, messageOf } from '../../protocols/rules/fault.ts'
import { startNode } from './commands.ts'
import type { Host } from './network.ts'
import { agentOn, meterhoodOn, type Agent, type Hosted } from './processes.ts'

const START_LIMIT_MS = 90_000
const LOOK_EVERY_MS = 200
const PAGE = '127.0.0.1:7443'

const hexNumber = z.string().transform(Number)
const blockReply = z.object({ number: hexNumber, hash: z.string(), timestamp: hexNumber })
const answered = z.object({ status: z.number(), text: z.string() })

const memberReply = z.looseObject({
  name: z.string(),
  account: z.string(),
  online: z.boolean(),
  lastSlot: z.number().nullable(),
  lastSeenMs: z.number().nullable(),
  powerW: z.number().nullable(),
})
export type MemberShown = z.infer<typeof memberReply>

/** The part of a page's view that the specs look at. */
const viewReply = z.looseObject({
  role: z.string(),
  warnings: z.array(z.string()).optional(),
  state: z.looseObject({ phase: z.string(), text: z.string(), away: z.array(z.string()) }).optional(),
  counts: z.looseObject({ submitted: z.number().optional() }).optional(),
  members: z.array(memberReply).optional(),
  alarmsSent: z.array(z.looseObject({ code: z.string(), homeName: z.string().nullable() })).optional(),
  chain: z.looseObject({
    state: z.string(),
    head: z.number().nullable(),
    final: z.number().nullable(),
    pending: z.number(),
    notice: z.string().nullable(),
  }),
})
export type View = z.infer<typeof viewReply>

/** One computer of the LAN as an installer sets it up: a chain node and a gateway, each a service. */
export class Box {
  readonly host: Host
  readonly folder: string
  readonly agent: Agent
  readonly ipc: Ipc
  #gatewayCommand: readonly string[] = []
  #node: Hosted | null = null
  #gateway: Hosted | null = null

  constructor(host: Host, folder: string) {
    this.host = host
    this.folder = folder
    this.agent = agentOn(host)
    this.ipc = createIpc(join(this.chainFolder, 'geth.ipc'))
  }

  get name(): string {
    return this.host.name
  }

  get chainFolder(): string {
    return join(this.folder, 'chain')
  }

  get #log(): string {
    return `${this.folder}.log`
  }

  /** The account that its node seals with. Fault: `impossible` for a node that only follows. */
  get signer(): string {
    const { signer } = NodeFolder.open(this.chainFolder).card
    if (signer === null) throw new Fault('impossible', `${this.name} seals no blocks`)
    return signer
  }

  /** Runs a command that ends by itself, and gives what it printed. Fault: `lan-process` when it failed. */
  async run(args: readonly string[]): Promise<string> {
    const command = meterhoodOn(this.host, this.#log, args)
    const code = await Promise.race([command.ended, sleep(START_LIMIT_MS, null, { ref: false })])
    if (code === 0) return command.said()
    await command.kill('SIGKILL')
    const failed = `${this.name}: ${args.join(' ')} ended with ${code ?? 'a signal'}: ${command.said()}`
    throw new Fault('lan-process', failed, { code: code ?? -1 })
  }

  async startNode(): Promise<void> {
    this.#node = meterhoodOn(this.host, this.#log, startNode(this.folder))
    await this.#node.printed(/^node {7}.*(seals|follows)/m, START_LIMIT_MS)
  }

  /** All that its commands and services printed. */
  printed(): string {
    return readFileSync(this.#log, 'utf8')
  }

  /** What its gateway noted in its log, a line of JSON each. */
  noted(): string[] {
    return readFileSync(join(this.folder, 'gateway.log'), 'utf8').split('\n')
  }

  /** SIGKILL to the chain node; what started it ends by itself then, as a service would be seen to fail. */
  async killNode(): Promise<void> {
    const pid = Number(readFileSync(join(this.chainFolder, 'geth.pid'), 'utf8'))
    process.kill(pid, 'SIGKILL')
    await this.#node?.ended
  }

  /** Runs its gateway; without a command the one that it ran before. */
  startGateway(command: readonly string[] = this.#gatewayCommand): Hosted {
    this.#gatewayCommand = command
    this.#gateway = meterhoodOn(this.host, this.#log, [...command, '--page', PAGE])
    return this.#gateway
  }

  async killGateway(): Promise<void> {
    await this.#gateway?.kill('SIGKILL')
  }

  /** Lets its gateway end in order. */
  async stopGateway(): Promise<void> {
    await this.#gateway?.kill('SIGTERM')
  }

  /** Starts again what does not run. */
  async mend(): Promise<void> {
    if (this.#node?.isAlive() === false) await this.startNode()
    if (this.#gateway?.isAlive() === false) this.startGateway()
  }

  async view(): Promise<View> {
    return viewReply.parse(await this.get('api/view'))
  }

  async get(path: string): Promise<unknown> {
    return this.#ask(path, null)
  }

  async post(path: string, body: unknown): Promise<unknown> {
    return this.#ask(path, JSON.stringify(body))
  }

  async #ask(path: string, body: string | null): Promise<unknown> {
    const question = { url: `http://${PAGE}/${path}`, body, limitMs: 10_000 }
    const { status, text } = answered.parse(await this.agent.ask('ask', question))
    if (status === 200) return JSON.parse(text)
    throw new Fault('page-refused', `${this.name} ${path}: ${status} ${text.slice(0, 200)}`, { status })
  }

  head() {
    return this.ipc.ask('eth_getBlockByNumber', ['latest', false], blockReply)
  }

  blockAt(number: number) {
    return this.ipc.ask('eth_getBlockByNumber', [`0x${number.toString(16)}`, false], blockReply.nullable())
  }

  /** Lets node and gateway end in order. */
  async stop(): Promise<void> {
    await this.stopGateway()
    await this.#node?.kill('SIGTERM')
    this.#sweep()
    await this.agent.stop()
  }

  /** A node lives on when what started it was killed. */
  #sweep(): void {
    const file = join(this.chainFolder, 'geth.pid')
    if (!existsSync(file)) return
    try {
      process.kill(Number(readFileSync(file, 'utf8')), 'SIGKILL')
    } catch {
      // It has ended meanwhile.
    }
  }
}

/** Waits until something is so, and says how long that took, ms. Fault: `in-vain`. */
export async function until(
  what: string,
  check: () => Promise<boolean> | boolean,
  limitMs: number,
): Promise<number> {
  const began = performance.now()
  let last = ''
  for (;;) {
    try {
      if (await check()) return performance.now() - began
    } catch (thrown) {
      last = ` (${messageOf(thrown)})`
    }
    if (performance.now() - began > limitMs) {
      const vain = `waited ${Math.round(limitMs / 1000)} s in vain until ${what}${last}`
      throw new Fault('in-vain', vain, { limitMs })
    }
    await sleep(LOOK_EVERY_MS)
  }
}
