import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { z } from 'zod'

/** What a lying node answers in place of the truth; returning the truth is honest. */
export type Lie = (method: string, params: readonly unknown[], truth: unknown) => unknown

const request = z.object({ id: z.number(), method: z.string(), params: z.array(z.unknown()) })
const answers = z.array(
  z.object({ id: z.number(), result: z.unknown().optional(), error: z.unknown().optional() }),
)

/** A node between the reader and the true one, which edits replies; `close` ends it. */
export async function lyingNode(
  truth: string,
  lie: Lie,
): Promise<{ rpc: string; close: () => Promise<void> }> {
  const server = createServer((incoming, outgoing) => {
    const parts: Buffer[] = []
    incoming.on('data', (part: Buffer) => parts.push(part))
    incoming.on('end', () => {
      void forward(truth, Buffer.concat(parts).toString(), lie).then(
        (body) => outgoing.end(body),
        () => outgoing.destroy(),
      )
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const close = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return { rpc: `http://127.0.0.1:${port}`, close }
}

async function forward(truth: string, body: string, lie: Lie): Promise<string> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(truth, { method: 'POST', headers, body })
  const questions: unknown = JSON.parse(body)
  const alone = !Array.isArray(questions)
  const asked = new Map(
    z
      .array(request)
      .parse(alone ? [questions] : questions)
      .map((each) => [each.id, each]),
  )
  const reply: unknown = await response.json()
  const told = answers.parse(Array.isArray(reply) ? reply : [reply]).map(({ id, result, error }) => {
    const { method, params } = asked.get(id) ?? { method: '', params: [] }
    return error === undefined
      ? { jsonrpc: '2.0', id, result: lie(method, params, result) }
      : { jsonrpc: '2.0', id, error }
  })
  return JSON.stringify(alone ? told[0] : told)
}

/** 0x hexadecimal with one bit of one byte changed. */
export function flipped(hex: string, byte: number, bit = 0): string {
  const bytes = Buffer.from(hex.slice(2), 'hex')
  const at = byte % bytes.length
  bytes[at] = (bytes[at] ?? 0) ^ (1 << bit)
  return `0x${bytes.toString('hex')}`
}
