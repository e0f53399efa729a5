import { Interface } from 'ethers'
import type { Store } from '../../../actors/storage/store.ts'
import { monitoringAbi } from '../../../chain/bindings/monitoring.gen.ts'
import { resourceNumber } from '../../../protocols/rules/resource.ts'

const face = new Interface(monitoringAbi)

/** What the contract says of a home's records. */
export interface RecordsKept {
  readonly count: number
  /** Slot of the newest. */
  readonly newestSlot: number
}

/** The number of a home's record of a slot, or of the newest before it, when none is missing since. */
export const recordNumberOf = ({ count, newestSlot }: RecordsKept, slot: number): number =>
  Math.max(0, count - 1 - Math.max(0, newestSlot - slot))

export interface RecordToOpenOptions {
  readonly store: Store
  /** A free call of a contract's getter. */
  readonly read: (to: string, data: string) => Promise<string>
  readonly monitoring: string
}

/**
 * The record that a buyer has opened when nobody states how lent power was kept to: the seller's last one of
 * the window. Of energy and water the contract takes the anchors, and ignores the number.
 */
export async function recordToOpen(
  { store, read, monitoring }: RecordToOpenOptions,
  auctionId: string,
): Promise<number> {
  const auction = await store.db
    .selectFrom('auction')
    .select(['resource', 'winner', 'until_slot'])
    .where('id', '=', auctionId)
    .executeTakeFirst()
  if (auction === undefined || auction.winner === null) return 0
  if (auction.resource !== resourceNumber('power')) return 0
  const ask = async (name: 'count' | 'newest'): Promise<number> => {
    const data = await read(monitoring, face.encodeFunctionData(name, [auction.winner]))
    return Number(face.decodeFunctionResult(name, data)[0])
  }
  const [count, newestSlot] = await Promise.all([ask('count'), ask('newest')])
  return recordNumberOf({ count, newestSlot }, auction.until_slot - 1)
}
