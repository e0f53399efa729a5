import { setTimeout as sleep } from 'node:timers/promises'
import { Fault } from '../../protocols/rules/fault.ts'

const FIRST_PAUSE_MS = 400
const LONGEST_PAUSE_MS = 10_000

/** Answers of a peer after which the same may be taken a little later. */
const PASSING: readonly string[] = [
  'rate-limited',
  'unexpected',
  'message-early',
  'account-unknown',
  'not-open',
]

/** Whether a peer has answered for good, and will answer the same again. */
export function isRefusal(thrown: unknown): thrown is Fault {
  return thrown instanceof Fault && thrown.facts['remote'] === true && !PASSING.includes(thrown.code)
}

export interface Trying {
  /** Whether it is still to be done. */
  readonly isWanted: () => boolean
  /** Ends it when the home closes. */
  readonly signal: AbortSignal
  /** Whether to give up; throws what was thrown then. Without it nothing but the others ends it. */
  readonly isFinal?: (thrown: unknown) => boolean
  /** Told of the first failure only: the others are the same. */
  readonly onFault: (thrown: unknown) => void
}

/**
 * Does something until it succeeds, with growing pauses: a partition only delays. Resolves with null when it
 * is not wanted any more.
 */
export async function keepTrying<T>(work: () => Promise<T>, trying: Trying): Promise<T | null> {
  const { isWanted, signal, isFinal = () => false, onFault } = trying
  let pauseMs = FIRST_PAUSE_MS
  while (isWanted() && !signal.aborted) {
    try {
      return await work()
    } catch (thrown) {
      if (isFinal(thrown)) throw thrown
      if (pauseMs === FIRST_PAUSE_MS) onFault(thrown)
    }
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined)
    pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)
  }
  return null
}
