import { keccak_256 } from '@noble/hashes/sha3.js'
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js'
import { u64 } from '../messages/integers.ts'
import type { WatchedCount } from '../messages/delegation-terms.ts'
import { encodeScalar } from './group.ts'
import type { PerQuantity } from './points.ts'
import { tag } from './tag.ts'

export const RECEIPT_BYTES = 32

/** What a delegatee shows for one slot: that it opened the reading, or that it saw that none came. */
export interface Acknowledgement {
  readonly slot: number
  readonly receipt: Uint8Array
}

/** The receipt of a slot in which nothing came: a silent delegator saves nothing. */
export const SILENT_RECEIPT: Uint8Array = new Uint8Array(RECEIPT_BYTES)

/**
 * The receipt of a reading. The blindings come out of its envelope: whoever opened it can make it, the home
 * and the community can check it, and it tells nobody else anything.
 */
export function receiptOf(blindings: PerQuantity<bigint>): Uint8Array {
  return keccak_256(concatBytes(tag('receipt'), ...blindings.map(encodeScalar)))
}

/** No slot acknowledged yet. */
export function nothingWatched(id: number): WatchedCount {
  return { id, count: 0, root: `0x${'00'.repeat(32)}` }
}

/**
 * One more slot: root' = keccak256(root ‖ slot ‖ receipt). A chain and not a tree, since it is only ever
 * shown whole, and grows by one step wherever both sides are.
 */
export function acknowledge(watched: WatchedCount, { slot, receipt }: Acknowledgement): WatchedCount {
  const before = hexToBytes(watched.root.slice(2))
  const root = `0x${bytesToHex(keccak_256(concatBytes(before, u64(slot, 'slot'), receipt)))}`
  return { id: watched.id, count: watched.count + 1, root }
}
