import { open, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { Fault } from '../../protocols/rules/fault.ts'

const CHUNK_BYTES = 256 * 1024
/** How soon what a running community adds is seen. */
const FOLLOW_MS = 100

/** A file from a byte on, and then what is added to it, until the reader goes away. */
async function* followed(file: string, from: number, gone: AbortSignal): AsyncGenerator<Buffer> {
  const handle = await open(file, 'r')
  try {
    let at = from
    while (!gone.aborted) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
      const { bytesRead } = await handle.read(chunk, 0, CHUNK_BYTES, at)
      at += bytesRead
      if (bytesRead > 0) yield chunk.subarray(0, bytesRead)
      else await sleep(FOLLOW_MS, undefined, { signal: gone }).catch(() => undefined)
    }
  } finally {
    await handle.close()
  }
}

const Which = z.object({ number: z.coerce.number().int().min(0) })
const From = z.object({ from: z.coerce.number().int().min(0).default(0) })

const hidden = { schema: { hide: true } }

/**
 * Recordings as the page of the state charts reads them: their list, and each from a byte on, with what is
 * added to it for as long as somebody reads. `admit` throws for whoever may not.
 */
export function addRecordings(
  app: FastifyInstance,
  files: readonly string[],
  admit: (request: FastifyRequest) => void = () => undefined,
): void {
  app.get('/recordings', hidden, async (request, reply) => {
    admit(request)
    const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size))
    const list = files.map((file, number) => ({ number, name: basename(file), bytes: sizes[number] ?? 0 }))
    return reply.header('cache-control', 'no-store').send(list)
  })
  app.get('/recordings/:number', hidden, async (request, reply) => {
    admit(request)
    const { number } = Which.parse(request.params)
    const { from } = From.parse(request.query)
    const file = files[number]
    if (file === undefined)
      throw new Fault('not-found', `there is no recording ${number}`, { field: 'number' })
    const gone = new AbortController()
    reply.raw.once('close', () => gone.abort())
    return reply
      .type('application/x-ndjson; charset=utf-8')
      .header('cache-control', 'no-store')
      .send(Readable.from(followed(file, from, gone.signal)))
  })
}
