import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { expand, extract } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes, randomBytes } from '@noble/hashes/utils.js'
import { AAD_BYTES } from '../messages/aad.ts'
import type { RandomSource } from '../rules/clock.ts'
import { Fault } from '../rules/fault.ts'
import {
  decodePoint,
  encodePoint,
  type Point,
  POINT_BYTES,
  randomScalar,
  toScalar,
  WIDE_BYTES,
} from './group.ts'
import { fixedBase, multiplySecret } from './multiply-secret.ts'
import type { PreparedRecipient } from './recipient.ts'
import { tag } from './tag.ts'

const TAG_BYTES = 16
const KEY_BYTES = 32
const NONCE_BYTES = 12

/** What an envelope adds to its plaintext: R and the AEAD tag. */
export const ENVELOPE_OVERHEAD = POINT_BYTES + TAG_BYTES

/** What the KEM secret gives: the AEAD's key and nonce, and the blinding of each quantity. */
export interface KeySchedule {
  readonly key: Uint8Array
  readonly nonce: Uint8Array
  /** ρ_q: known to whoever can open the envelope and to nobody else. */
  readonly blinding: (quantity: string) => bigint
}

/** A sealed plaintext: `wire` goes out, `schedule` stays for the points that go with it. */
export interface Sealed {
  readonly wire: Uint8Array
  readonly schedule: KeySchedule
}

export interface Opened {
  readonly plaintext: Uint8Array
  readonly schedule: KeySchedule
}

/** A public key in bytes with what the envelope was bound to. */
export interface EnvelopeContext {
  readonly recipient: Uint8Array
  readonly aad: Uint8Array
}

/**
 * Seals to X: fresh r, R = r·G, S = r·X, then ChaCha20-Poly1305 under keys derived from S. wire = R ‖
 * ciphertext ‖ tag. Key and nonce come from the fresh r, so that no counter exists to be repeated.
 */
export function seal(
  recipient: PreparedRecipient,
  aad: Uint8Array,
  plaintext: Uint8Array,
  random: RandomSource = randomBytes,
): Sealed {
  const secret = randomScalar(random)
  const ephemeral = encodePoint(multiplySecret(fixedBase(), secret))
  const kemPoint = multiplySecret(recipient.point, secret)
  const schedule = keySchedule(kemPoint, ephemeral, { recipient: recipient.bytes, aad })
  const ciphertext = chacha20poly1305(schedule.key, schedule.nonce, aad).encrypt(plaintext)
  return { wire: concatBytes(ephemeral, ciphertext), schedule }
}

/** R of an envelope, checked. Throws `bad-envelope` when it is too short, `bad-point` when R is no point. */
export function ephemeralPoint(wire: Uint8Array): Point {
  if (wire.length < ENVELOPE_OVERHEAD) {
    const message = `envelope: expected at least ${ENVELOPE_OVERHEAD} bytes, got ${wire.length}`
    throw new Fault('bad-envelope', message, { expected: ENVELOPE_OVERHEAD, got: wire.length })
  }
  return decodePoint(wire.subarray(0, POINT_BYTES), 'envelope.R')
}

/** S = x·R: what the holder of x computes, in one multiplication. */
export function kemPointOf(secret: bigint, ephemeral: Point): Point {
  return multiplySecret(ephemeral, secret)
}

/**
 * Eq. 6: R' = m_sg·R. The homomorphic constant acts on the ciphertext; R' alone opens nothing.
 * (Eq. 5 cannot hold literally, as no one plaintext constant fits every r; docs/crypto.md says why.)
 */
export function applyConstant(constant: bigint, ephemeral: Point): Point {
  return multiplySecret(ephemeral, constant)
}

/** Eq. 7: S = x_dl·R' = x_dl·m_sg·r·G = r·X_sg, the very secret that the delegatee computes. */
export function kemPointOfTransformed(delegationSecret: bigint, transformed: Point): Point {
  return multiplySecret(transformed, delegationSecret)
}

/**
 * Opens with the secret of the key that it was sealed to. Throws `bad-envelope`, `bad-point` or `bad-tag`.
 */
export function open(secret: bigint, context: EnvelopeContext, wire: Uint8Array): Opened {
  return openWith(kemPointOf(secret, ephemeralPoint(wire)), context, wire)
}

/** The community gateway's two steps for a delegated envelope (eqs 6 and 7). Throws as `open` does. */
export function openDelegated(
  keys: { readonly delegationSecret: bigint; readonly constant: bigint },
  context: EnvelopeContext,
  wire: Uint8Array,
): Opened {
  const transformed = applyConstant(keys.constant, ephemeralPoint(wire))
  return openWith(kemPointOfTransformed(keys.delegationSecret, transformed), context, wire)
}

/** Opens with the KEM point S itself, as anybody can once it is shown with its proof. Throws `bad-tag`. */
export function openWith(kemPoint: Point, context: EnvelopeContext, wire: Uint8Array): Opened {
  const schedule = keySchedule(kemPoint, wire.subarray(0, POINT_BYTES), context)
  try {
    const cipher = chacha20poly1305(schedule.key, schedule.nonce, context.aad)
    return { plaintext: cipher.decrypt(wire.subarray(POINT_BYTES)), schedule }
  } catch {
    throw new Fault(
      'bad-tag',
      'envelope: not sealed to this key for this sender, slot and contract, or altered',
    )
  }
}

/** K ‖ N = HKDF(S; R ‖ X ‖ H(AAD)); ρ_q from the same secret under the quantity's own tag. */
function keySchedule(
  kemPoint: Point,
  ephemeral: Uint8Array,
  { recipient, aad }: EnvelopeContext,
): KeySchedule {
  if (aad.length !== AAD_BYTES) {
    throw new Fault('bad-aad', `aad: expected ${AAD_BYTES} bytes, got ${aad.length}`, { got: aad.length })
  }
  const secret = extract(sha256, encodePoint(kemPoint), tag('kem/secp256k1-hkdf-sha256'))
  const info = concatBytes(tag('key'), ephemeral, recipient, sha256(aad))
  const output = expand(sha256, secret, info, KEY_BYTES + NONCE_BYTES)
  return {
    key: output.subarray(0, KEY_BYTES),
    nonce: output.subarray(KEY_BYTES),
    blinding: (quantity) =>
      toScalar(expand(sha256, secret, concatBytes(tag(`rho/${quantity}`), info), WIDE_BYTES)),
  }
}
