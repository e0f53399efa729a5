import { request as plainRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as secureRequest } from 'node:https'
import { refusal } from '../web/messages.ts'
import { view, type View } from '../web/read-model.ts'
import { badField, Fault, messageOf } from '../protocols/rules/fault.ts'

/** A gateway's page as a program uses it: what it shows, and what it can be asked to do. */
export interface PageDoor {
  view(): Promise<View>
  /** Asks for an action; throws what the gateway refuses it with. */
  act(action: string, body: object): Promise<void>
}

interface Reply {
  readonly status: number
  readonly text: string
  readonly cookie: string | null
}

/** A gateway answers at once, but a board may need its three tries. */
const PATIENCE_MS = 15_000
/** More than the largest view. */
const REPLY_MOST_BYTES = 4 * 1024 * 1024

/**
 * Opens a gateway's page by the link that it printed, signing in when the link carries its access code.
 * Faults: `bad-field` (no link), `page-away`, and the gateway's own refusals.
 */
export async function openPageDoor(link: string, ca: string | null): Promise<PageDoor> {
  const page = linkOf(link)
  const token = new URLSearchParams(page.hash.slice(1)).get('access')
  const cookies: string[] = []
  const ask = async (path: string, body?: object): Promise<string> => {
    const reply = await send(new URL(path, page), ca, cookies.join('; '), body)
    if (reply.cookie !== null) cookies.splice(0, cookies.length, reply.cookie)
    if (reply.status === 200) return reply.text
    throw refused(reply, page)
  }
  if (token !== null && page.protocol === 'https:') await ask('/api/session', { token })
  return {
    view: async () => view.parse(JSON.parse(await ask('/api/view'))),
    act: async (action, body) => {
      await ask(`/api/actions/${action}`, body)
    },
  }
}

function linkOf(text: string): URL {
  const link = URL.canParse(text) ? new URL(text) : null
  if (link !== null && (link.protocol === 'http:' || link.protocol === 'https:')) return link
  throw badField('--page', 'the link that the gateway printed, https://…', text)
}

function refused({ status, text }: Reply, page: URL): Fault {
  const told = refusal.safeParse(jsonOf(text))
  if (!told.success) return new Fault('page-away', `${page.origin}: answered ${status}, as no gateway does`)
  const { code, message, fix } = told.data
  return new Fault(code, fix === null || message.includes(fix) ? message : `${message}; ${fix}`)
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function send(at: URL, ca: string | null, cookie: string, body?: object): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const give = (thrown: unknown): void => reject(away(at, thrown))
    const options: RequestOptions & { ca?: string } = {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(cookie === '' ? {} : { cookie }),
      },
      signal: AbortSignal.timeout(PATIENCE_MS),
      ...(ca === null ? {} : { ca }),
    }
    const ask = at.protocol === 'https:' ? secureRequest : plainRequest
    const request = ask(at, options, (response) => {
      readReply(response).then(resolve, give)
    })
    request.once('error', give)
    request.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

function readReply(response: IncomingMessage): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    let size = 0
    response.on('data', (part: Buffer) => {
      size += part.length
      if (size > REPLY_MOST_BYTES) response.destroy(new Error('the answer is larger than a page'))
      else parts.push(part)
    })
    response.once('error', reject)
    response.once('end', () => {
      const cookie = response.headers['set-cookie']?.[0]?.split(';')[0] ?? null
      resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString(), cookie })
    })
  })
}

function away({ origin }: URL, thrown: unknown): Fault {
  const why = messageOf(thrown)
  const fix = /certificate/.test(why)
    ? 'give the certificate of its trust page with --ca'
    : 'start the gateway, or give the link that it printed'
  return new Fault('page-away', `--page: ${origin} does not answer (${why}); ${fix}`, { origin })
}
