import { hkdf } from '@noble/hashes/hkdf.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { INVITE_ID_BYTES } from '../messages/join.ts'
import { bytesOfHex } from './peer-record.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

/** What both sides of one exchange have seen; every part is of fixed length. */
export interface JoinTranscript {
  /** ed25519 keys that Noise proved. */
  readonly gatewayKey: Uint8Array
  readonly homeKey: Uint8Array
  readonly homeNonce: Uint8Array
  readonly gatewayNonce: Uint8Array
  /** keccak256 of the descriptor text, 0x hex. */
  readonly descriptorHash: string
}

/** Names an invite in clear: a hash of the code tells nothing of its 128 random bits. */
export function inviteId(code: Uint8Array): Uint8Array {
  return sha256(Uint8Array.from([...encode('Meterhood-v1/invite-id/'), ...code])).subarray(0, INVITE_ID_BYTES)
}

/** The key of the proofs; the code itself is used for nothing else. */
export function inviteKey(code: Uint8Array): Uint8Array {
  return hkdf(sha256, code, undefined, encode('Meterhood-v1/join-key'), 32)
}

function prove(key: Uint8Array, label: string, transcript: JoinTranscript, account: Uint8Array): Uint8Array {
  const { gatewayKey, homeKey, homeNonce, gatewayNonce, descriptorHash } = transcript
  const parts = [gatewayKey, homeKey, homeNonce, gatewayNonce, bytesOfHex(descriptorHash), account]
  const bytes = [...encode(label), ...parts.flatMap((part) => [...part])]
  return hmac(sha256, key, Uint8Array.from(bytes))
}

/** The gateway shows that it knows the code and that the descriptor is its own. */
export function gatewayProof(key: Uint8Array, transcript: JoinTranscript): Uint8Array {
  return prove(key, 'Meterhood-v1/join/gateway/', transcript, new Uint8Array(0))
}

/** The home shows that it knows the code, for this peer, account and exchange only. */
export function homeProof(key: Uint8Array, transcript: JoinTranscript, account: string): Uint8Array {
  return prove(key, 'Meterhood-v1/join/home/', transcript, bytesOfHex(account))
}
