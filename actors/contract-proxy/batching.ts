import type { Intent } from './call.ts'
import type { Merged, OutboxOptions } from './outbox-options.ts'

/** Intents that go in one call when they wait together (DESIGN §13). */
export const MAX_MERGED = 4

/**
 * How many of the waiting intents may go with the first: the same kind for the same contract, none parted
 * before.
 */
function togetherWith(first: Intent, waiting: readonly Intent[]): number {
  if (first.alone === 1) return 1
  const apart = waiting.findIndex(
    (one) => one.kind !== first.kind || one.target !== first.target || one.alone === 1,
  )
  return apart === -1 ? waiting.length : apart
}

/** Gas that the merged intents asked for together; undefined when one of them leaves it to the node. */
function gasOf(intents: readonly Intent[]): number | undefined {
  let total = 0
  for (const { gas } of intents) {
    if (gas === null) return undefined
    total += gas
  }
  return total
}

/** The calldata that the first waiting intents make, and how many of them it carries. */
export function mergedOf(first: Intent, waiting: readonly Intent[], options: OutboxOptions): Merged {
  const { merge, mergeable = [] } = options
  const together = waiting.slice(0, togetherWith(first, waiting))
  const made =
    merge === undefined || !mergeable.includes(first.kind)
      ? { data: first.data, taken: 1 }
      : merge(
          first.kind,
          together.map((intent) => intent.data),
        )
  const gas = gasOf(together.slice(0, made.taken))
  return gas === undefined ? made : { gas, ...made }
}
