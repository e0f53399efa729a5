import { blake2s } from '@noble/hashes/blake2.js'
import { equalBytes } from '@noble/curves/utils.js'
import { Fault } from '../rules/fault.ts'

/** Bytes of a board's MAC at the end of the bytes that X^t keeps. */
export const BOARD_MAC_BYTES = 16
/** Bytes of a board's record key, installed with the community gateway at commissioning. */
export const BOARD_KEY_BYTES = 32

/** Keyed BLAKE2s-128 (RFC 7693) over header ‖ body. */
export function boardMac(key: Uint8Array, message: Uint8Array): Uint8Array {
  if (key.length !== BOARD_KEY_BYTES) {
    throw new Fault('bad-secret-length', `board key: expected ${BOARD_KEY_BYTES} bytes, got ${key.length}`, {
      field: 'boardKey',
      expected: BOARD_KEY_BYTES,
      got: key.length,
    })
  }
  return blake2s(message, { key, dkLen: BOARD_MAC_BYTES })
}

/** Whether header ‖ body ‖ mac, as X^t keeps it, was made by the holder of the board's key. */
export function verifyBoardFrame(key: Uint8Array, frame: Uint8Array): boolean {
  if (frame.length <= BOARD_MAC_BYTES) return false
  const end = frame.length - BOARD_MAC_BYTES
  return equalBytes(boardMac(key, frame.subarray(0, end)), frame.subarray(end))
}
