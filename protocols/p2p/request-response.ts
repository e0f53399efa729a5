import './polyfill.ts'
import type { Connection, Stream } from '@libp2p/interface'
import PQueue from 'p-queue'
import { z } from 'zod'
import { defineMessage } from '../messages/json-message.ts'
import type { Message } from '../messages/json-message.ts'
import { codeOf, Fault, messageOf } from '../rules/fault.ts'
import { deadline, within } from './deadline.ts'
import { frameStream } from './framing.ts'
import type { Member } from './membership.ts'
import type { PeerNode } from './node.ts'
import { createRateLimiter } from './rate-limit.ts'
import type { RateLimit, RateLimiter } from './rate-limit.ts'

/** A fault in a reply: a code, a dozen facts, one sentence. */
export const FAULT_MAX_BYTES = 2048
/** A frame must have arrived whole in this time: a slow sender holds a stream no longer. */
export const READ_TIMEOUT_MS = 10_000
/** Streams of one protocol that one peer may have open at us. */
export const STREAMS_PER_PEER = 8
/** Calls of one protocol to one peer that may wait for a stream; libp2p would fail them at once. */
export const CALLS_WAITING_MAX = 64

/** One request, one reply, one stream: a protocol as a value. */
export interface Exchange<Request, Reply> {
  /** `/meterhood/<name>/<version>` */
  readonly protocol: string
  readonly request: Message<Request>
  readonly reply: Message<Reply>
  /** From the whole request to the whole reply. */
  readonly timeoutMs: number
  /** Requests that one peer may send. */
  readonly rate: RateLimit
}

/** Who may ask: any member, the community gateway alone, or unknown peers too. */
export type Askers = 'members' | 'community' | 'anyone'

export interface Asker {
  readonly peerId: string
  /** Undefined for an unknown peer, where `anyone` may ask. */
  readonly member: Member | undefined
  /** Aborts when the reply would be late. */
  readonly signal: AbortSignal
}

export type Answer<Request, Reply> = (request: Request, asker: Asker) => Reply | Promise<Reply>

const factsSchema = z
  .record(z.string().max(40), z.union([z.string().max(200), z.number(), z.boolean(), z.null()]))
  .refine((facts) => Object.keys(facts).length <= 12, { message: 'expected at most 12 facts' })
const faultSchema = z.strictObject({
  code: z.string().min(1).max(60),
  message: z.string().max(500),
  facts: factsSchema,
})

/** A reply on the wire: `{ok}` or `{fault}`; resets carry no reason, so refusals travel in the reply. */
function replyEnvelope(maxBytes: number) {
  const schema = z.union([z.strictObject({ ok: z.json() }), z.strictObject({ fault: faultSchema })])
  return defineMessage('reply', Math.max(maxBytes, FAULT_MAX_BYTES) + 16, schema)
}

function faultOf(thrown: unknown): z.output<typeof faultSchema> {
  // What went wrong inside is not for others to read.
  if (!(thrown instanceof Fault))
    return { code: 'unexpected', message: 'the peer failed to answer', facts: {} }
  const facts = factsSchema.safeParse(thrown.facts)
  return {
    code: thrown.code.slice(0, 60),
    message: thrown.message.slice(0, 500),
    facts: facts.success ? facts.data : {},
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const fail = (): void => reject(new Fault('exchange-timeout', 'the answer took too long'))
    if (signal.aborted) fail()
    else signal.addEventListener('abort', fail, { once: true })
  })
}

function mayAsk(askers: Askers, member: Member | undefined): boolean {
  if (askers === 'anyone') return true
  return askers === 'members' ? member !== undefined : member?.role === 'community'
}

async function answerBytes<Request, Reply>(
  exchange: Exchange<Request, Reply>,
  bytes: Uint8Array,
  answer: (request: Request) => Reply | Promise<Reply>,
): Promise<{ reply: unknown; failure?: unknown }> {
  try {
    return { reply: { ok: exchange.reply.toJson(await answer(exchange.request.decode(bytes))) } }
  } catch (failure) {
    return { reply: { fault: faultOf(failure) }, failure }
  }
}

/**
 * Serves a protocol. A handler's `Fault` travels to the asker; anything else it throws is told to the node's
 * listeners and reaches the asker as `unexpected`. Peers who may not ask have their stream reset.
 */
export async function serveExchange<Request, Reply>(
  node: PeerNode,
  exchange: Exchange<Request, Reply>,
  askers: Askers,
  answer: Answer<Request, Reply>,
): Promise<() => Promise<void>> {
  const limiter: RateLimiter = createRateLimiter(exchange.rate, node.clock)
  const envelope = replyEnvelope(exchange.reply.maxBytes)
  const { protocol } = exchange
  const report = (peerId: string, thrown: unknown): void =>
    node.emit({ type: 'exchange-failed', peerId, protocol, code: codeOf(thrown), message: messageOf(thrown) })

  const respond = async (stream: Stream, peerId: string, member: Member | undefined): Promise<void> => {
    const frames = frameStream(stream, exchange.request.maxBytes)
    const bytes = await within(READ_TIMEOUT_MS, (signal) => frames.read(signal))
    const { reply, failure } = await within(exchange.timeoutMs, (signal) =>
      answerBytes(exchange, bytes, (request) => {
        if (!limiter.take(peerId)) {
          throw new Fault('rate-limited', `${protocol}: too many requests; wait and ask again`, { protocol })
        }
        return Promise.race([answer(request, { peerId, member, signal }), aborted(signal)])
      }),
    )
    if (failure !== undefined) report(peerId, failure)
    await within(READ_TIMEOUT_MS, async (signal) => {
      await frames.write(envelope.encode(envelope.fromJson(reply)), signal)
      await stream.close({ signal })
    })
  }

  const onStream = async (stream: Stream, connection: Connection): Promise<void> => {
    const peerId = connection.remotePeer.toString()
    const member = node.membership.find(peerId)
    if (!mayAsk(askers, member)) {
      stream.abort(new Error('not for this peer'))
      return
    }
    try {
      await respond(stream, peerId, member)
    } catch (thrown) {
      stream.abort(thrown instanceof Error ? thrown : new Error('failed'))
      if (codeOf(thrown) === 'message-too-large') node.penalise(peerId)
      report(peerId, thrown)
    }
  }
  await node.libp2p.handle(protocol, onStream, {
    maxInboundStreams: STREAMS_PER_PEER,
    maxOutboundStreams: STREAMS_PER_PEER,
  })
  return () => node.libp2p.unhandle(protocol)
}

const lanes = new WeakMap<PeerNode, Map<string, PQueue>>()

/**
 * One lane a peer and protocol: calls wait here for a free stream, since libp2p fails those above its limit
 * at once.
 */
function laneOf(node: PeerNode, peerId: string, protocol: string): PQueue {
  const ofNode = lanes.get(node) ?? new Map<string, PQueue>()
  lanes.set(node, ofNode)
  const name = `${peerId} ${protocol}`
  const lane = ofNode.get(name) ?? new PQueue({ concurrency: STREAMS_PER_PEER })
  if (!ofNode.has(name)) {
    ofNode.set(name, lane)
    lane.on('idle', () => ofNode.delete(name))
  }
  if (lane.size >= CALLS_WAITING_MAX) {
    throw new Fault('peer-busy', `${protocol}: ${lane.size} calls wait for ${peerId}; try later`, {
      peerId,
      protocol,
    })
  }
  return lane
}

function asCallFault(thrown: unknown, protocol: string, peerId: string, signal: AbortSignal): Fault {
  if (thrown instanceof Fault) return thrown
  const reason = thrown instanceof Error ? thrown.name : 'unknown'
  const facts = { protocol, peerId, reason }
  if (signal.aborted)
    return new Fault('exchange-timeout', `${protocol}: ${peerId} did not answer in time`, facts)
  return new Fault('exchange-refused', `${protocol}: ${peerId} closed the exchange (${reason})`, facts)
}

async function callOnce<Request, Reply>(
  node: PeerNode,
  exchange: Exchange<Request, Reply>,
  peerId: string,
  body: Uint8Array,
  signal: AbortSignal,
): Promise<Reply> {
  const connection = await node.connect(peerId, signal)
  const envelope = replyEnvelope(exchange.reply.maxBytes)
  const stream = await connection.newStream(exchange.protocol, { signal })
  try {
    const frames = frameStream(stream, envelope.maxBytes)
    await frames.write(body, signal)
    const reply = envelope.decode(await frames.read(signal))
    await stream.close({ signal })
    if ('fault' in reply) {
      throw new Fault(reply.fault.code, reply.fault.message, { ...reply.fault.facts, remote: true })
    }
    return exchange.reply.fromJson(reply.ok)
  } catch (thrown) {
    stream.abort(thrown instanceof Error ? thrown : new Error('failed'))
    throw thrown
  }
}

/**
 * Asks a member. The peer's own faults are thrown as they are, with `remote: true` among the facts.
 * @throws Fault `no-address`, `dial-failed`, `peer-busy`, `exchange-timeout`, `exchange-refused`, `bad-
 * field`,
 *   `message-too-large`, `message-garbled`, and whatever the peer's handler throws
 */
export async function callExchange<Request, Reply>(
  node: PeerNode,
  exchange: Exchange<Request, Reply>,
  peerId: string,
  request: Request,
  signal?: AbortSignal,
): Promise<Reply> {
  const body = exchange.request.encode(request)
  const limit = deadline(exchange.timeoutMs + READ_TIMEOUT_MS, signal)
  try {
    const lane = laneOf(node, peerId, exchange.protocol)
    return await lane.add(() => callOnce(node, exchange, peerId, body, limit.signal))
  } catch (thrown) {
    throw asCallFault(thrown, exchange.protocol, peerId, limit.signal)
  } finally {
    limit.clear()
  }
}
