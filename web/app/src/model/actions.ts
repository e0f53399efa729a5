import type { CalibrateBody, Refusal } from '../../../messages.ts'
import { isDone, isRefusal, parsed } from './door.ts'
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

export const calibrate = (wanted: CalibrateBody): Promise<boolean> => ask('/api/actions/calibrate', wanted)

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

/** Asks the gateway to do something; null when it was done, else why not. */
export async function post(path: string, body: object): Promise<Refusal | null> {
  const answer = await postFor(path, body, isDone)
  return 'code' in answer ? answer : null
}

/** Asks the gateway for something; what it answered, or why it did not. */
export async function postFor<T extends object>(
  path: string,
  body: object,
  isAnswer: (told: unknown) => told is T,
): Promise<T | Refusal> {
  try {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) })
    const told = parsed(await response.text())
    if (response.ok && isAnswer(told)) return told
    return isRefusal(told) ? told : unreachable
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
