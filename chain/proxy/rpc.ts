import http from 'node:http'
import https from 'node:https'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { WHOLE_NETWORK, type Cable } from '../../protocols/rules/cable.ts'
import { codeOf, Fault, messageOf } from '../../protocols/rules/fault.ts'
import { askSocket, isSocketFile } from '../network/socket.ts'

/** A node that has not answered by then is treated as away; what it did is unknown. */
const DEADLINE_MS = 10_000

/** A reply is read up to here: a block of 8 million gas with its receipts stays under 1 MB. */
const MAX_REPLY_BYTES = 32 * 1024 * 1024

const TRIES = 3
const CUT = 'the cable is cut'
const FIRST_PAUSE_MS = 50

/** Connections kept open to one node; more calls than these wait for a free one. */
const MAX_SOCKETS = 16

export interface RpcCall {
  readonly method: string
  readonly params: readonly unknown[]
}

export interface CallOptions {
  /** For all tries together. */
  readonly deadlineMs?: number
  /**
   * How often it is tried when the node is away. Every call we make may be repeated, a signed transaction
   * too.
   */
  readonly tries?: number
}

/**
 * JSON-RPC to one node. Faults: `rpc-unreachable` nothing was sent; `rpc-unknown` it was sent and no
 * answer came, so it may have been done; `rpc-garbage` an answer that is no JSON-RPC or not what the
 * method returns; `rpc-refused` the node's own error, with `rpcCode`, `rpcMessage` and `data` (hex, from
 * a revert) among the facts.
 */
export interface Rpc {
  readonly url: string
  call<T>(method: string, params: readonly unknown[], reply: z.ZodType<T>, options?: CallOptions): Promise<T>
  /** Several calls in one request; the answers in the same order. Throws the first refusal. */
  batch(calls: readonly RpcCall[], options?: CallOptions): Promise<unknown[]>
  close(): void
}

/*
 * A thin client on node's own keep-alive agent. Measured against anvil: 0.4 ms of processor time a call;
 * global fetch 1.5 ms; ethers' JsonRpcProvider 1.2 to 2.2 ms (docs/decisions/060-storage-and-proxy.md).
 */

const errorSchema = z.object({ code: z.number(), message: z.string(), data: z.unknown().optional() })
const replySchema = z.object({
  id: z.number(),
  result: z.unknown().optional(),
  error: errorSchema.optional(),
})
type Reply = z.infer<typeof replySchema>

const retryable = new Set(['rpc-unreachable', 'rpc-unknown', 'rpc-garbage'])

export interface RpcOptions {
  readonly url: string
  readonly deadlineMs?: number
  /** While it is cut every call is refused, those on their way too. */
  readonly cable?: Cable
}

interface Wire {
  /** The text of the answer. Faults: `rpc-unreachable`, `rpc-unknown`. */
  post(body: string, limitMs: number): Promise<string>
  close(): void
}

/** Requests over kept connections, until the cable is cut. */
function createWire(url: string, cable: Cable): Wire {
  const target = new URL(url)
  const secure = target.protocol === 'https:'
  const settings = { keepAlive: true, maxSockets: MAX_SOCKETS }
  const agent = secure ? new https.Agent(settings) : new http.Agent(settings)
  const request = secure ? https.request : http.request
  const underWay = new Set<http.ClientRequest>()
  const forgetCable = cable.onCut(() => {
    for (const outgoing of underWay) outgoing.destroy(new Error(CUT))
    agent.destroy()
  })
  const post = (body: string, limitMs: number): Promise<string> =>
    new Promise((resolve, reject) => {
      let sent = false
      const failed = (reason: string): void => reject(away(sent, url, reason))
      if (cable.isCut()) return failed(CUT)
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
      const outgoing = request(target, { method: 'POST', agent, headers }, (incoming) => {
        collect(incoming).then(resolve, (thrown: unknown) => failed(String(thrown)))
        incoming.on('close', () => clearTimeout(timer))
      })
      const timer = setTimeout(() => outgoing.destroy(new Error(`no answer in ${limitMs} ms`)), limitMs)
      underWay.add(outgoing)
      outgoing.on('close', () => underWay.delete(outgoing))
      outgoing.on('finish', () => (sent = true))
      outgoing.on('error', (error) => {
        clearTimeout(timer)
        failed(error.message)
      })
      outgoing.end(body)
    })

  return {
    post,
    close: () => {
      forgetCable()
      agent.destroy()
    },
  }
}

/** Requests over the socket file of a node on this machine, a connection each, until the cable is cut. */
function createSocketWire(path: string, cable: Cable): Wire {
  const underWay = new Set<Socket>()
  const drop = (): void => {
    for (const socket of underWay) socket.destroy(new Error(CUT))
  }
  const forgetCable = cable.onCut(drop)
  return {
    post: async (body, limitMs) => {
      if (cable.isCut()) throw away(false, path, CUT)
      let socket: Socket | undefined
      try {
        return await askSocket(path, body, { limitMs, most: MAX_REPLY_BYTES }, (opened) => {
          socket = opened
          underWay.add(opened)
          opened.on('close', () => underWay.delete(opened))
        })
      } catch (thrown) {
        throw away((socket?.bytesWritten ?? 0) > 0, path, messageOf(thrown))
      }
    },
    close: () => {
      forgetCable()
      drop()
    },
  }
}

/** Opens nothing until the first call; `url` may be the path of a node's socket file. */
export function createRpc(options: RpcOptions): Rpc {
  const { url, deadlineMs = DEADLINE_MS, cable = WHOLE_NETWORK.chain } = options
  const wire = isSocketFile(url) ? createSocketWire(url, cable) : createWire(url, cable)
  let lastId = 0

  const exchange = async (calls: readonly RpcCall[], limitMs: number): Promise<Reply[]> => {
    const first = lastId + 1
    lastId += calls.length
    const bodies = calls.map(({ method, params }, index) => ({
      jsonrpc: '2.0',
      id: first + index,
      method,
      params,
    }))
    const text = await wire.post(JSON.stringify(bodies.length === 1 ? bodies[0] : bodies), limitMs)
    const replies = parseReplies(text, url)
    const byId = new Map(replies.map((reply) => [reply.id, reply]))
    return bodies.map(({ id, method }) => byId.get(id) ?? missing(url, method))
  }

  const batch = async (calls: readonly RpcCall[], options: CallOptions = {}): Promise<unknown[]> => {
    const tries = options.tries ?? TRIES
    const limitMs = options.deadlineMs ?? deadlineMs
    const end = performance.now() + limitMs
    for (let attempt = 1; ; attempt += 1) {
      try {
        const replies = await exchange(calls, Math.max(1, end - performance.now()))
        return replies.map((reply, index) => resultOf(reply, calls[index]?.method ?? ''))
      } catch (thrown) {
        const pauseMs = FIRST_PAUSE_MS * 3 ** (attempt - 1)
        const late = performance.now() + pauseMs >= end
        if (late || attempt >= tries || !retryable.has(codeOf(thrown))) throw thrown
        await sleep(pauseMs)
      }
    }
  }

  return {
    url,
    batch,
    call: async (method, params, reply, options) => {
      const [result] = await batch([{ method, params }], options)
      return checked(reply, result, url, method)
    },
    close: () => wire.close(),
  }
}

/** `result` as `reply` describes it, or `rpc-garbage` that names the method and the field. */
export function checked<T>(reply: z.ZodType<T>, result: unknown, url: string, method: string): T {
  const parsed = reply.safeParse(result)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const field = issue?.path.join('.') ?? ''
  throw new Fault('rpc-garbage', `${url} answered ${method} with a wrong ${field}: ${issue?.message ?? ''}`, {
    url,
    method,
    field,
  })
}

function away(sent: boolean, url: string, reason: string): Fault {
  const code = sent ? 'rpc-unknown' : 'rpc-unreachable'
  const told = sent ? 'gave no answer, what it did is unknown' : 'cannot be reached'
  return new Fault(code, `${url} ${told}: ${reason}. Check that the chain node runs there`, { url, reason })
}

async function collect(incoming: http.IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of incoming) {
    if (!Buffer.isBuffer(part)) continue
    length += part.length
    if (length > MAX_REPLY_BYTES) {
      incoming.destroy()
      throw new Error(`answer longer than ${MAX_REPLY_BYTES} bytes`)
    }
    parts.push(part)
  }
  if (!incoming.complete) throw new Error('answer cut off')
  return Buffer.concat(parts).toString('utf8')
}

function parseReplies(text: string, url: string): Reply[] {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw new Fault('rpc-garbage', `${url} answered no JSON: ${text.slice(0, 60)}`, { url })
  }
  const replies = z.array(replySchema).safeParse(Array.isArray(parsed) ? parsed : [parsed])
  if (!replies.success)
    throw new Fault('rpc-garbage', `${url} answered no JSON-RPC: ${text.slice(0, 60)}`, { url })
  return replies.data
}

function missing(url: string, method: string): never {
  throw new Fault('rpc-garbage', `${url} left ${method} unanswered`, { url, method })
}

/** Geth puts the revert data under `data`, other nodes an object around it. */
function revertData(data: unknown): string | null {
  if (typeof data === 'string') return /^0x[0-9a-f]*$/iu.test(data) ? data : null
  if (typeof data === 'object' && data !== null && 'data' in data) return revertData(data.data)
  return null
}

function resultOf(reply: Reply, method: string): unknown {
  const { error } = reply
  if (error === undefined) return reply.result
  throw new Fault('rpc-refused', `the node refused ${method}: ${error.message}`, {
    method,
    rpcCode: error.code,
    rpcMessage: error.message,
    data: revertData(error.data),
  })
}
