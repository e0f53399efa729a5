import { equalBytes } from '@noble/curves/utils.js'
import { decodeScalar } from '../../protocols/crypto/group.ts'
import {
  acknowledge,
  nothingWatched,
  receiptOf,
  SILENT_RECEIPT,
  type Acknowledgement,
} from '../../protocols/crypto/acknowledgement.ts'
import { perQuantity } from '../../protocols/crypto/points.ts'
import { DELEGATED_FUNCTIONS, type WatchedCount } from '../../protocols/messages/delegation-terms.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import type { Database, DelegationTable, Trx } from '../storage/schema.ts'

const SCALAR = 32

/** What becomes of an acknowledgement; `later`: it may still be taken, sent again. */
export type Verdict = 'taken' | 'refused' | 'later'

export type Window = Pick<DelegationTable, 'id' | 'delegator' | 'functions' | 'from_slot' | 'until_slot'>

/** The slot of the newest block, and how many slots late an acknowledgement may come. */
export interface WatchTimes {
  readonly currentSlot: number
  readonly graceSlots: number
  readonly nowMs: number
}

const isSilent = (receipt: Uint8Array): boolean => equalBytes(receipt, SILENT_RECEIPT)

/** The record of a slot with what the gateway opened of it; `blindings` is null before that. */
async function recordOf(trx: Trx, home: string, slot: number) {
  return trx
    .selectFrom('envelope')
    .leftJoin('reading', (join) =>
      join.onRef('reading.home', '=', 'envelope.home').onRef('reading.slot', '=', 'envelope.slot'),
    )
    .select(['envelope.delegation', 'reading.fault', 'reading.blindings'])
    .where('envelope.home', '=', home)
    .where('envelope.slot', '=', slot)
    .executeTakeFirst()
}

function receiptFrom(blindings: Uint8Array): Uint8Array {
  return receiptOf(
    perQuantity((_, index) =>
      decodeScalar(blindings.slice(index * SCALAR, (index + 1) * SCALAR), 'blinding'),
    ),
  )
}

/**
 * Judges a receipt by what this gateway opened itself. A slot whose reading went to the community although
 * readings are delegated was watched by nobody: the delegatee had no key for it.
 */
async function judge(trx: Trx, window: Window, { slot, receipt }: Acknowledgement): Promise<Verdict> {
  const hasReadings = (window.functions & DELEGATED_FUNCTIONS.readings) !== 0
  if (!hasReadings) return isSilent(receipt) ? 'taken' : 'refused'
  const record = await recordOf(trx, window.delegator, slot)
  if (record === undefined) return isSilent(receipt) ? 'taken' : 'later'
  if (record.delegation !== window.id) return 'refused'
  if (record.blindings === null) return 'later'
  // Nothing that opens came: that is what both of them saw.
  if (record.fault !== null) return isSilent(receipt) ? 'taken' : 'refused'
  if (isSilent(receipt)) return 'later'
  return equalBytes(receipt, receiptFrom(record.blindings)) ? 'taken' : 'refused'
}

async function standingReceipt(trx: Trx, delegation: number, slot: number): Promise<Uint8Array | null> {
  const row = await trx
    .selectFrom('watched')
    .select('receipt')
    .where('delegation', '=', delegation)
    .where('slot', '=', slot)
    .executeTakeFirst()
  return row?.receipt ?? null
}

/**
 * Takes one acknowledgement, each slot once. One for a slot that was silent gives way to that of the reading
 * that came late after all. A slot that is not over can only be shown by its reading.
 */
export async function takeAcknowledgement(
  trx: Trx,
  window: Window,
  given: Acknowledgement,
  { currentSlot, graceSlots, nowMs }: WatchTimes,
): Promise<Verdict> {
  const { slot, receipt } = given
  if (slot < window.from_slot || slot >= window.until_slot) return 'refused'
  const standing = await standingReceipt(trx, window.id, slot)
  if (standing !== null && equalBytes(standing, receipt)) return 'taken'
  if (standing !== null && !isSilent(standing)) return 'refused'
  if (slot + graceSlots < currentSlot) return 'refused'
  if (isSilent(receipt) && slot >= currentSlot) return 'later'
  const verdict = await judge(trx, window, given)
  if (verdict !== 'taken') return verdict
  const row = { delegation: window.id, slot, receipt, at_ms: nowMs }
  await trx
    .insertInto('watched')
    .values(row)
    .onConflict((conflict) => conflict.columns(['delegation', 'slot']).doUpdateSet(row))
    .execute()
  return verdict
}

/**
 * What counts of a delegation by now. The chain of acknowledgements goes over the slots of its window in
 * rising order, whatever the order in which they came: so both sides get the same root once they have the
 * same slots, and a slot that an end cut off counts for nothing.
 */
export async function watchedOf(db: Database | Trx, window: Window): Promise<WatchedCount> {
  const rows = await db
    .selectFrom('watched')
    .select(['slot', 'receipt'])
    .where('delegation', '=', window.id)
    .where('slot', '>=', window.from_slot)
    .where('slot', '<', window.until_slot)
    .orderBy('slot')
    .execute()
  const watched = rows.reduce(acknowledge, nothingWatched(window.id))
  if (watched.count <= window.until_slot - window.from_slot) return watched
  throw new Fault('impossible', `delegation ${window.id}: more slots were watched than it lasted`)
}
