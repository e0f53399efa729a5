import { z } from 'zod'
import { Fault, messageOf } from '../../protocols/rules/fault.ts'
import { askSocket, isSocketFile } from './socket.ts'

const answerSchema = z.object({
  result: z.unknown().optional(),
  error: z.object({ code: z.number(), message: z.string(), data: z.unknown().optional() }).optional(),
})

/** How long a node may take to answer one request. */
const ANSWER_MS = 60_000
const ANSWER_MOST = 32 * 1024 * 1024

/**
 * One JSON-RPC request to a node on this machine. Faults: `rpc-unreachable` (no answer) and `rpc-refused`
 * (the node's own error, with its words, and its `data` when that is text: what a contract reverted with).
 */
export async function rpcCall(
  rpc: string,
  method: string,
  params: readonly unknown[] = [],
  timeoutMs = ANSWER_MS,
): Promise<unknown> {
  const answer = await post(rpc, method, params, timeoutMs)
  if (answer.error === undefined) return answer.result
  const { code, message, data } = answer.error
  const facts = { method, code, rpc, data: typeof data === 'string' ? data : null }
  throw new Fault('rpc-refused', `${method}: ${message}`, facts)
}

async function post(rpc: string, method: string, params: readonly unknown[], timeoutMs: number) {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  try {
    if (isSocketFile(rpc)) {
      return answerSchema.parse(
        JSON.parse(await askSocket(rpc, body, { limitMs: timeoutMs, most: ANSWER_MOST })),
      )
    }
    const response = await fetch(rpc, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      signal: AbortSignal.timeout(timeoutMs),
    })
    return answerSchema.parse(await response.json())
  } catch (thrown) {
    throw new Fault('rpc-unreachable', `${rpc}: no answer to ${method} (${whyOf(thrown)})`, { rpc, method })
  }
}

/** `fetch` keeps the reason in its cause; a shape that is wrong is told in one word, not in all its parts. */
function whyOf(thrown: unknown): string {
  if (thrown instanceof z.ZodError || thrown instanceof SyntaxError) return 'what answers is no chain node'
  const cause = thrown instanceof Error ? thrown.cause : undefined
  return messageOf(cause instanceof Error && cause.message !== '' ? cause : thrown)
}

const hexNumber = z
  .string()
  .regex(/^0x[0-9a-f]+$/)
  .transform(Number)
const blockSchema = z.object({ hash: z.string(), number: hexNumber, timestamp: hexNumber })

/** What tells one chain from another: its id and the hash of its first block. */
export interface ChainIdentity {
  readonly chainId: number
  readonly genesisHash: string
}

/** Asks a node which chain it follows. */
export async function identityOf(rpc: string, timeoutMs?: number): Promise<ChainIdentity> {
  const chainId = hexNumber.safeParse(await rpcCall(rpc, 'eth_chainId', [], timeoutMs))
  const first = await rpcCall(rpc, 'eth_getBlockByNumber', ['0x0', false], timeoutMs)
  const genesis = blockSchema.safeParse(first)
  if (chainId.success && genesis.success) return { chainId: chainId.data, genesisHash: genesis.data.hash }
  throw new Fault('rpc-unreachable', `${rpc}: what answers is no chain node`, { rpc })
}

/** Number of the newest block. */
export async function headNumber(rpc: string): Promise<number> {
  return hexNumber.parse(await rpcCall(rpc, 'eth_blockNumber'))
}
