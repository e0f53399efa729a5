import { keccak_256 } from '@noble/hashes/sha3.js'
import { concatBytes } from '@noble/hashes/utils.js'
import { badField } from '../rules/fault.ts'
import { addressBytes, readU64, requireLength, u32, u64, viewOf } from './integers.ts'

/** An essential envelope: R(33) ‖ E^t(64) ‖ tag(16). */
export const ENVELOPE_BYTES = 113
/** Four compressed points: import, export, water, peak. */
export const POINTS_BYTES = 132
/** What a reading costs on the chain: envelope ‖ points. */
export const PAYLOAD_BYTES = ENVELOPE_BYTES + POINTS_BYTES
export const DIGEST_BYTES = 32
/** slot u64 ‖ sequence u32 ‖ epoch u32 ‖ extended digest ‖ payload. */
export const RECORD_BYTES = 8 + 4 + 4 + DIGEST_BYTES + PAYLOAD_BYTES
/** Records that one call of `submit` takes, as the contract says. */
export const RECORDS_MAX = 16

const AT = { slot: 0, sequence: 8, epoch: 12, extended: 16, payload: 48 } as const

/** One reading as `submit` takes it. */
export interface ChainRecord {
  readonly slot: number
  readonly sequence: number
  readonly epoch: number
  /** keccak256 of the extended envelope. */
  readonly extended: Uint8Array
  /** envelope(113) ‖ points(132). */
  readonly payload: Uint8Array
}

/** n × 293 bytes, 1 ≤ n ≤ 16. Throws `bad-field`. */
export function packRecords(records: readonly ChainRecord[]): Uint8Array {
  checkCount(records.length)
  return concatBytes(...records.map(packRecord))
}

/** The records of a call, in order. Throws `bad-field` when the length is not that of 1 to 16 records. */
export function unpackRecords(bytes: Uint8Array): ChainRecord[] {
  if (bytes.length % RECORD_BYTES !== 0) {
    throw badField('records.length', `a multiple of ${RECORD_BYTES} bytes`, bytes.length)
  }
  const count = bytes.length / RECORD_BYTES
  checkCount(count)
  return Array.from({ length: count }, (_, index) => {
    return unpackRecord(bytes.subarray(index * RECORD_BYTES, (index + 1) * RECORD_BYTES))
  })
}

/** The two halves of a payload: the envelope and its four points. */
export function splitPayload(payload: Uint8Array): { envelope: Uint8Array; points: Uint8Array } {
  requireLength(payload, PAYLOAD_BYTES, 'payload')
  return { envelope: payload.subarray(0, ENVELOPE_BYTES), points: payload.subarray(ENVELOPE_BYTES) }
}

/** The digest that stands for the extended data on the chain: keccak256 of its envelope. */
export function extendedDigest(extendedWire: Uint8Array): Uint8Array {
  return keccak_256(extendedWire)
}

/** Whose record it is, and under which delegation the contract filed it. */
export interface RecordOwner {
  readonly home: string
  readonly delegation: number
}

/**
 * The record's digest in the contract's ring: keccak256 of the packed home, slot, sequence, epoch,
 * delegation, keccak256(envelope), keccak256(points) and extended digest.
 */
export function recordDigest(owner: RecordOwner, record: ChainRecord): Uint8Array {
  const { envelope, points } = splitPayload(record.payload)
  requireLength(record.extended, DIGEST_BYTES, 'extended')
  return keccak_256(
    concatBytes(
      addressBytes(owner.home, 'home'),
      u64(record.slot, 'slot'),
      u32(record.sequence, 'sequence'),
      u32(record.epoch, 'epoch'),
      u64(owner.delegation, 'delegation'),
      keccak_256(envelope),
      keccak_256(points),
      record.extended,
    ),
  )
}

function packRecord(record: ChainRecord): Uint8Array {
  requireLength(record.extended, DIGEST_BYTES, 'extended')
  requireLength(record.payload, PAYLOAD_BYTES, 'payload')
  return concatBytes(
    u64(record.slot, 'slot'),
    u32(record.sequence, 'sequence'),
    u32(record.epoch, 'epoch'),
    record.extended,
    record.payload,
  )
}

function unpackRecord(bytes: Uint8Array): ChainRecord {
  const view = viewOf(bytes)
  return {
    slot: readU64(view, AT.slot, 'slot'),
    sequence: view.getUint32(AT.sequence),
    epoch: view.getUint32(AT.epoch),
    extended: bytes.slice(AT.extended, AT.payload),
    payload: bytes.slice(AT.payload, RECORD_BYTES),
  }
}

function checkCount(count: number): void {
  if (count < 1 || count > RECORDS_MAX) throw badField('records', `1 to ${RECORDS_MAX} records`, count)
}
