/** Who floods: a member that speaks what it may in a measure that nobody needs, or a stranger. */
import { connect } from 'node:net'
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { RPC } from '@chainsafe/libp2p-gossipsub/message'
import type { Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { z } from 'zod'
import { systemRandom, wallClock } from '../bin/clock.ts'
import { votesTopic } from '../protocols/messages/vote.ts'
import { encodeLength } from '../protocols/p2p/framing.ts'
import { extendedExchange } from '../protocols/p2p/extended.ts'
import { keysExchange } from '../protocols/p2p/keys.ts'
import { createPeerNode, type PeerNode } from '../protocols/p2p/node.ts'
import { noticesExchange } from '../protocols/p2p/notices.ts'
import { voteMessage } from '../protocols/messages/vote.ts'

const ATTACKS = ['words', 'garbage', 'prefixes', 'slow', 'stranger'] as const
const targetSchema = z.object({ peerId: z.string(), peerKey: z.string(), addresses: z.array(z.string()) })
type Target = z.infer<typeof targetSchema>
const order = z.union([
  z.object({ target: targetSchema, attack: z.enum(ATTACKS) }),
  z.object({ attack: z.enum(ATTACKS), forMs: z.number() }),
])

const PER_SECOND = 10_000
const TICK_MS = 10
/** Signed before the attack: more than a gateway takes of one peer in that time. */
const WORDS = 4_096
const ANNOUNCED_BYTES = 100 * 1024 * 1024
const AT_ONCE = 8
const STRANGERS = 16
const NOISE_WRITES = 100
/** Together they make ten thousand writes a second. */
const NOISE_PAUSE_MS = (1_000 * STRANGERS * NOISE_WRITES) / PER_SECOND
const GOSSIP = ['/meshsub/1.3.0', '/meshsub/1.2.0', '/meshsub/1.1.0']
const SIGN_PREFIX = new TextEncoder().encode('libp2p-pubsub:')
const PROTOCOLS = [extendedExchange.protocol, keysExchange.protocol, noticesExchange.protocol]

const node = await createPeerNode({
  identitySeed: randomBytes(32),
  listen: [],
  mdns: false,
  clock: wallClock,
  random: systemRandom,
})
await node.start()

/** One frame of gossip: a signed word with this content. */
async function frame(peer: PeerNode, data: Uint8Array): Promise<Uint8Array> {
  const from = peerIdFromString(peer.peerId).toMultihash().bytes
  const word = { from, data, seqno: randomBytes(8), topic: votesTopic('flooded') }
  const signature = await peer.sign(Buffer.concat([SIGN_PREFIX, RPC.Message.encode(word)]))
  const rpc = RPC.encode({ subscriptions: [], messages: [{ ...word, signature }] })
  return Buffer.concat([varint(rpc.length), rpc])
}

function varint(length: number): Uint8Array {
  const bytes = []
  for (let rest = length; ; rest >>= 7) {
    if (rest < 128) return Uint8Array.from([...bytes, rest])
    bytes.push((rest & 127) | 128)
  }
}

/** Well-formed words whose time is over: nobody is at fault for passing them on, so none is punished. */
const lateWord = (): Uint8Array => {
  const hash = `0x${randomBytes(32).toString('hex')}`
  const vote = { number: 7, hash, signature: randomBytes(65) }
  return voteMessage.encode({ vote, expiresMs: wallClock.nowMs() - 1_000 })
}

const frames: Uint8Array[] = []

async function prepared(attack: (typeof ATTACKS)[number]): Promise<void> {
  if (attack !== 'words' && attack !== 'garbage') return
  const make = attack === 'words' ? lateWord : () => randomBytes(120)
  while (frames.length < WORDS) frames.push(await frame(node, make()))
}

async function pour(target: Target, forMs: number): Promise<number> {
  let [sent, at] = [0, 0]
  let stream: Stream | undefined
  const began = performance.now()
  while (performance.now() - began < forMs) {
    const due = ((performance.now() - began) / 1_000) * PER_SECOND
    if (stream?.status !== 'open') {
      const open = await node.connect(target.peerId).catch(() => undefined)
      stream = await open?.newStream(GOSSIP).catch(() => undefined)
      if (stream === undefined) await sleep(TICK_MS)
    }
    while (stream !== undefined && sent < due) {
      const next = frames[at++ % frames.length]
      sent += 1
      if (next !== undefined && stream.status === 'open' && !stream.send(next)) {
        await Promise.race([stream.onDrain().catch(() => undefined), sleep(TICK_MS)])
        break
      }
    }
    await sleep(TICK_MS)
  }
  return sent
}

/** Streams that announce what nobody takes, or that stop inside a frame. */
async function streams(target: Target, first: Uint8Array, forMs: number): Promise<number> {
  const end = performance.now() + forMs
  let opened = 0
  const one = async (protocol: string): Promise<void> => {
    while (performance.now() < end) {
      const connection = await node.connect(target.peerId).catch(() => undefined)
      const stream = await connection?.newStream(protocol).catch(() => undefined)
      if (stream === undefined) {
        await sleep(TICK_MS)
        continue
      }
      opened += 1
      try {
        stream.send(first)
      } catch {
        continue
      }
      while (stream.status === 'open' && performance.now() < end) await sleep(TICK_MS)
      stream.abort(new Error('next'))
    }
  }
  await Promise.all(PROTOCOLS.flatMap((each) => Array.from({ length: AT_ONCE }, () => one(each))))
  return opened
}

/** Who is no member: connections that are refused after the handshake, and bytes that are none. */
async function strange(target: Target, forMs: number): Promise<number> {
  const end = performance.now() + forMs
  const port = Number(/\/tcp\/(\d+)/.exec(target.addresses[0] ?? '')?.[1])
  let sent = 0
  const noise = async (): Promise<void> => {
    while (performance.now() < end) {
      const socket = connect(port, '127.0.0.1')
      const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
      socket.on('error', () => undefined)
      for (let each = 0; each < NOISE_WRITES && !socket.destroyed; each += 1) {
        socket.write(randomBytes(64))
        sent += 1
      }
      await Promise.all([Promise.race([closed, sleep(NOISE_PAUSE_MS)]), sleep(NOISE_PAUSE_MS)])
      socket.destroy()
    }
  }
  const dial = async (): Promise<void> => {
    while (performance.now() < end) {
      await node.connect(target.peerId).catch(() => undefined)
      sent += 1
      await sleep(TICK_MS)
    }
  }
  await Promise.all([dial(), ...Array.from({ length: STRANGERS }, noise)])
  return sent
}

const attacks = {
  words: pour,
  garbage: pour,
  prefixes: (target: Target, forMs: number) => streams(target, encodeLength(ANNOUNCED_BYTES), forMs),
  slow: (target: Target, forMs: number) => streams(target, encodeLength(100).subarray(0, 2), forMs),
  stranger: strange,
} as const

let target: Target | undefined
process.on('message', (message) => {
  const given = order.parse(message)
  if ('target' in given) {
    target = given.target
    const peerKey = Uint8Array.from(Buffer.from(target.peerKey, 'hex'))
    node.membership.admit({ peerKey, role: 'community' })
    node.learnAddresses(target.peerId, target.addresses)
    void prepared(given.attack).then(() => process.send?.({ ready: true }))
    return
  }
  if (target === undefined) return
  void attacks[given.attack](target, given.forMs).then((sent) => process.send?.({ sent }))
})
process.send?.({ peerKey: Buffer.from(node.peerKey).toString('hex') })
