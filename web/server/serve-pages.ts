import { join } from 'node:path'
import swagger from '@fastify/swagger'
import Fastify from 'fastify'
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Clock, RandomSource } from '../../protocols/rules/clock.ts'
import { alarmEvent, readingEvent, type AlarmEvent, type ReadingEvent } from '../messages.ts'
import type { View } from '../read-model.ts'
import { openAccess, type Access } from './access.ts'
import { builtAppFolder } from './app-folder.ts'
import { addCommunity } from './community-routes.ts'
import { CurrentView } from './current-view.ts'
import { addDelegations } from './delegation-routes.ts'
import { addApp, addTrust } from './documents.ts'
import { EventStream } from './event-stream.ts'
import { addGuards } from './guards.ts'
import type { PageLogger } from './logger.ts'
import { addMachines } from './machines-page.ts'
import { addMarket } from './market-routes.ts'
import { linkName } from './names.ts'
import { openApi } from './openapi.ts'
import { listenFault, preparePort, type ListenOptions, type Port } from './port.ts'
import { addActions, addReading, addSession, type PageActions, type PageApp } from './routes.ts'

/** The largest request: a sign-in code or an action. */
export const MAX_BODY_BYTES = 4096

/** What the pages of one gateway are made from. */
export interface PagesOptions {
  /** The gateway as it is now; called at most twice a second and for each page that opens. */
  readonly view: () => View
  /** Calls the listener whenever the view may have changed, however often; returns how to stop. */
  readonly subscribe: (listener: () => void) => () => void
  readonly listen: ListenOptions
  readonly actions: PageActions
  readonly clock: Clock
  readonly random: RandomSource
  readonly logger: PageLogger
  /** What the machines did, for whoever operates the community; a gateway without that page leaves it out. */
  readonly recordings?: readonly string[]
  /** The built app, where it does not lie in the package's own `dist/web/app`. */
  readonly appFolder?: string
  /** The built page of the state charts, where it does not lie in the package's own `dist/web/inspect`. */
  readonly inspectFolder?: string
  readonly heartbeatMs?: number
}

/** The running pages of one gateway. */
export interface Pages {
  /** The page's address, without any secret. */
  readonly url: string
  readonly port: number
  /** What to print for people: the address, on HTTPS with the secret that signs a device in. */
  readonly link: string
  /** SHA-256 of the private authority, to print beside the link; null on plain loopback. */
  readonly fingerprint: string | null
  /** Tells open pages of a reading at once. */
  notifyReading(reading: ReadingEvent): void
  /** Tells open pages of an alarm at once. */
  notifyAlarm(alarm: AlarmEvent): void
  close(): Promise<void>
}

/**
 * Serves the pages of one gateway: plain on loopback, else HTTPS with the gateway's own authority and a
 * sign-in by link.
 * @throws Fault `port-taken`, `port-denied`, `port-unusable`, `https-required`, `certificate-unreadable`,
 * `access-unreadable`
 */
export async function servePages(options: PagesOptions): Promise<Pages> {
  const { clock, random, logger, listen } = options
  const first = options.view()
  const port = await preparePort(listen, { label: first.name, clock, random, logger })
  const access = openAccessOf(listen, first, options)
  const current = new CurrentView(options.view, logger)
  const run = Buffer.from(random(6)).toString('hex')
  const stream = new EventStream({
    run,
    snapshot: () => current.jsonOrNull(),
    nowMs: () => clock.nowMs(),
    ...(options.heartbeatMs === undefined ? {} : { heartbeatMs: options.heartbeatMs }),
  })
  const app = await buildApp(options, { role: first.role, port, access, current, stream })
  const unsubscribe = options.subscribe(() => {
    current.changed()
    stream.viewChanged()
  })
  const close = async (): Promise<void> => {
    unsubscribe()
    port.close()
    stream.close()
    await app.close()
  }
  await open(app, listen, close)
  return running({ app, port, access, stream, listen, logger, close })
}

interface AppParts {
  readonly role: View['role']
  readonly port: Port
  readonly access: Access | null
  readonly current: CurrentView
  readonly stream: EventStream
}

async function buildApp(options: PagesOptions, parts: AppParts): Promise<PageApp> {
  const { port, access } = parts
  const app: PageApp = Fastify({
    logger: false,
    bodyLimit: MAX_BODY_BYTES,
    forceCloseConnections: true,
    requestTimeout: 20_000,
    ...(port.serverFactory === null ? {} : { serverFactory: port.serverFactory }),
  }).withTypeProvider<ZodTypeProvider>()
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  await addGuards(app, port, options.logger)
  await app.register(swagger, openApi)
  const routes = { ...parts, actions: options.actions }
  addReading(app, routes)
  addActions(app, routes)
  addMarket(app, routes)
  addCommunity(app, routes)
  addDelegations(app, routes)
  if (access !== null) addSession(app, access)
  if (port.certificates !== null) addTrust(app, () => options.view().name, port.certificates)
  app.get('/openapi.json', { schema: { hide: true } }, async (_request, reply) =>
    reply.type('application/json; charset=utf-8').send(JSON.stringify(app.swagger())),
  )
  const { recordings, inspectFolder } = options
  if (recordings !== undefined) await addMachines(app, recordings, access, inspectFolder)
  await addApp(app, options.appFolder ?? builtAppFolder())
  return app
}

function openAccessOf(listen: ListenOptions, view: View, options: PagesOptions): Access | null {
  if (listen.https === undefined) return null
  const id = view.account.slice(2, 10).toLowerCase()
  return openAccess(join(listen.https.folder, 'pages'), id, options.clock, options.random)
}

async function open(app: PageApp, listen: ListenOptions, close: () => Promise<void>): Promise<void> {
  try {
    await app.listen({ host: listen.host, port: listen.port })
  } catch (thrown) {
    await close()
    throw listenFault(thrown, listen)
  }
}

interface RunningParts {
  readonly app: PageApp
  readonly port: Port
  readonly access: Access | null
  readonly stream: EventStream
  readonly listen: ListenOptions
  readonly logger: PageLogger
  readonly close: () => Promise<void>
}

function running({ app, port, access, stream, listen, logger, close }: RunningParts): Pages {
  const address = app.server.address()
  const number = address === null || typeof address === 'string' ? listen.port : address.port
  const url = `${port.scheme}://${linkName(listen.host)}:${number}/`
  const link = access === null ? url : `${url}#access=${access.token}`
  return {
    url,
    port: number,
    link,
    fingerprint: port.certificates?.fingerprint ?? null,
    notifyReading: (reading) => {
      const checked = readingEvent.safeParse(reading)
      if (checked.success) stream.send('reading', JSON.stringify(checked.data))
      else logger.error({ fault: checked.error.message }, 'a reading cannot be shown')
    },
    notifyAlarm: (alarm) => {
      const checked = alarmEvent.safeParse(alarm)
      if (checked.success) stream.send('alarm', JSON.stringify(checked.data))
      else logger.error({ fault: checked.error.message }, 'an alarm cannot be shown')
    },
    close,
  }
}
