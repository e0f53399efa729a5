import { blake2s } from '@noble/hashes/blake2.js'
import { equalBytes } from '@noble/ciphers/utils.js'
import { badField } from '../../protocols/rules/fault.ts'

/** Bytes of a board's MAC. */
export const MAC_BYTES = 16
/**
 * Bytes of a board's keys: the record key (board and community gateway), the link key (board and smart
 * gateway).
 */
export const BOARD_KEY_BYTES = 32

/**
 * BLAKE2s-128 (RFC 7693) keyed with 32 bytes: what a board and the holder of its key compute over header and
 * body.
 */
export function boardMac(key: Uint8Array, signed: Uint8Array): Uint8Array {
  if (key.length !== BOARD_KEY_BYTES) throw badField('board key', `${BOARD_KEY_BYTES} bytes`, key.length)
  return blake2s(signed, { key, dkLen: MAC_BYTES })
}

/** Whether `bytes` (header, body, MAC: as kept in X^t) were made by the holder of `key`. */
export function verifyBoardMac(key: Uint8Array, bytes: Uint8Array): boolean {
  if (bytes.length <= MAC_BYTES) return false
  const end = bytes.length - MAC_BYTES
  return equalBytes(boardMac(key, bytes.subarray(0, end)), bytes.subarray(end))
}
