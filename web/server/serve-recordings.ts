import { open, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import helmet from '@fastify/helmet'
import fastifyStatic from '@fastify/static'
import Fastify, { type FastifyInstance } from 'fastify'
import { z } from 'zod'
import { Fault } from '../../protocols/rules/fault.ts'
import { answerTo } from './answers.ts'
import { isBuilt } from './app-folder.ts'
import { checkDoor } from './doors.ts'
import { POLICY } from './guards.ts'
import { LOOPBACK_NAMES } from './names.ts'
import { unbuiltPage } from './plain-page.ts'
import { listenFault } from './port.ts'

/** The state-chart page over recordings, on this machine only. */
export interface RecordingPages {
  readonly url: string
  close(): Promise<void>
}

export interface RecordingPagesOptions {
  readonly files: readonly string[]
  readonly port: number
  /** The built page. */
  readonly appFolder: string
}

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

function addRecordings(app: FastifyInstance, files: readonly string[]): void {
  app.get('/recordings', async (_request, reply) => {
    const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size))
    const list = files.map((file, number) => ({ number, name: basename(file), bytes: sizes[number] ?? 0 }))
    return reply.header('cache-control', 'no-store').send(list)
  })
  app.get('/recordings/:number', async (request, reply) => {
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

/**
 * Serves recordings and the page that shows them. It listens on loopback only: a recording says when a home
 * does what. Throws `port-taken`, `port-denied`.
 */
export async function serveRecordings(options: RecordingPagesOptions): Promise<RecordingPages> {
  const { files, port, appFolder } = options
  const app = Fastify({ logger: false, forceCloseConnections: true })
  app.addHook('onRequest', async ({ headers, method }) => {
    const provenance = { method, host: headers.host, origin: undefined, fetchSite: undefined }
    checkDoor({ ...provenance, contentType: headers['content-type'] }, 'http', LOOPBACK_NAMES)
  })
  await app.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: POLICY },
    strictTransportSecurity: false,
    crossOriginEmbedderPolicy: false,
  })
  app.setErrorHandler((thrown, _request, reply) => {
    const { status, refusal } = answerTo(thrown)
    return reply.code(status).header('cache-control', 'no-store').send(refusal)
  })
  addRecordings(app, files)
  if (isBuilt(appFolder)) await app.register(fastifyStatic, { root: appFolder })
  else app.get('/', (_request, reply) => reply.code(503).type('text/html; charset=utf-8').send(unbuiltPage()))
  const listen = { host: '127.0.0.1', port }
  await app.listen(listen).catch((thrown: unknown) => {
    throw listenFault(thrown, listen)
  })
  const address = app.server.address()
  const number = address === null || typeof address === 'string' ? port : address.port
  return { url: `http://localhost:${number}/`, close: () => app.close() }
}
