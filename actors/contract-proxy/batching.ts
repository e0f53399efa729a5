import type { Database } from '../storage/schema.ts'
import type { Intent } from './call.ts'
import type { Merged, OutboxOptions } from './outbox-options.ts'
import { queuedIntents } from './outbox-rows.ts'

/** Intents that go in one call when they wait together (DESIGN §13); more where more are gathered. */
const MAX_MERGED = 4

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

/**
 * Whether all that waits is intents that gather, and more of them may come. Whatever else waits behind them
 * ends it, since calls leave in the order in which they were asked for. The outbox looks again at every
 * block, so that a call is at most one block late.
 */
function isGathering(waiting: readonly Intent[], { gather, mergeable = [] }: OutboxOptions, nowMs: number) {
  const [first] = waiting
  if (first === undefined || gather === undefined || !mergeable.includes(first.kind)) return false
  if (waiting.length >= gather.count || togetherWith(first, waiting) < waiting.length) return false
  const waitedMs = nowMs - first.created_at_ms
  // A clock that was put back says nothing about how long it has been.
  return first.alone === 0 && waitedMs >= 0 && waitedMs < gather.longestMs
}

/** The intents that may go now, oldest first, as many as one call takes; none while they gather. */
export async function readyIntents(
  db: Database,
  account: string,
  options: OutboxOptions,
  hurried: boolean,
): Promise<readonly Intent[]> {
  const most = Math.max(MAX_MERGED, options.gather?.count ?? 1)
  const waiting = await queuedIntents(db, account, most)
  return !hurried && isGathering(waiting, options, options.clock.nowMs()) ? [] : waiting
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
