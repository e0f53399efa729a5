import { z } from 'zod'
import { addressField, bytesField, defineMessage, naturalField } from './json-message.ts'

/**
 * A record lives at most a day: long enough for a slow join, short enough that an old one is worth little.
 */
export const PEER_RECORD_MAX_LIFE_MS = 24 * 3600 * 1000

/** Two addresses, a key, a signature and four integers fit in 512 bytes with their names. */
export const PEER_RECORD_MAX_BYTES = 640

/** Wire form of the record that binds a libp2p peer to a chain account. */
export const peerRecordSchema = z.strictObject({
  account: addressField(),
  /** The ed25519 public key of the peer id. */
  peerKey: bytesField(32),
  /** Rises with each record of an account: an older one is a replay. */
  sequence: naturalField(),
  /** Unix ms after which the record is worth nothing. */
  expiresMs: naturalField(),
  chainId: naturalField(),
  /** The resource monitoring contract for which the record was made. */
  monitoring: addressField(),
  /** EIP-712 signature of the account. */
  signature: bytesField(65),
})

/** A peer record with its signature. */
export type PeerRecord = z.output<typeof peerRecordSchema>

/** The EIP-712 type that the account signs. */
export const PEER_RECORD_TYPES = {
  PeerRecord: [
    { name: 'account', type: 'address' },
    { name: 'peerKey', type: 'bytes32' },
    { name: 'sequence', type: 'uint64' },
    { name: 'expiresMs', type: 'uint64' },
  ],
}

export const peerRecordMessage = defineMessage('peerRecord', PEER_RECORD_MAX_BYTES, peerRecordSchema)
