import { postEvent } from '../inbox.ts'
import { readCount } from '../storage/meta.ts'
import type { Trx } from '../storage/schema.ts'
import { count, type Store } from '../storage/store.ts'
import type { HomeTold } from './facts.ts'
import { HOME_ACTOR } from './live.ts'
import type { SmartGatewayEvent } from './machine.ts'

/** What the home's machine learns from facts of the chain. */
export const eventsOf = ({ included, alarms, revoked }: HomeTold): SmartGatewayEvent[] => [
  ...included.map((slot) => ({ type: 'READING_INCLUDED', slot }) as const),
  ...alarms.map(({ number }) => ({ type: 'ALARM_OPENED', number }) as const),
  ...(revoked ? [{ type: 'LEAVE' } as const] : []),
]

/** Slots that a fork took off the chain wait again. */
export const undoneOf = (slots: readonly number[]): SmartGatewayEvent[] =>
  slots.map((slot) => ({ type: 'READING_UNDONE', slot }))

/**
 * Posts events to the home's machine in the transaction that writes what they are about. A fork may bring the
 * same block back, so they are named by a number of their own.
 */
export async function tellMachine(
  store: Store,
  trx: Trx,
  events: readonly SmartGatewayEvent[],
  nowMs: number,
): Promise<void> {
  if (events.length === 0) return
  const before = await readCount(trx, COUNTER)
  await count(trx, COUNTER, events.length)
  for (const [at, event] of events.entries()) {
    await postEvent(store, trx, { actor: HOME_ACTOR, id: `chain:${before + at + 1}`, event, atMs: nowMs })
  }
}

const COUNTER = 'told-by-the-chain'
