import { fork, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { systemRandom, wallClock } from '../bin/clock.ts'
import { extendedExchange } from '../protocols/p2p/extended.ts'
import { createPeerNode, type PeerNode } from '../protocols/p2p/node.ts'
import { callExchange } from '../protocols/p2p/request-response.ts'
import { Fault } from '../protocols/rules/fault.ts'
import type { BenchRow } from './recovery.ts'

/** Quiet and flood take turns, so that what else the machine does falls on both. */
const TURNS = 6
const TURN_MS = 2_500
/** What an attack left behind, a signature under way or a pause, is over by then. */
const BETWEEN_MS = 300
/** An honest home sends its extended data, of a usual size, this often. */
const HONEST_EVERY_MS = 25
const HONEST_BYTES = 600
/** DESIGN: an honest member waits at most twice as long while somebody floods. */
const SLOWER_MOST = 2
/** … or as long as this, which nobody notices: on a busy machine the least wait doubles by itself. */
const UNNOTICED_MS = 50
/** What the gateway may grow by. */
const GROWTH_MOST_MB = 100
const MEBIBYTE = 1024 * 1024

const CASES = [
  ['words', 'a member: 10,000 late words a second'],
  ['garbage', 'a member: 10,000 garbled words a second'],
  ['prefixes', 'a member: frames of 100 MB announced'],
  ['slow', 'a member: streams that stop inside a frame'],
  ['stranger', 'a stranger: handshakes and noise'],
] as const

const hello = z.object({ peerId: z.string(), peerKey: z.string(), addresses: z.array(z.string()) })
const measured = z.object({ mostRss: z.number(), heard: z.number() })
const key = z.object({ peerKey: z.string() })
const ready = z.object({ ready: z.literal(true) })
const doneShape = z.object({ sent: z.number() })

/** A module of this folder in a process of its own. */
class Child {
  readonly #process: ChildProcess
  readonly #ended: Promise<never>

  constructor(name: string) {
    const file = fileURLToPath(new URL(name, import.meta.url))
    this.#process = fork(file, { execArgv: ['--import', 'tsx'] })
    this.#ended = once(this.#process, 'exit').then(() => {
      throw new Fault('crashed', `${name} ended unasked`)
    })
    this.#ended.catch(() => undefined)
  }

  async heard<T>(shape: z.ZodType<T>): Promise<T> {
    const message = new Promise<unknown>((resolve) => this.#process.once('message', resolve))
    return shape.parse(await Promise.race([message, this.#ended]))
  }

  tell(message: object): void {
    this.#process.send(message)
  }

  isThere(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null
  }

  end(): void {
    this.#process.kill()
  }
}

/** One real gateway, one honest home, and one that floods, each a process. */
export async function run(): Promise<{ rows: BenchRow[] }> {
  const gateway = new Child('flood-gateway.ts')
  const home = await createPeerNode({
    ...{ identitySeed: randomBytes(32), listen: [], mdns: false, clock: wallClock, random: systemRandom },
  })
  const children = [gateway]
  try {
    const target = await gateway.heard(hello)
    await home.start()
    home.membership.admit({ peerKey: Uint8Array.from(Buffer.from(target.peerKey, 'hex')), role: 'community' })
    home.learnAddresses(target.peerId, target.addresses)
    gateway.tell({ admit: [Buffer.from(home.peerKey).toString('hex')] })
    await home.connect(target.peerId)
    const rows: BenchRow[] = []
    for (const [attack, about] of CASES) {
      const attacker = new Child('flood-attacker.ts')
      children.push(attacker)
      const { peerKey } = await attacker.heard(key)
      if (attack !== 'stranger') gateway.tell({ admit: [peerKey] })
      attacker.tell({ target, attack })
      await attacker.heard(ready)
      rows.push(...(await flooded({ gateway, attacker, home, peerId: target.peerId }, attack, about)))
      attacker.end()
    }
    return { rows }
  } finally {
    await home.stop()
    for (const child of children) child.end()
  }
}

interface Scene {
  readonly gateway: Child
  readonly attacker: Child
  readonly home: PeerNode
  readonly peerId: string
}

async function flooded(scene: Scene, attack: string, about: string): Promise<BenchRow[]> {
  const { gateway, attacker } = scene
  const before = await memoryOf(gateway)
  const [calm, waits]: [number[], number[]] = [[], []]
  let sent = 0
  for (let turn = 0; turn < TURNS; turn += 1) {
    calm.push(...(await honest(scene, TURN_MS)))
    const done = attacker.heard(doneShape)
    attacker.tell({ attack, forMs: TURN_MS })
    waits.push(...(await honest(scene, TURN_MS)))
    sent += (await done).sent
    await sleep(BETWEEN_MS)
  }
  const growthMb = Math.max(0, ((await memoryOf(gateway)) - before) / MEBIBYTE)
  const [quiet, p99] = [percentile(calm, 0.99), percentile(waits, 0.99)]
  const limit = Math.max(UNNOTICED_MS, SLOWER_MOST * quiet)
  const perSecond = (sent * 1_000) / (TURNS * TURN_MS)
  const row = { baseline: null, limit: null, ok: true }
  return [
    { case: `flood.${attack}.sent (${about})`, value: perSecond, unit: '/s', ...row },
    {
      case: `flood.${attack}.p50`,
      value: percentile(waits, 0.5),
      unit: 'ms',
      ...row,
      baseline: percentile(calm, 0.5),
    },
    { case: `flood.${attack}.p99`, value: p99, unit: 'ms', limit, ok: p99 <= limit, baseline: quiet },
    {
      ...{ case: `flood.${attack}.growth`, value: growthMb, unit: 'MB', baseline: null },
      ...{ limit: GROWTH_MOST_MB, ok: growthMb <= GROWTH_MOST_MB && gateway.isThere() },
    },
  ]
}

async function memoryOf(gateway: Child): Promise<number> {
  const told = gateway.heard(measured)
  gateway.tell({ measure: true })
  return (await told).mostRss
}

/** How long an honest home waits for each answer, ms; one that never comes counts as infinite. */
async function honest({ home, peerId }: Scene, forMs: number): Promise<number[]> {
  const wire = randomBytes(HONEST_BYTES)
  const waits: Promise<number>[] = []
  const end = performance.now() + forMs
  for (let slot = 1; performance.now() < end; slot += 1) {
    const began = performance.now()
    const call = callExchange(home, extendedExchange, peerId, { slot, wire })
    waits.push(
      call.then(
        () => performance.now() - began,
        () => Infinity,
      ),
    )
    await sleep(HONEST_EVERY_MS)
  }
  return Promise.all(waits)
}

const percentile = (values: readonly number[], share: number): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Infinity
}
