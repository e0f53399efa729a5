import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import { Fault } from '../../protocols/rules/fault.ts'
import { answerTo } from './answers.ts'
import { checkDoor } from './doors.ts'
import type { PageLogger } from './logger.ts'
import type { Port } from './port.ts'
import type { PageApp } from './routes.ts'

/** Requests a minute from one address, page loads included. */
export const MAX_REQUESTS_PER_MINUTE = 600

/** A page may load from its own gateway only, and runs no script or style that stands inside a document. */
export const POLICY = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  imgSrc: ["'self'"],
  fontSrc: ["'self'"],
  connectSrc: ["'self'"],
  manifestSrc: ["'self'"],
  workerSrc: ["'self'"],
  baseUri: ["'none'"],
  formAction: ["'none'"],
  frameAncestors: ["'none'"],
}

/**
 * What stands before every route: security headers, where a request comes from, how often, and how it
 * is refused.
 */
export async function addGuards(app: PageApp, port: Port, logger: PageLogger): Promise<void> {
  app.addHook('onRequest', async (request) => {
    const { headers, method } = request
    const provenance = {
      method,
      host: headers.host,
      origin: headers.origin,
      fetchSite: single(headers['sec-fetch-site']),
      contentType: headers['content-type'],
    }
    checkDoor(provenance, port.scheme, port.names())
  })
  await app.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: POLICY },
    // A promise of HTTPS would cover every port of this name, the plain loopback one included.
    strictTransportSecurity: false,
    crossOriginEmbedderPolicy: false,
  })
  await app.register(rateLimit, {
    global: true,
    max: MAX_REQUESTS_PER_MINUTE,
    timeWindow: 60_000,
    errorResponseBuilder: (_request, context) =>
      new Fault('too-many-requests', `too many requests; wait ${Math.ceil(context.ttl / 1000)} s`, {
        field: 'requests',
        expected: `at most ${context.max} a minute`,
        fix: 'wait a moment',
      }),
  })
  app.setErrorHandler((thrown, request, reply) => {
    const { status, refusal } = answerTo(thrown)
    if (status >= 500)
      logger.error({ path: request.routeOptions.url, fault: String(thrown) }, refusal.message)
    return reply.code(status).header('cache-control', 'no-store').send(refusal)
  })
  app.setNotFoundHandler((request, reply) => {
    const facts = { field: 'path', expected: 'a path of /openapi.json', fix: 'see /openapi.json' }
    const { status, refusal } = answerTo(
      new Fault('not-found', `nothing is at ${request.method} there`, facts),
    )
    return reply.code(status).send(refusal)
  })
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header
}
