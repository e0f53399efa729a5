import { setMaxListeners } from 'node:events'

/** A signal that aborts after a time, or when another does, whichever is first. */
export interface Deadline {
  readonly signal: AbortSignal
  /** Aborts now. */
  abort(): void
  /** Forgets the timer and the other signal; to be called when the work is done. */
  clear(): void
}

/**
 * `AbortSignal.any` on Node 20 keeps each combination alive as long as its longest-lived part; this one
 * leaves nothing behind on a signal that lives as long as the gateway.
 */
export function deadline(ms: number, outer?: AbortSignal): Deadline {
  const controller = new AbortController()
  setMaxListeners(0, controller.signal)
  const abort = (): void => controller.abort()
  const timer = setTimeout(abort, ms)
  if (outer?.aborted === true) abort()
  else outer?.addEventListener('abort', abort, { once: true })
  return {
    signal: controller.signal,
    abort,
    clear: () => {
      clearTimeout(timer)
      outer?.removeEventListener('abort', abort)
    },
  }
}

/** Runs something under a deadline and tidies up after it. */
export async function within<T>(
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
  outer?: AbortSignal,
): Promise<T> {
  const limit = deadline(ms, outer)
  try {
    return await work(limit.signal)
  } finally {
    limit.clear()
  }
}
