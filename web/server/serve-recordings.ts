import helmet from '@fastify/helmet'
import fastifyStatic from '@fastify/static'
import Fastify from 'fastify'
import { answerTo } from './answers.ts'
import { isBuilt } from './app-folder.ts'
import { checkDoor } from './doors.ts'
import { POLICY } from './guards.ts'
import { LOOPBACK_NAMES } from './names.ts'
import { unbuiltPage } from './plain-page.ts'
import { listenFault } from './port.ts'
import { addRecordings } from './recordings.ts'

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
