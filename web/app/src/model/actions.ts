import type { Refusal } from '../../../messages.ts'
import { isRefusal, parsed } from './door.ts'
import { failure, link } from './live.ts'
import { tryNow } from './stream.ts'

/** Asks the gateway to do something; true when it was done, else the reason is shown. */
export async function ask(path: string, body: object): Promise<boolean> {
  const refused = await post(path, body)
  failure.value = refused
  return refused === null
}

export const acknowledgeAlarm = (id: string): Promise<boolean> =>
  ask('/api/actions/acknowledge-alarm', { id })
export const demandProof = (period: number, resource: 'energy' | 'power' | 'water'): Promise<boolean> =>
  ask('/api/actions/demand-proof', { period, resource })
export const restorePower = (): Promise<boolean> => ask('/api/actions/restore-power', {})
export const setValve = (open: boolean): Promise<boolean> => ask('/api/actions/valve', { open })

/** Signs this device in by the code of the gateway's link. */
export async function signIn(token: string): Promise<boolean> {
  const done = await ask('/api/session', { token })
  if (done) {
    link.value = 'connecting'
    tryNow()
  }
  return done
}

/** Signs in by the code in the address, if there is one, and takes it out of the address at once. */
export async function signInByLink(): Promise<void> {
  const token = new URLSearchParams(location.hash.slice(1)).get('access')
  if (token === null) return
  history.replaceState(null, '', location.pathname)
  const refused = await post('/api/session', { token })
  // A plain loopback port knows no sessions: the link works there too, with nothing to do.
  if (refused !== null && refused.code !== 'not-found') failure.value = refused
}

async function post(path: string, body: object): Promise<Refusal | null> {
  try {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) })
    if (response.ok) return null
    const refusal = parsed(await response.text())
    return isRefusal(refusal) ? refusal : unreachable
  } catch {
    return unreachable
  }
}

const unreachable: Refusal = {
  code: 'unreachable',
  message: 'The gateway did not answer.',
  field: null,
  expected: null,
  fix: 'Try again when the page says Live.',
}
