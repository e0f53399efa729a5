import type { FastifyInstance, FastifyRequest, RawServerDefault, FastifyBaseLogger } from 'fastify'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { Fault } from '../../protocols/rules/fault.ts'
import type { DelegationActions } from '../delegation-model.ts'
import {
  acknowledgeAlarmBody,
  calibrateBody,
  type CalibrateBody,
  demandProofBody,
  done,
  emptyBody,
  health,
  refusal,
  sessionBody,
  valveBody,
} from '../messages.ts'
import { view, type View } from '../read-model.ts'
import type { Access } from './access.ts'
import type { CurrentView } from './current-view.ts'
import type { EventStream } from './event-stream.ts'
import type { MarketActions } from './market-routes.ts'

export type PageApp = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>

/** What a page may ask of its gateway. Each throws a Fault (answered with 409) when it cannot be done. */
export interface PageActions {
  /** The people of the home have seen this alarm. */
  acknowledgeAlarm?(id: string): Promise<void>
  /** Asks the community for the proof of an excess that it asserted against the home. */
  demandProof?(period: number, resource: 'energy' | 'power' | 'water'): Promise<void>
  /** Closes the power board's relay after a trip. */
  restorePower?(): Promise<void>
  /** Opens or closes the water board's valve. */
  setValve?(open: boolean): Promise<void>
  /** Brings what a board measures in line with a reference, or back to the factory's setting. */
  calibrate?(wanted: CalibrateBody): Promise<void>
  /** Ends a delegation between two homes by the community's word; for its manager. */
  endDelegation?(delegation: number): Promise<void>
  /** Lets a member go: its readings are taken no more; for the community's manager. */
  removeHome?(home: string): Promise<void>
  /** Buying and selling; a gateway without a market leaves it out. */
  readonly market?: MarketActions
  /** Delegations to neighbours; a gateway that is no home leaves it out. */
  readonly delegations?: DelegationActions
}

/** What the routes of one gateway are made of. */
export interface RouteParts {
  readonly role: View['role']
  readonly current: CurrentView
  readonly stream: EventStream
  readonly actions: PageActions
  /** Null on a loopback port, which needs no session. */
  readonly access: Access | null
}

/**
 * A page that opens a new stream cannot set a header, so it may name the last event it heard in the
 * address.
 */
const resume = z.strictObject({ after: z.string().max(64).optional() })
export const refusals = { '4xx': refusal, '5xx': refusal }
export const SIGNED_IN = { rateLimit: { max: 60, timeWindow: 60_000 } }
/** A guess at a 256-bit secret is hopeless; this keeps it from being noise. */
const SIGN_IN = { rateLimit: { max: 10, timeWindow: 60_000 } }

/** The view, the event stream, and how the gateway is. */
export function addReading(app: PageApp, parts: RouteParts): void {
  const { current, stream } = parts
  app.get(
    '/api/health',
    { schema: { summary: 'Whether this gateway answers', response: { 200: health, ...refusals } } },
    async () => ({ ok: true as const, role: parts.role }),
  )
  const response = { 200: view, ...refusals }
  app.get('/api/view', { schema: { summary: 'What the page shows', response } }, async (request, reply) => {
    requireSession(request, parts.access)
    reply.header('cache-control', 'no-store')
    return current.value()
  })
  const summary =
    'Server-Sent Events: view at most twice a second, reading and alarm at once, again after Last-Event-ID'
  const events = { 200: { content: { 'text/event-stream': { schema: z.string() } } }, ...refusals }
  app.get(
    '/api/events',
    { schema: { summary, querystring: resume, response: events } },
    async (request, reply) => {
      requireSession(request, parts.access)
      // Each visit starts the device's month anew.
      if (parts.access !== null) reply.header('set-cookie', parts.access.openSession())
      const headers = Object.fromEntries(
        Object.entries(reply.getHeaders()).map(([name, value]) => [name, String(value)]),
      )
      stream.attach(reply.raw, headers, single(request.headers['last-event-id']) ?? request.query.after)
      reply.hijack()
    },
  )
}

/** What people ask of their gateway. */
export function addActions(app: PageApp, parts: RouteParts): void {
  const { actions, access } = parts
  app.post(
    '/api/actions/acknowledge-alarm',
    { config: SIGNED_IN, schema: action('Say that an alarm was seen', acknowledgeAlarmBody) },
    async (request) => {
      requireSession(request, access)
      return perform(actions.acknowledgeAlarm?.(request.body.id))
    },
  )
  app.post(
    '/api/actions/demand-proof',
    { config: SIGNED_IN, schema: action('Ask for the proof of an excess', demandProofBody) },
    async (request) => {
      requireSession(request, access)
      return perform(actions.demandProof?.(request.body.period, request.body.resource))
    },
  )
  app.post(
    '/api/actions/restore-power',
    { config: SIGNED_IN, schema: action('Close the relay after a trip', emptyBody) },
    async (request) => {
      requireSession(request, access)
      return perform(actions.restorePower?.())
    },
  )
  app.post(
    '/api/actions/valve',
    { config: SIGNED_IN, schema: action('Open or close the water valve', valveBody) },
    async (request) => {
      requireSession(request, access)
      return perform(actions.setValve?.(request.body.open))
    },
  )
  app.post(
    '/api/actions/calibrate',
    {
      config: SIGNED_IN,
      schema: action('Bring what a board measures in line with a reference', calibrateBody),
    },
    async (request) => {
      requireSession(request, access)
      return perform(actions.calibrate?.(request.body))
    },
  )
}

/** Signing a device in by the gateway's link, and out again. */
export function addSession(app: PageApp, access: Access): void {
  app.post(
    '/api/session',
    { config: SIGN_IN, schema: action('Sign this device in with the code of the link', sessionBody) },
    async (request, reply) => {
      if (!access.accepts(request.body.token)) throw wrongToken()
      reply.header('set-cookie', access.openSession())
      return { ok: true as const }
    },
  )
  app.post(
    '/api/session/end',
    { config: SIGNED_IN, schema: action('Sign this device out', emptyBody) },
    async (_request, reply) => {
      reply.header('set-cookie', access.endSession())
      return { ok: true as const }
    },
  )
}

function action<Body extends z.ZodType>(summary: string, body: Body) {
  return { summary, body, response: { 200: done, ...refusals } }
}

/** Does what was asked; throws Fault `not-here` where the gateway has no such action. */
export async function perform(work: Promise<void> | undefined): Promise<{ ok: true }> {
  if (work === undefined) throw notOffered()
  await work
  return { ok: true }
}

/** The refusal of an action that this gateway does not have. */
export function notOffered(): Fault {
  return new Fault('not-here', 'this gateway does not offer that action', {
    fix: 'open the page of the home',
  })
}

/** Throws Fault `signed-out` for a device that this gateway does not know. */
export function requireSession(request: FastifyRequest, access: Access | null): void {
  if (access === null || access.holdsSession(request.headers.cookie)) return
  throw new Fault('signed-out', 'this device is not signed in to this gateway', {
    field: 'Cookie',
    expected: 'a session of this gateway',
    fix: 'open the link that the gateway printed when it started',
  })
}

function wrongToken(): Fault {
  return new Fault('wrong-token', 'that access code does not belong to this gateway', {
    field: 'token',
    expected: 'the code at the end of the link that the gateway printed',
    fix: 'copy the whole link again',
  })
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header
}
