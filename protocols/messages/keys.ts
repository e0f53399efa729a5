import { z } from 'zod'
import { addressField, bytesField, defineMessage, naturalField } from './json-message.ts'

/** Keys, signatures and a sealed scalar are under 400 bytes of base64url with their names. */
export const KEY_MESSAGE_MAX_BYTES = 1024

const U32_MAX = 0xffff_ffff

/** The home's auxiliary key, signed by its chain account (EIP-712 `AuxKey`). */
export const keyRequest = defineMessage(
  'key request',
  KEY_MESSAGE_MAX_BYTES,
  z.strictObject({
    account: addressField(),
    epoch: naturalField(U32_MAX),
    /** 0 for the home's own key, else the number of the delegation. */
    delegation: naturalField(),
    /** X25519. */
    auxPublicKey: bytesField(32),
    signature: bytesField(65),
  }),
)
export type KeyRequest = ReturnType<typeof keyRequest.decode>

/** The operation key of the home: public on chain by `key33`, the scalar sealed to the auxiliary key. */
export const keyReply = defineMessage(
  'key reply',
  KEY_MESSAGE_MAX_BYTES,
  z.strictObject({
    epoch: naturalField(U32_MAX),
    delegation: naturalField(),
    /** X_sg, compressed. */
    key33: bytesField(33),
    /** HPKE: encapsulated key 32, x_sg 32, tag 16. */
    sealed: bytesField(80),
    /** The community's EIP-712 signature over `OpKey`. */
    signature: bytesField(65),
    /** Proof of m_sg. */
    proof: bytesField(64),
  }),
)
export type KeyReply = ReturnType<typeof keyReply.decode>
