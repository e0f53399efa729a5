import { z } from 'zod'
import { Fault, messageOf } from '../../../protocols/rules/fault.ts'
import { askSocket } from '../socket.ts'

const DEADLINE_MS = 10_000
/** The longest answer read: a status is a few kilobytes, a contract's whole storage some megabytes. */
const ANSWER_MOST = 256 * 1024 * 1024

const answerSchema = z.object({
  result: z.unknown().optional(),
  error: z.object({ code: z.number(), message: z.string() }).optional(),
})

/** Asks a node over its socket file, which only the node's own account may open. */
export interface Ipc {
  readonly path: string
  /** Faults: `ipc-unreachable` (no node listens, or gives no answer), `rpc-refused`, `rpc-garbage`. */
  ask<T>(method: string, params: readonly unknown[], reply: z.ZodType<T>, deadlineMs?: number): Promise<T>
}

/** Opens nothing until it is asked; each question has a connection of its own. */
export function createIpc(path: string): Ipc {
  return {
    path,
    async ask(method, params, reply, deadlineMs = DEADLINE_MS) {
      const line = await exchange(path, JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }), deadlineMs)
      const answer = answerSchema.safeParse(jsonOf(line))
      if (!answer.success) throw garbage(path, method, 'no JSON-RPC')
      const { error, result } = answer.data
      if (error !== undefined) throw new Fault('rpc-refused', `${method}: ${error.message}`, { method, path })
      const parsed = reply.safeParse(result)
      if (parsed.success) return parsed.data
      throw garbage(path, method, `a wrong ${parsed.error.issues[0]?.path.join('.') ?? ''} field`)
    },
  }
}

async function exchange(path: string, question: string, deadlineMs: number): Promise<string> {
  try {
    return await askSocket(path, question, { limitMs: deadlineMs, most: ANSWER_MOST })
  } catch (thrown) {
    const reason = messageOf(thrown)
    const message = `${path}: no answer (${reason}); is this node running, and is it yours?`
    throw new Fault('ipc-unreachable', message, { path, reason })
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function garbage(path: string, method: string, what: string): Fault {
  return new Fault('rpc-garbage', `${path} answered ${method} with ${what}`, { path, method })
}
