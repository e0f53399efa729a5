import type { ChainTransaction } from './blocks.ts'
import type { ChainEvent } from './events.ts'

/** A transaction with all its events, as the replay meets it. */
export interface Moment {
  readonly sent: ChainTransaction
  readonly events: readonly ChainEvent[]
}

type Named<Name extends ChainEvent['name']> = Extract<ChainEvent, { name: Name }>

/** All events of one name in the same transaction. */
export function beside<Name extends ChainEvent['name']>({ events }: Moment, name: Name): Named<Name>[] {
  return events.filter((event): event is Named<Name> => event.name === name)
}
