import { ADDRESS_BYTES, addressBytes, writeU32, writeU64 } from './integers.ts'

/** Bytes of the associated data of an envelope (notes: version 1, suite 1). */
export const AAD_BYTES = 96

/** What an envelope holds. */
export const ENVELOPE_KINDS = { essential: 1, extended: 2, alarm: 3 } as const
export type EnvelopeKind = keyof typeof ENVELOPE_KINDS

/**
 * What an envelope is bound to. None of it is sent: the reader rebuilds it from the transaction and the
 * contract's state, so that an envelope copied to another sender, slot, contract or chain does not open.
 */
export interface AadFields {
  readonly kind: EnvelopeKind
  readonly chainId: number
  /** Address of the resource monitoring contract. */
  readonly monitoring: string
  /** The home's account; for an alarm raised by the community, the community's account. */
  readonly sender: string
  /** Key id of the operation key that the envelope is sealed to. */
  readonly recipient: string
  readonly epoch: number
  /** The reading's slot; for an alarm its number, counted by the contract from 1. */
  readonly slot: number
  /** 0 unless a delegatee reads. */
  readonly delegation: number
}

const VERSION = 1
const SUITE = 1
const DELEGATED = 1
const AT = {
  chainId: 4,
  monitoring: 12,
  sender: 32,
  recipient: 52,
  epoch: 72,
  slot: 76,
  delegation: 84,
} as const

/**
 * The 96 bytes: version, suite, kind, flags, then the fields big-endian, then a zero u32. Throws
 * `bad-field`.
 */
export function encodeAad(fields: AadFields): Uint8Array {
  const bytes = new Uint8Array(AAD_BYTES)
  const view = new DataView(bytes.buffer)
  bytes.set([VERSION, SUITE, ENVELOPE_KINDS[fields.kind], fields.delegation === 0 ? 0 : DELEGATED])
  writeU64(view, AT.chainId, fields.chainId, 'chainId')
  for (const name of ['monitoring', 'sender', 'recipient'] as const) {
    bytes.set(addressBytes(fields[name], name), AT[name])
  }
  writeU32(view, AT.epoch, fields.epoch, 'epoch')
  writeU64(view, AT.slot, fields.slot, 'slot')
  writeU64(view, AT.delegation, fields.delegation, 'delegation')
  return bytes
}

/** Where each field begins and ends, for those who print an envelope's binding. */
export const AAD_LAYOUT = { ...AT, end: AT.delegation + 8, addressBytes: ADDRESS_BYTES } as const
