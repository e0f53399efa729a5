import { setTimeout as sleep } from 'node:timers/promises'
import { Fault, messageOf } from '../../protocols/rules/fault.ts'

/** One JSON-RPC request. */
export interface RpcRequest {
  readonly method: string
  readonly params: readonly unknown[]
}

/** A node that answers many requests at once, in their order; any refusal is a `cannot-read` fault. */
export interface RpcReader {
  readonly url: string
  call(method: string, params: readonly unknown[]): Promise<unknown>
  all(requests: readonly RpcRequest[]): Promise<unknown[]>
}

/**
 * Requests in one HTTP body: enough to hide the round trip, few enough that a reply stays a few megabytes.
 */
const BATCH_SIZE = 100
/** HTTP bodies under way at once. */
const IN_FLIGHT = 3
/** A node that does not answer a batch within this time is not going to. */
const TIMEOUT_MS = 60_000
/** A request is made this often before its node counts as away, with rising pauses between. */
const TRIES = 3
const RETRY_MS = 100
/** A reply larger than this is refused before it is parsed. */
const MAX_REPLY_BYTES = 256 * 1024 * 1024

/** The fault of a node or file that cannot be read: exit code 2, no judgement passed. */
export function cannotRead(what: string, fix: string): Fault {
  return new Fault('cannot-read', `${what}; ${fix}`, { what, fix })
}

/** Speaks JSON-RPC over HTTP to `url` in bounded batches. */
export function createRpcReader(url: string): RpcReader {
  const all = async (requests: readonly RpcRequest[]): Promise<unknown[]> => {
    const parts = split(requests, BATCH_SIZE)
    const answers = await inOrder(parts, IN_FLIGHT, (part) => postBatch(url, part))
    return answers.flat()
  }
  return { url, all, call: async (method, params) => (await all([{ method, params }]))[0] }
}

/** Runs `work` over `items` with at most `width` under way; the answers keep the order of the items. */
export async function inOrder<T, R>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const answers = new Map<number, R>()
  const queue = items.entries()
  const worker = async () => {
    for (const [index, item] of queue) answers.set(index, await work(item))
  }
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker))
  return [...answers].sort(([left], [right]) => left - right).map(([, answer]) => answer)
}

/** Cuts a list into parts of at most `size`. */
export function split<T>(items: readonly T[], size: number): T[][] {
  const parts: T[][] = []
  for (let from = 0; from < items.length; from += size) parts.push(items.slice(from, from + size))
  return parts
}

async function postBatch(url: string, requests: readonly RpcRequest[]): Promise<unknown[]> {
  const body = requests.map(({ method, params }, id) => ({ jsonrpc: '2.0', id, method, params }))
  const reply = parseReply(url, await post(url, JSON.stringify(body)))
  const byId = new Map(reply.map((entry) => [entry.id, entry]))
  return requests.map(({ method }, id) => {
    const entry = byId.get(id)
    if (entry === undefined) throw cannotRead(`${url} left ${method} unanswered`, 'ask another node')
    if (entry.error !== undefined) {
      throw cannotRead(`${url} refused ${method}: ${entry.error}`, 'use a node that serves the whole history')
    }
    return entry.result
  })
}

/**
 * Reading changes nothing, so a broken connection (a node that just closed an idle one) is simply tried
 * again.
 */
async function post(url: string, body: string): Promise<string> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await postOnce(url, body)
    } catch (thrown) {
      if (tries < TRIES) await sleep(tries * RETRY_MS)
      else throw unanswered(url, thrown)
    }
  }
}

async function postOnce(url: string, body: string): Promise<string> {
  const headers = { 'content-type': 'application/json' }
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  const response = await fetch(url, { method: 'POST', headers, body, signal })
  if (Number(response.headers.get('content-length') ?? 0) > MAX_REPLY_BYTES) {
    throw new Error(`reply over ${MAX_REPLY_BYTES} bytes`)
  }
  return response.text()
}

function unanswered(url: string, thrown: unknown): Fault {
  const cause = thrown instanceof Error && thrown.cause !== undefined ? messageOf(thrown.cause) : ''
  const why = [messageOf(thrown), cause].filter((part) => part !== '').join(': ')
  return cannotRead(
    `no JSON-RPC node answers at ${url} (${why})`,
    'start the community or give the right --rpc',
  )
}

interface ReplyEntry {
  readonly id: number
  readonly result: unknown
  readonly error: string | undefined
}

function parseReply(url: string, text: string): ReplyEntry[] {
  const garbled = () => cannotRead(`${url} does not speak batched JSON-RPC`, 'give the --rpc of a chain node')
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw garbled()
  }
  if (!Array.isArray(parsed)) throw garbled()
  return parsed.map((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null || !('id' in entry)) throw garbled()
    const error = 'error' in entry && entry.error !== null ? errorText(entry.error) : undefined
    return { id: Number(entry.id), result: 'result' in entry ? entry.result : undefined, error }
  })
}

function errorText(error: unknown): string | undefined {
  if (error === undefined) return undefined
  if (typeof error === 'object' && error !== null && 'message' in error) return String(error.message)
  return JSON.stringify(error)
}
