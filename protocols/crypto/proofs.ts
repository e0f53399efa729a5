import { concatBytes, randomBytes } from '@noble/hashes/utils.js'
import { sha256 } from '@noble/hashes/sha2.js'
import type { RandomSource } from '../rules/clock.ts'
import {
  challenge,
  decodeScalar,
  encodePoint,
  encodeScalar,
  G,
  type Point,
  randomScalar,
  SCALAR_BYTES,
  Scalars,
} from './group.ts'

/** A proof on the wire: challenge ‖ response. */
export const PROOF_BYTES = 2 * SCALAR_BYTES

/** X_sg = m_sg·X_dl, without m_sg. */
export interface ConstantStatement {
  readonly delegationBase: Point
  readonly operationKey: Point
  /** ctx ‖ sg ‖ dlgId (`ownerBytes`): a proof made for one home or epoch proves nothing for another. */
  readonly owner: Uint8Array
}

/** log_G X = log_R S, without the secret: S is the KEM point of the envelope that begins with R. */
export interface KemStatement {
  readonly publicKey: Point
  readonly ephemeral: Point
  readonly kemPoint: Point
  readonly aad: Uint8Array
}

/**
 * Schnorr proof of m_sg, so that no home can publish an operation key that the community gateway cannot
 * follow.
 */
export function proveConstant(
  constant: bigint,
  statement: ConstantStatement,
  random: RandomSource = randomBytes,
): Uint8Array {
  const nonce = randomScalar(random)
  const commitment = statement.delegationBase.multiply(nonce)
  return respond(nonce, constantChallenge(statement, commitment), constant)
}

/** Whether the proof of m_sg holds: A = z·X_dl - c·X_sg gives the same challenge. */
export function verifyConstant(proof: Uint8Array, statement: ConstantStatement): boolean {
  const parts = splitProof(proof)
  if (parts === undefined) return false
  const { delegationBase, operationKey } = statement
  const commitment = combine(delegationBase, parts.response, operationKey, parts.challenge)
  return !commitment.is0() && constantChallenge(statement, commitment) === parts.challenge
}

/**
 * Chaum-Pedersen proof that S = x·R for the x of X. Who shows S with it lets everybody open this one
 * envelope, and see that its points do not follow from it; the key stays secret.
 */
export function proveKemPoint(
  secret: bigint,
  statement: KemStatement,
  random: RandomSource = randomBytes,
): Uint8Array {
  const nonce = randomScalar(random)
  const onG = G.multiply(nonce)
  const onR = statement.ephemeral.multiply(nonce)
  return respond(nonce, kemChallenge(statement, onG, onR), secret)
}

/** Whether the proof of the KEM point holds. */
export function verifyKemPoint(proof: Uint8Array, statement: KemStatement): boolean {
  const parts = splitProof(proof)
  if (parts === undefined) return false
  const onG = combine(G, parts.response, statement.publicKey, parts.challenge)
  const onR = combine(statement.ephemeral, parts.response, statement.kemPoint, parts.challenge)
  if (onG.is0() || onR.is0()) return false
  return kemChallenge(statement, onG, onR) === parts.challenge
}

function constantChallenge(statement: ConstantStatement, commitment: Point): bigint {
  const points = [statement.delegationBase, statement.operationKey, commitment]
  return challenge('hom-pok', [...points.map((point) => encodePoint(point)), sha256(statement.owner)])
}

function kemChallenge(statement: KemStatement, onG: Point, onR: Point): bigint {
  const points = [statement.publicKey, statement.ephemeral, statement.kemPoint, onG, onR]
  return challenge('dleq', [...points.map((point) => encodePoint(point)), sha256(statement.aad)])
}

/** c ‖ k + c·w. */
function respond(nonce: bigint, challengeScalar: bigint, witness: bigint): Uint8Array {
  const response = Scalars.add(nonce, Scalars.mul(challengeScalar, witness))
  return concatBytes(encodeScalar(challengeScalar), encodeScalar(response))
}

/** z·B - c·Y: what the prover's commitment must have been. Public values only. */
function combine(base: Point, response: bigint, target: Point, challengeScalar: bigint): Point {
  return base.multiplyUnsafe(response).subtract(target.multiplyUnsafe(challengeScalar))
}

function splitProof(proof: Uint8Array): { challenge: bigint; response: bigint } | undefined {
  try {
    return {
      challenge: decodeScalar(proof.subarray(0, SCALAR_BYTES)),
      response: decodeScalar(proof.subarray(SCALAR_BYTES)),
    }
  } catch {
    return undefined
  }
}
