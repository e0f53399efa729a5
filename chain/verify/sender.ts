import { secp256k1 } from '@noble/curves/secp256k1.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { hexOf, signedHash, yParity } from './encode.ts'
import type { WireTransaction } from './wire.ts'

/** The account behind an uncompressed public key: the last 20 bytes of the Keccak-256 of its coordinates. */
export function accountOf(uncompressed: Uint8Array): string {
  return hexOf(keccak_256(uncompressed.subarray(1)).subarray(12))
}

/** The account whose key signed `digest`, or null when these numbers are no signature. */
export function recoverAccount(digest: Uint8Array, r: bigint, s: bigint, parity: number): string | null {
  try {
    const signature = new secp256k1.Signature(r, s).addRecoveryBit(parity)
    return accountOf(signature.recoverPublicKey(digest).toBytes(false))
  } catch {
    return null
  }
}

/** The account that signed a transaction, or null when its signature is none. */
export function senderOf(transaction: WireTransaction): string | null {
  return recoverAccount(signedHash(transaction), transaction.r, transaction.s, yParity(transaction))
}

/** The account behind a 65-byte signature r ‖ s ‖ v, or null. */
export function recoverFrom65(digest: Uint8Array, signature: Uint8Array): string | null {
  const v = signature[64]
  if (signature.length !== 65 || v === undefined) return null
  const r = BigInt(hexOf(signature.subarray(0, 32)))
  const s = BigInt(hexOf(signature.subarray(32, 64)))
  return recoverAccount(digest, r, s, v >= 27 ? v - 27 : v)
}
