import type { Simulated } from '../../../market-messages.ts'
import type { AlarmEvent, ReadingEvent, Refusal } from '../../../messages.ts'
import type { View } from '../../../read-model.ts'

/**
 * What comes from the gateway. It is this page's own origin and checked every field against its schema
 * before sending, so the page only makes sure that it is the kind of thing it asked for (an older page may
 * meet a newer gateway).
 */

/** The value of a JSON text; undefined when it is none. */
export function parsed(text: unknown): unknown {
  try {
    return typeof text === 'string' ? JSON.parse(text) : undefined
  } catch {
    return undefined
  }
}

export const isView = (told: unknown): told is View =>
  has(told, 'role', 'members') || has(told, 'role', 'boards')
export const isReading = (told: unknown): told is ReadingEvent => has(told, 'slot', 'meanPowerW')
export const isAlarm = (told: unknown): told is AlarmEvent => has(told, 'severity', 'atMs')
export const isRefusal = (told: unknown): told is Refusal => has(told, 'code', 'message')
export const isDone = (told: unknown): told is { readonly ok: true } => has(told, 'ok')
export const isSimulated = (told: unknown): told is Simulated => has(told, 'fromMs', 'decisions')
export const isTime = (told: unknown): told is number => typeof told === 'number'

function has(told: unknown, ...names: readonly string[]): boolean {
  return typeof told === 'object' && told !== null && names.every((name) => name in told)
}
