import type { Point } from '../../protocols/crypto/group.ts'
import { DELEGATED_FUNCTIONS } from '../../protocols/messages/delegation-terms.ts'
import type { Trail } from './trail.ts'

/** The key of a delegation in an epoch, and the first slot that is sealed to it. */
export interface DelegationKey {
  readonly point: Point
  /** Lower-case. */
  readonly keyId: string
  readonly fromSlot: number
}

/** A delegation as its events tell it. */
export interface DelegationTrail {
  readonly id: number
  readonly delegator: string
  readonly delegatee: string
  readonly functions: number
  readonly fromSlot: number
  /** Slots that the parties agreed on, by which the reward is shared. */
  readonly slots: number
  untilSlot: number
  /** What of the reward is still held. */
  held: bigint
  state: 'escrowed' | 'claimed' | 'closed'
  readonly keys: Map<number, DelegationKey>
}

/** The delegation of a home that was registered last: a home has one at a time. */
export function newestOf(trail: Trail, home: string): DelegationTrail | undefined {
  return [...trail.delegations.values()].findLast(({ delegator }) => delegator === home)
}

/** To whom a reading must be sealed. */
export interface Reader {
  /** Null where the community announced no usable key. */
  readonly keyId: string | null
  readonly delegation: number
}

/** The reader of a slot as it stands now: the delegatee in its window and with a key, else the community. */
export function readerDue(trail: Trail, home: string, slot: number, epoch: number): Reader {
  const newest = newestOf(trail, home)
  const key = newest?.keys.get(epoch)
  const hasReadings = newest !== undefined && (newest.functions & DELEGATED_FUNCTIONS.readings) !== 0
  if (key !== undefined && hasReadings && slot >= key.fromSlot && slot < newest.untilSlot) {
    return { keyId: key.keyId, delegation: newest.id }
  }
  return { keyId: trail.epochs.get(epoch)?.keyId ?? null, delegation: 0 }
}
