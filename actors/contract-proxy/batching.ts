import type { Call, Intent } from './call.ts'
import type { Merged, OutboxSettings } from './outbox-options.ts'

type Gathers = Pick<OutboxSettings<never>, 'gather' | 'mergeable' | 'merge' | 'singly' | 'mendable'>

/** Intents that go in one call when they wait together (DESIGN §13); more where more are gathered. */
const MAX_MERGED = 4
/** … and where one call goes at a time: as many as the contract takes. */
const MAX_MERGED_SINGLY = 16
/** A call in no block after so many may be out of date: others of its kind wait for what becomes of it. */
const SLOW_BLOCKS = 2

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

/** A span of time in which nothing will be ready, unless more is asked for. */
export interface Rest {
  readonly fromMs: number
  readonly untilMs: number
}

/** Nothing waits at all. */
const FOR_EVER: Rest = { fromMs: -Infinity, untilMs: Infinity }

/**
 * Until when all that waits is intents that gather, and more may come. Whatever else waits behind them
 * ends it, since calls leave in the order in which they were asked for. The outbox looks again at every
 * block, so that a call is at most one block late.
 */
function gathering(waiting: readonly Intent[], { gather, mergeable = [] }: Gathers): Rest | undefined {
  const [first] = waiting
  if (first === undefined || gather === undefined || !mergeable.includes(first.kind)) return undefined
  if (waiting.length >= gather.count || togetherWith(first, waiting) < waiting.length) return undefined
  const fromMs = first.created_at_ms
  return first.alone === 0 ? { fromMs, untilMs: fromMs + gather.longestMs } : undefined
}

/** A clock that was put back says nothing about how long it has been. */
export const isWithin = (nowMs: number, rest: Rest | undefined): rest is Rest =>
  rest !== undefined && nowMs >= rest.fromMs && nowMs < rest.untilMs

/** Kinds whose order counts, while the contract may yet refuse an earlier call of them. */
export function heldKinds(calls: readonly Call[], options: Gathers, head: number): readonly string[] {
  const { mergeable = [], singly, mendable } = options
  if (mendable === undefined) return []
  const holdsUp = ({ isOutside, context }: Call): boolean => {
    if (!isOutside) return !context.ok
    const slow = context.replacements > 0 || head - context.sinceBlock >= SLOW_BLOCKS
    return slow || singly?.() === true
  }
  return mergeable.filter((kind) => calls.some((call) => call.row.kind === kind && holdsUp(call)))
}

/** What decides whether waiting intents may go. */
interface Readiness {
  readonly hurried: boolean
  /** Kinds of which an earlier call must be decided first. */
  readonly held: readonly string[]
}

/** The intents that may go now; where there are none, how long that will be so. */
interface Ready {
  readonly intents: readonly Intent[]
  readonly rest?: Rest
}

/** The intents that may go now, oldest first, as many as one call takes; none while they gather. */
export async function readyIntents<T>(
  account: string,
  options: Gathers & Pick<OutboxSettings<T>, 'keeping' | 'clock' | 'refresh'>,
  { hurried, held }: Readiness,
): Promise<Ready> {
  const { keeping, mergeable = [], gather, refresh, singly } = options
  const most = Math.max(singly?.() === true ? MAX_MERGED_SINGLY : MAX_MERGED, gather?.count ?? 1)
  const waiting = await keeping.queuedIntents(account, most, held)
  if (waiting.length === 0) return held.length === 0 ? { intents: [], rest: FOR_EVER } : { intents: [] }
  const rest = hurried ? undefined : gathering(waiting, options)
  if (isWithin(options.clock.nowMs(), rest))
    return held.length === 0 ? { intents: [], rest } : { intents: [] }
  if (refresh === undefined) return { intents: waiting }
  const fresh = await refresh(waiting)
  // What must wait holds up nothing of another kind.
  return { intents: fresh.length > 0 ? fresh : await keeping.queuedIntents(account, most, mergeable) }
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
export function mergedOf(first: Intent, waiting: readonly Intent[], options: Gathers): Merged {
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
