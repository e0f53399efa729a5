import http from 'node:http'
import type { Socket } from 'node:net'
import { z } from 'zod'

/** How the way to the node is broken. */
export type Mood =
  | { kind: 'good' }
  /** Connections are cut before anything is read. */
  | { kind: 'cut' }
  /** Requests are read and never answered. */
  | { kind: 'hang' }
  /** Requests reach the node, the answer is lost half way. */
  | { kind: 'lose' }
  | { kind: 'slow'; ms: number }
  /** An answer that is no JSON. */
  | { kind: 'garbage' }
  /**
   * Somebody is told of a request before the node gets it, or before its answer goes back: it goes no
   * further, unless they say `goes on`.
   */
  | { kind: 'watch'; at: 'before' | 'after'; method: string; see: () => unknown }
  /** Changes what the node answers to a method. */
  | { kind: 'lie'; method: string; change: (result: unknown, params: readonly unknown[]) => unknown }

export interface BadNode {
  readonly url: string
  mood: Mood
  /** Requests that came since the start. */
  readonly seen: string[]
  stop(): Promise<void>
}

const forward = async (target: string, body: string): Promise<string> => {
  const response = await fetch(target, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  })
  return response.text()
}

const read = async (request: http.IncomingMessage): Promise<string> => {
  let body = ''
  for await (const part of request) body += String(part)
  return body
}

const methodsOf = (body: string): string[] =>
  [...body.matchAll(/"method":"(\w+)"/gu)].map((found) => found[1] ?? '')

type Lie = Extract<Mood, { kind: 'lie' }>
const questions = z.array(z.object({ id: z.number(), method: z.string(), params: z.array(z.unknown()) }))
const answers = z.array(z.looseObject({ id: z.number() }))
const listOf = (text: string): unknown[] => [JSON.parse(text)].flat()

function withLie(body: string, text: string, { method, change }: Lie): string {
  const asked = new Map(questions.parse(listOf(body)).map((each) => [each.id, each]))
  const told = answers.parse(listOf(text)).map((reply) => {
    const question = asked.get(reply.id)
    const isLie = question?.method === method && 'result' in reply
    return isLie ? { ...reply, result: change(reply['result'], question.params) } : reply
  })
  return JSON.stringify(Array.isArray(JSON.parse(text)) ? told : told[0])
}

/** A node in front of the real one that misbehaves on demand. */
export async function startBadNode(target: string): Promise<BadNode> {
  const sockets = new Set<Socket>()
  const seen: string[] = []
  const answer = async (request: http.IncomingMessage, response: http.ServerResponse): Promise<void> => {
    const { mood } = bad
    if (mood.kind === 'cut') return void request.socket.destroy()
    const body = await read(request)
    const methods = methodsOf(body)
    seen.push(...methods)
    if (mood.kind === 'hang') return
    if (mood.kind === 'garbage') return void response.end('<html>busy</html>')
    if (mood.kind === 'slow') await new Promise((resolve) => setTimeout(resolve, mood.ms))
    const watched = mood.kind === 'watch' && methods.includes(mood.method)
    const stops = (at: 'before' | 'after'): boolean => watched && mood.at === at && mood.see() !== 'goes on'
    if (stops('before')) return void request.socket.destroy()
    const text = await forward(target, body)
    if (stops('after')) return void request.socket.destroy()
    if (mood.kind === 'lose') {
      response.writeHead(200, { 'content-length': text.length })
      response.write(text.slice(0, text.length / 2))
      return void setTimeout(() => response.destroy(), 5)
    }
    response.end(mood.kind === 'lie' && methods.includes(mood.method) ? withLie(body, text, mood) : text)
  }
  const server = http.createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  const port = await new Promise<number>((resolve) =>
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(address === null || typeof address === 'string' ? 0 : address.port)
    }),
  )
  const bad: BadNode = {
    url: `http://127.0.0.1:${port}`,
    mood: { kind: 'good' },
    seen,
    stop: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
  return bad
}
