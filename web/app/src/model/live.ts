import { signal } from '@preact/signals'
import type { View } from '../../../read-model.ts'

/** How this page stands with its gateway. */
export type Link = 'connecting' | 'live' | 'offline' | 'signed-out'

/** The newest view; null until the first has come. */
export const view = signal<View | null>(null)
export const link = signal<Link>('connecting')
/** The gateway's time now; pages never trust a device's own clock, which may be wrong. */
export const nowMs = signal(0)
/** What a screen reader should say next: a new alarm. */
export const announcement = signal('')
/** Why the last action failed; null when it did not. */
export const failure = signal<{ readonly message: string; readonly fix: string | null } | null>(null)
/** Counts readings, so that the live dot beats once for each. */
export const beats = signal(0)

let gatewayMs = 0
let heardAt = 0

/** Sets the gateway's time as it just told it. */
export function setClock(toldMs: number): void {
  gatewayMs = toldMs
  heardAt = performance.now()
  nowMs.value = toldMs
}

/** Lets the gateway's time run on between two words from it. */
export function tick(): void {
  if (gatewayMs > 0) nowMs.value = gatewayMs + (performance.now() - heardAt)
}
