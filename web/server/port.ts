import { createServer, type Server } from 'node:https'
import { join } from 'node:path'
import type { FastifyServerFactory } from 'fastify'
import type { Clock, RandomSource } from '../../protocols/rules/clock.ts'
import { Fault, messageOf } from '../../protocols/rules/fault.ts'
import { loadCertificates, type Certificates } from './certificates.ts'
import type { PageLogger } from './logger.ts'
import { isLoopback, localNames, LOOPBACK_NAMES } from './names.ts'

/** How often the certificate is looked at: a lease of the router may have changed the address. */
const CHECK_MS = 10 * 60 * 1000

/** Where the pages are served. */
export interface ListenOptions {
  /** An address or name of this machine; `0.0.0.0` for all, only with `https`. */
  readonly host: string
  /** 0 for any free port. */
  readonly port: number
  readonly https?: {
    /**
     * The gateway's data folder; keys and the access link are kept below it, readable by their owner
     * only.
     */
    readonly folder: string
    /** More names under which the gateway is reached, beside this machine's own. */
    readonly names?: readonly string[]
  }
}

/** What a port is made of: plain on loopback, or HTTPS with the gateway's own authority. */
export interface Port {
  readonly scheme: 'http' | 'https'
  /** The names a browser may have asked for. */
  readonly names: () => readonly string[]
  readonly certificates: Certificates | null
  readonly serverFactory: FastifyServerFactory | null
  readonly close: () => void
}

export interface PortParts {
  readonly label: string
  readonly clock: Clock
  readonly random: RandomSource
  readonly logger: PageLogger
  /** How often the certificate is looked at. */
  readonly checkMs?: number
}

/** Prepares a port. Throws Fault `https-required` for a plain port that others could reach. */
export async function preparePort(listen: ListenOptions, parts: PortParts): Promise<Port> {
  if (listen.https !== undefined) return securePort(listen, listen.https.folder, parts)
  if (!isLoopback(listen.host)) throw httpsRequired(listen.host)
  const names = [...new Set([...LOOPBACK_NAMES, listen.host])]
  return {
    scheme: 'http',
    names: () => names,
    certificates: null,
    serverFactory: null,
    close: () => undefined,
  }
}

async function securePort(listen: ListenOptions, folder: string, parts: PortParts): Promise<Port> {
  const { label, clock, random, logger } = parts
  const extra = [...(listen.https?.names ?? []), ...(isWildcard(listen.host) ? [] : [listen.host])]
  const load = (): Promise<Certificates> =>
    loadCertificates(join(folder, 'tls'), label, localNames(extra), clock, random)
  let current = await load()
  const servers = new Set<Server>()
  const renew = async (): Promise<void> => {
    const next = await load()
    if (next.leaf.cert === current.leaf.cert) return
    current = next
    for (const server of servers) server.setSecureContext(next.leaf)
    logger.info({ names: next.names.length }, 'the page certificate was renewed')
  }
  const timer = setInterval(() => {
    renew().catch((thrown: unknown) => logger.error({ fault: messageOf(thrown) }, 'certificate not renewed'))
  }, parts.checkMs ?? CHECK_MS)
  timer.unref()
  return {
    scheme: 'https',
    names: () => current.names,
    certificates: current,
    serverFactory: (handler) => {
      const server = createServer({ ...current.leaf, minVersion: 'TLSv1.2' }, handler)
      servers.add(server)
      return server
    },
    close: () => clearInterval(timer),
  }
}

/** Whatever `listen` threw, as one clear line. */
export function listenFault(thrown: unknown, listen: ListenOptions): Fault {
  const at = `${listen.host}:${listen.port}`
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unknown'
  const facts = { field: 'listen', host: listen.host, port: listen.port, cause: code }
  if (code === 'EADDRINUSE') {
    const fix = 'stop the program that holds it, or choose another port'
    return new Fault('port-taken', `port ${at} is taken; ${fix}`, { ...facts, fix })
  }
  if (code === 'EACCES') {
    const fix = 'choose a port above 1023'
    return new Fault('port-denied', `port ${at} may not be opened by this user; ${fix}`, { ...facts, fix })
  }
  const fix = 'choose an address or name of this machine'
  return new Fault('port-unusable', `port ${at} cannot be opened (${code}); ${fix}`, { ...facts, fix })
}

function httpsRequired(host: string): Fault {
  const fix = 'give https.folder or listen on localhost'
  const message = `listen.host: ${host} can be reached by others, so its pages need https; ${fix}`
  return new Fault('https-required', message, {
    field: 'listen.host',
    expected: 'a loopback address, or https',
    fix,
  })
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}
