import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { getAddress } from 'ethers'
import { badField } from '../rules/fault.ts'

/** Bytes of an account or of a key id. */
export const ADDRESS_BYTES = 20

const U64_BYTES = 8
const U32_BYTES = 4
const U32_MAX = 0xffff_ffff

/** A u64, big-endian. Values beyond 2^53 - 1 are refused, as a number cannot hold them exactly. */
export function u64(value: number, field: string): Uint8Array {
  const bytes = new Uint8Array(U64_BYTES)
  writeU64(new DataView(bytes.buffer), 0, value, field)
  return bytes
}

/** A u32, big-endian. */
export function u32(value: number, field: string): Uint8Array {
  const bytes = new Uint8Array(U32_BYTES)
  writeU32(new DataView(bytes.buffer), 0, value, field)
  return bytes
}

export function writeU64(view: DataView, at: number, value: number, field: string): void {
  view.setBigUint64(at, BigInt(checked(value, Number.MAX_SAFE_INTEGER, field)))
}

export function writeU32(view: DataView, at: number, value: number, field: string): void {
  view.setUint32(at, checked(value, U32_MAX, field))
}

export function writeU8(view: DataView, at: number, value: number, field: string): void {
  view.setUint8(at, checked(value, 0xff, field))
}

/** Reads a u64; throws `bad-field` beyond 2^53 - 1. */
export function readU64(view: DataView, at: number, field: string): number {
  const value = view.getBigUint64(at)
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw badField(field, `an integer from 0 to ${Number.MAX_SAFE_INTEGER}`, value.toString())
  }
  return Number(value)
}

/** The 20 bytes of a 0x-prefixed address of either case. */
export function addressBytes(address: string, field: string): Uint8Array {
  if (!/^0x[0-9a-fA-F]{40}$/.test(address)) throw badField(field, '0x and 40 hexadecimal digits', address)
  return hexToBytes(address.slice(2))
}

/** The checksummed address of 20 bytes. */
export function addressOf(bytes: Uint8Array): string {
  return getAddress(`0x${bytesToHex(bytes)}`)
}

/** A view over exactly the bytes of a possibly shared buffer. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Refuses a message on its length, before anything else of it is read. */
export function requireLength(bytes: Uint8Array, expected: number, field: string): void {
  if (bytes.length !== expected) throw badField(`${field}.length`, `${expected} bytes`, bytes.length)
}

/** Refuses reserved bytes that are not zero: they are for a later version, not for hiding anything in. */
export function requireZero(bytes: Uint8Array, from: number, to: number, field: string): void {
  if (bytes.subarray(from, to).some((byte) => byte !== 0)) {
    throw badField(
      field,
      `zero in the reserved bytes ${from} to ${to - 1}`,
      bytesToHex(bytes.subarray(from, to)),
    )
  }
}

/** Refuses another version than the one that is spoken. */
export function requireVersion(bytes: Uint8Array, version: number, field: string): void {
  if (bytes[0] !== version) {
    throw badField(`${field}.version`, `${version}`, bytes[0], 'update the older of the two gateways')
  }
}

function checked(value: number, max: number, field: string): number {
  if (!Number.isSafeInteger(value) || value < 0 || value > max) {
    throw badField(field, `an integer from 0 to ${max}`, value)
  }
  return value
}
