import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import { peerIdFromPublicKey, peerIdFromString } from '@libp2p/peer-id'
import type { PeerId } from '@libp2p/interface'
import { badField } from '../rules/fault.ts'

/** An ed25519 public key: what the contract's `admit` keeps of a peer. */
export const PEER_KEY_BYTES = 32

/** The peer id of an ed25519 public key. @throws Fault `bad-field` */
export function peerIdOfKey(peerKey: Uint8Array): PeerId {
  if (peerKey.length !== PEER_KEY_BYTES) throw badField('peerKey', `${PEER_KEY_BYTES} bytes`, peerKey.length)
  return peerIdFromPublicKey(publicKeyFromRaw(peerKey))
}

/** The ed25519 public key inside a peer id. @throws Fault `bad-field` when the id is of another kind. */
export function keyOfPeerId(peerId: string): Uint8Array {
  const parsed = parsePeerId(peerId)
  if (parsed.type !== 'Ed25519') throw badField('peerId', 'an ed25519 peer id', peerId)
  return parsed.publicKey.raw
}

/** @throws Fault `bad-field` */
export function parsePeerId(peerId: string): PeerId {
  try {
    return peerIdFromString(peerId)
  } catch {
    throw badField('peerId', 'a libp2p peer id (12D3Koo…)', peerId)
  }
}
