import { Fault } from '../../protocols/rules/fault.ts'

/** The headers by which a browser says where a request comes from. */
export interface Provenance {
  readonly method: string
  readonly host: string | undefined
  readonly origin: string | undefined
  readonly fetchSite: string | undefined
  readonly contentType: string | undefined
}

const READ_ONLY = new Set(['GET', 'HEAD'])

/**
 * Refuses a request that was addressed to another name (DNS rebinding: a foreign page that resolves its
 * own name to this machine), or that another site's page sent. Programs send neither Origin nor Sec-Fetch-
 * Site and pass.
 */
export function checkDoor(from: Provenance, scheme: 'http' | 'https', names: readonly string[]): void {
  const host = hostnameOf(`${scheme}://${from.host ?? ''}`)
  if (host === null || !names.includes(host)) throw foreignHost(from.host, names)
  if (READ_ONLY.has(from.method)) return
  if (from.origin !== undefined && from.origin !== `${scheme}://${from.host ?? ''}`) {
    throw foreignOrigin(from.origin)
  }
  if (from.fetchSite !== undefined && from.fetchSite !== 'same-origin') throw foreignOrigin(from.fetchSite)
  if (from.contentType?.split(';')[0]?.trim().toLowerCase() !== 'application/json')
    throw notJson(from.contentType)
}

/** The name or address within a URL, without brackets and port; null when there is none. */
export function hostnameOf(url: string): string | null {
  try {
    return new URL(url).hostname.replace(/^\[|\]$/g, '').toLowerCase()
  } catch {
    return null
  }
}

function foreignHost(host: string | undefined, names: readonly string[]): Fault {
  const expected = `one of ${names.join(', ')}`
  return new Fault('foreign-host', `this gateway does not answer for the name ${host ?? '(none)'}`, {
    field: 'Host',
    expected,
    fix: 'open the address that the gateway printed',
  })
}

function foreignOrigin(origin: string): Fault {
  return new Fault('foreign-origin', 'actions are taken only from this gateway’s own page', {
    field: 'Origin',
    expected: 'the address of this page',
    got: origin.slice(0, 80),
    fix: 'open the page of the gateway and act there',
  })
}

function notJson(contentType: string | undefined): Fault {
  return new Fault('not-json', 'an action is sent as JSON', {
    field: 'Content-Type',
    expected: 'application/json',
    got: contentType?.slice(0, 80) ?? null,
    fix: 'send the header Content-Type: application/json',
  })
}
