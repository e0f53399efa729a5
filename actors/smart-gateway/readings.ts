import { concatBytes } from '@noble/hashes/utils.js'
import { getBytes, hexlify } from 'ethers'
import type { Binding, SealedReading } from '../../protocols/crypto/seal-reading.ts'
import type { Sealer } from '../../protocols/crypto/sealer.ts'
import { keyId, decodePoint } from '../../protocols/crypto/group.ts'
import { decodeEssential, encodeEssential } from '../../protocols/messages/essential.ts'
import { decodeExtended, encodeExtended } from '../../protocols/messages/extended-payload.ts'
import { packRecords } from '../../protocols/messages/record.ts'
import type { HomeState } from '../../protocols/rules/home-registers.ts'
import type { FrameRefusal } from '../../protocols/rules/admit-frame.ts'
import type { SlotRefusal } from '../../protocols/rules/process-frames.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import type { OutboxPort } from '../outbox-port.ts'
import { readMeta, writeMeta } from '../storage/meta.ts'
import type { Trx } from '../storage/schema.ts'
import { count, type Store } from '../storage/store.ts'
import type { CompleteSlot } from './slot-collector.ts'

const HOME_STATE = 'home-state'

/** A D^t that came together, on its way into the repository. */
export interface CompleteSample {
  readonly slot: number
  readonly receivedAtMs: number
  readonly result: CompleteSlot
}

/** What a slot is sealed to and bound by. */
export interface SealingPlace {
  readonly chainId: number
  readonly monitoring: string
  readonly account: string
  readonly epoch: number
  readonly recipientKey: Uint8Array
  /** Whose delegatee reads; 0: the community alone. */
  readonly delegation: number
}

/** A slot sealed, not yet in the repository. */
export interface SealedSlotData {
  readonly slot: number
  readonly sequence: number
  readonly epoch: number
  readonly delegation: number
  readonly recipient: string
  readonly sealed: SealedReading
}

/** What the home remembered of its registers when it stopped. */
export async function savedHomeState(store: Store): Promise<HomeState | null> {
  const text = await readMeta(store.db, HOME_STATE)
  if (text === null) return null
  // The checksum of the whole file is the store's; the shape is this program's own.
  return JSON.parse(text) as HomeState
}

/** Keeps a complete D^t with the registers it leads to, in one transaction. */
export async function keepSample(trx: Trx, sample: CompleteSample): Promise<void> {
  const { slot, receivedAtMs, result } = sample
  const { essential } = result
  const comfort = result.frames.findLast((frame) => frame.kind === 'comfort')
  await trx
    .insertInto('sample')
    .values({
      slot,
      t: essential.t,
      received_at_ms: receivedAtMs,
      status: 'complete',
      reason: null,
      sequence: essential.sequence,
      flags: essential.flags,
      import_wh: essential.energyImportWh,
      export_wh: essential.energyExportWh,
      water_ml: essential.waterMl,
      mean_power_w: essential.meanPowerW,
      peak_power_w: essential.peakPowerW,
      temperature_centi_c: comfort?.temperatureCentiC ?? null,
      humidity_permille: comfort?.humidityPermille ?? null,
      essential: encodeEssential(essential),
      extended: encodeExtended(result.extended),
    })
    .execute()
  await writeMeta(trx, HOME_STATE, JSON.stringify(result.next))
  await count(trx, 'samples')
}

/** Keeps a slot whose frames were there and not good enough, with the reason. */
export async function keepRejected(
  trx: Trx,
  slot: number,
  receivedAtMs: number,
  reason: SlotRefusal,
  state: HomeState,
): Promise<void> {
  const inserted = await trx
    .insertInto('sample')
    .values({
      slot,
      t: receivedAtMs,
      received_at_ms: receivedAtMs,
      status: 'rejected',
      reason: `${reason.code} ${JSON.stringify(reason.facts)}`,
      sequence: null,
      flags: null,
      import_wh: null,
      export_wh: null,
      water_ml: null,
      mean_power_w: null,
      peak_power_w: null,
      temperature_centi_c: null,
      humidity_permille: null,
      essential: null,
      extended: null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  await writeMeta(trx, HOME_STATE, JSON.stringify(state))
  if ((inserted.numInsertedOrUpdatedRows ?? 0n) === 0n) return
  await count(trx, 'samples')
  await count(trx, 'rejected')
}

/** Keeps frames that did not pass, for the page and for whoever looks for the cause. */
export async function keepRefusals(
  trx: Trx,
  refusals: readonly FrameRefusal[],
  nowMs: number,
): Promise<void> {
  for (const { code, facts } of refusals) {
    const boardId = facts.boardId
    await trx
      .insertInto('refused')
      .values({
        at_ms: nowMs,
        board_id: typeof boardId === 'number' ? boardId : null,
        code,
        detail: JSON.stringify(facts),
        bytes: new Uint8Array(),
      })
      .execute()
  }
}

/** Seals a kept sample; reads it back from the repository, so that a crash in between changes nothing. */
export async function sealSample(
  store: Store,
  sealer: Sealer,
  place: SealingPlace,
  slot: number,
): Promise<SealedSlotData> {
  const row = await store.db
    .selectFrom('sample')
    .select(['essential', 'extended', 'sequence'])
    .where('slot', '=', slot)
    .executeTakeFirst()
  if (row === undefined || row.essential === null || row.extended === null || row.sequence === null) {
    throw new Fault('sample-missing', `slot ${slot}: there is no sample to seal`, { slot })
  }
  const binding: Binding = {
    chainId: place.chainId,
    monitoring: place.monitoring,
    sender: place.account,
    epoch: place.epoch,
    slot,
    delegation: place.delegation,
  }
  const sealed = sealer.seal({
    recipient: place.recipientKey,
    binding,
    essential: decodeEssential(row.essential),
    extended: decodeExtended(row.extended),
  })
  const recipient = keyId(decodePoint(place.recipientKey, 'recipient'))
  const { epoch, delegation } = place
  return { slot, sequence: row.sequence, epoch, delegation, recipient, sealed }
}

/** The body of a submit intent: recipient ‖ record. Several bodies with one recipient go in one call. */
export function submitBody(data: SealedSlotData): string {
  const { slot, sequence, epoch, sealed } = data
  const record = packRecords([
    { slot, sequence, epoch, extended: sealed.extendedDigest, payload: sealed.payload },
  ])
  return hexlify(concatBytes(getBytes(data.recipient), record))
}

/** Whether a slot was sealed and put in the outbox. */
export async function isSealed({ db }: Store, slot: number): Promise<boolean> {
  const row = await db.selectFrom('sealed').select('slot').where('slot', '=', slot).executeTakeFirst()
  return row !== undefined
}

const intentOf = (slot: number): string => `slot:${slot}`

/** The slot of a submit intent. */
export const slotOfIntent = (id: string): number => Number(id.slice(intentOf(0).length - 1))

/** What of a seal is kept, and is another when the slot is sealed again. */
const sealColumns = ({ epoch, delegation, recipient, sealed }: SealedSlotData) => ({
  epoch,
  delegation,
  recipient,
  envelope: sealed.envelope,
  points: sealed.points,
  extended_wire: sealed.extendedWire,
  extended_digest: sealed.extendedDigest,
})

/**
 * A slot that waits in the outbox was sealed to a key that does not count any more: it keeps its place and
 * its sequence. Gives the new body of its intent.
 */
export async function keepSealedAgain(trx: Trx, data: SealedSlotData, nowMs: number): Promise<Uint8Array> {
  const body = getBytes(submitBody(data))
  await trx
    .updateTable('sealed')
    .set({ ...sealColumns(data), sealed_at_ms: nowMs })
    .where('slot', '=', data.slot)
    .execute()
  await trx.updateTable('intent').set({ data: body }).where('id', '=', intentOf(data.slot)).execute()
  return body
}

/** Keeps a sealed slot and puts it in the outbox, in one transaction. */
export async function keepSealed(
  trx: Trx,
  outbox: OutboxPort,
  monitoring: string,
  data: SealedSlotData,
  nowMs: number,
): Promise<void> {
  const { slot, sequence } = data
  const intent = intentOf(slot)
  await trx
    .insertInto('sealed')
    .values({
      slot,
      sequence,
      ...sealColumns(data),
      state: 'sealed',
      intent,
      sealed_at_ms: nowMs,
      block: null,
      tx_hash: null,
    })
    .execute()
  await trx.updateTable('sample').set({ status: 'sealed' }).where('slot', '=', slot).execute()
  await count(trx, 'sealed')
  await outbox.enqueue(trx, { id: intent, kind: 'submit', to: monitoring, data: submitBody(data) })
}
