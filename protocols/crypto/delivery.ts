import { Chacha20Poly1305 } from '@hpke/chacha20poly1305'
import { CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core'
import { concatBytes, equalBytes, randomBytes } from '@noble/curves/utils.js'
import type { RandomSource } from '../rules/clock.ts'
import { Fault } from '../rules/fault.ts'
import { decodeScalar, encodeScalar, type KeyPair, keyPair } from './group.ts'
import { type EpochContext, type KeyOwner, ownerBytes } from './keys.ts'
import { tag } from './tag.ts'

/** Bytes of an X25519 key. */
export const AUXILIARY_KEY_BYTES = 32
/** enc(32) ‖ x_sg(32) ‖ tag(16). */
export const DELIVERY_BYTES = 80

/** The pair that a home makes only to receive one operation key (k^aux of the paper). */
export interface AuxiliaryKeys {
  readonly publicKey: Uint8Array
  readonly secretKey: Uint8Array
}

/** Whose key is delivered: bound into the sealed bytes with X_sg. */
export interface DeliveryContext {
  readonly epoch: EpochContext
  readonly owner: KeyOwner
  /** X_sg, 33 bytes, as the community signed it. */
  readonly operationKey: Uint8Array
}

/** RFC 9180 base mode. X25519 only here: its clamping would destroy the products that operation keys are. */
const suite = new CipherSuite({
  kem: new DhkemX25519HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Chacha20Poly1305(),
})

/** A fresh auxiliary key pair. */
export async function auxiliaryKeys(random: RandomSource = randomBytes): Promise<AuxiliaryKeys> {
  const pair = await suite.kem.deriveKeyPair(bufferOf(random(AUXILIARY_KEY_BYTES)))
  const [publicKey, secretKey] = await Promise.all([
    suite.kem.serializePublicKey(pair.publicKey),
    suite.kem.serializePrivateKey(pair.privateKey),
  ])
  return { publicKey: new Uint8Array(publicKey), secretKey: new Uint8Array(secretKey) }
}

/** Seals x_sg to a home's auxiliary key (80 bytes). Throws `bad-auxiliary-key` when that is no X25519 key. */
export async function sealOperationKey(
  auxiliaryKey: Uint8Array,
  secret: bigint,
  context: DeliveryContext,
): Promise<Uint8Array> {
  const recipientPublicKey = await readAuxiliaryKey(auxiliaryKey, true)
  const sealed = await suite
    .seal(
      { recipientPublicKey, info: bufferOf(tag('opkey')) },
      bufferOf(encodeScalar(secret)),
      aadOf(context),
    )
    .catch(() => Promise.reject(badAuxiliaryKey()))
  return concatBytes(new Uint8Array(sealed.enc), new Uint8Array(sealed.ct))
}

/**
 * Opens a delivered key and checks that x_sg·G is the X_sg which the community signed, so that a home can
 * neither be given another's key nor one that it could not use. Throws `bad-delivery` or `key-mismatch`.
 */
export async function openOperationKey(
  auxiliarySecret: Uint8Array,
  sealed: Uint8Array,
  context: DeliveryContext,
): Promise<KeyPair> {
  if (sealed.length !== DELIVERY_BYTES) {
    throw new Fault('bad-delivery', `delivery: expected ${DELIVERY_BYTES} bytes, got ${sealed.length}`)
  }
  const recipientKey = await readAuxiliaryKey(auxiliarySecret, false)
  const enc = bufferOf(sealed.subarray(0, AUXILIARY_KEY_BYTES))
  const opened = await suite
    .open({ recipientKey, enc, info: bufferOf(tag('opkey')) }, bufferOf(sealed.subarray(32)), aadOf(context))
    .catch(() =>
      Promise.reject(new Fault('bad-delivery', 'delivery: not sealed to this key and home, or altered')),
    )
  const pair = keyPair(decodeScalar(new Uint8Array(opened), 'delivery.key'))
  if (equalBytes(pair.bytes, context.operationKey)) return pair
  throw new Fault('key-mismatch', 'delivery: the key that came is not the one that the community signed')
}

async function readAuxiliaryKey(key: Uint8Array, isPublic: boolean): Promise<CryptoKey> {
  return suite.kem.importKey('raw', bufferOf(key), isPublic).catch(() => Promise.reject(badAuxiliaryKey()))
}

function badAuxiliaryKey(): Fault {
  return new Fault(
    'bad-auxiliary-key',
    `auxiliary key: expected an X25519 key of ${AUXILIARY_KEY_BYTES} bytes`,
  )
}

/** ctx ‖ sg ‖ dlgId ‖ X_sg. */
function aadOf({ epoch, owner, operationKey }: DeliveryContext): ArrayBuffer {
  return bufferOf(concatBytes(ownerBytes(epoch, owner), operationKey))
}

/** A copy in a buffer of its own, as the HPKE library takes no views. */
function bufferOf(bytes: Uint8Array): ArrayBuffer {
  const buffer = new ArrayBuffer(bytes.length)
  new Uint8Array(buffer).set(bytes)
  return buffer
}
