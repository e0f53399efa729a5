import { randomBytes } from '@noble/hashes/utils.js'
import { encodeAad } from '../messages/aad.ts'
import { decodeEssential } from '../messages/essential.ts'
import { decodeExtended } from '../messages/extended-payload.ts'
import { splitPayload } from '../messages/record.ts'
import type { RandomSource } from '../rules/clock.ts'
import { codeOf, Fault, messageOf } from '../rules/fault.ts'
import type { EssentialData, ExtendedData } from '../rules/reading.ts'
import { findWrongClaims, type PointsClaim } from './batch.ts'
import {
  applyConstant,
  ephemeralPoint,
  kemPointOf,
  kemPointOfTransformed,
  open,
  openWith,
} from './envelope.ts'
import type { Point } from './group.ts'
import { committedValues, decodePoints, type PerQuantity } from './points.ts'
import { type Binding, blindingsOf } from './seal-reading.ts'

/** The public side of a key: its 33 bytes and its id. A `KeyPair` is one. */
export interface PublicKey {
  readonly bytes: Uint8Array
  readonly id: string
}

/** A key that opens envelopes; for a delegated one the secret is x_dl·m_sg. A `KeyPair` is one. */
export interface OpeningKey extends PublicKey {
  readonly secret: bigint
}

/** A reading as it came from the chain. */
export interface ReceivedReading {
  readonly binding: Binding
  /** 245 bytes: envelope ‖ points. */
  readonly payload: Uint8Array
}

/** Why a reading is refused: it counts as missing, and its home is flagged. */
export type ReadingFlaw = 'bad-field' | 'bad-point' | 'bad-tag' | 'bad-essential' | 'point-mismatch'

export interface RecoveredReading {
  readonly ok: true
  readonly essential: EssentialData
  readonly blindings: PerQuantity<bigint>
}

export interface RefusedReading {
  readonly ok: false
  readonly code: ReadingFlaw
  readonly message: string
}

export type RecoveryResult = RecoveredReading | RefusedReading

/**
 * Opens one reading and checks all of it, in this order: R is a point; the AEAD opens for this sender, slot
 * and contract; E^t is in its ranges; each of the four points follows from it. Never throws on bad input.
 */
export function recoverReading(key: OpeningKey, received: ReceivedReading): RecoveryResult {
  return settleOne(
    attempt(() => openPayload(key, received, (ephemeral) => kemPointOf(key.secret, ephemeral))),
  )
}

/** Both halves of a delegated key, where they are kept apart, with the public side of the whole. */
export interface SplitKey extends PublicKey {
  readonly delegationSecret: bigint
  readonly constant: bigint
}

/**
 * The same in the paper's two steps: R' = m_sg·R (eq. 6), then S = x_dl·R' (eq. 7). Whoever has both halves
 * in one place merges them once (`mergedSecret`) and is twice as fast; the result is the same.
 */
export function recoverInTwoSteps(key: SplitKey, received: ReceivedReading): RecoveryResult {
  const kemPointFor = (ephemeral: Point): Point =>
    kemPointOfTransformed(key.delegationSecret, applyConstant(key.constant, ephemeral))
  return settleOne(attempt(() => openPayload(key, received, kemPointFor)))
}

/** The same for many readings, whose points are checked together; results in the order of the readings. */
export function recoverReadings(
  readings: readonly { readonly key: OpeningKey; readonly received: ReceivedReading }[],
  random: RandomSource = randomBytes,
): RecoveryResult[] {
  const attempts = readings.map(({ key, received }) => {
    return attempt(() => openPayload(key, received, (ephemeral) => kemPointOf(key.secret, ephemeral)))
  })
  const opened = attempts.filter((outcome) => outcome.ok)
  const wrong = new Set(
    findWrongClaims(
      opened.map(({ claim }) => claim),
      random,
    ).map((index) => opened[index]),
  )
  return attempts.map((outcome) => settle(outcome, outcome.ok && wrong.has(outcome)))
}

/**
 * What everybody sees once the KEM point S of a reading is shown (its proof checked first, by
 * `verifyKemPoint`): either the reading is whole after all, or the flaw for which its slot is void.
 */
export function judgeReading(kemPoint: Point, key: PublicKey, received: ReceivedReading): RecoveryResult {
  return settleOne(attempt(() => openPayload(key, received, () => kemPoint)))
}

/**
 * Opens X^t. Throws `bad-envelope`, `bad-point`, `bad-tag` or `bad-field`. Compare its digest with the
 * chain's first.
 */
export function recoverExtended(key: OpeningKey, binding: Binding, wire: Uint8Array): ExtendedData {
  const aad = encodeAad({ ...binding, kind: 'extended', recipient: key.id })
  return decodeExtended(open(key.secret, { recipient: key.bytes, aad }, wire).plaintext)
}

interface OpenedPayload {
  readonly ok: true
  readonly essential: EssentialData
  readonly claim: PointsClaim
}

function openPayload(
  key: PublicKey,
  { binding, payload }: ReceivedReading,
  kemPointFor: (ephemeral: Point) => Point,
): OpenedPayload {
  const { envelope, points } = splitPayload(payload)
  const kemPoint = kemPointFor(ephemeralPoint(envelope))
  const aad = encodeAad({ ...binding, kind: 'essential', recipient: key.id })
  const { plaintext, schedule } = openWith(kemPoint, { recipient: key.bytes, aad }, envelope)
  const essential = essentialOf(plaintext)
  const claim = {
    points: decodePoints(points),
    values: committedValues(essential),
    blindings: blindingsOf(schedule),
  }
  return { ok: true, essential, claim }
}

function essentialOf(plaintext: Uint8Array): EssentialData {
  try {
    return decodeEssential(plaintext)
  } catch (thrown) {
    throw new Fault('bad-essential', messageOf(thrown))
  }
}

function attempt(work: () => OpenedPayload): OpenedPayload | RefusedReading {
  try {
    return work()
  } catch (thrown) {
    const code = codeOf(thrown)
    if (!isFlaw(code)) throw thrown
    return { ok: false, code, message: messageOf(thrown) }
  }
}

function isFlaw(code: string): code is ReadingFlaw {
  return ['bad-field', 'bad-point', 'bad-tag', 'bad-essential'].includes(code)
}

function settleOne(outcome: OpenedPayload | RefusedReading): RecoveryResult {
  return settle(outcome, outcome.ok && findWrongClaims([outcome.claim]).length > 0)
}

function settle(outcome: OpenedPayload | RefusedReading, wrongPoints: boolean): RecoveryResult {
  if (!outcome.ok) return outcome
  if (!wrongPoints) return { ok: true, essential: outcome.essential, blindings: outcome.claim.blindings }
  const message = 'points: they do not commit to what the envelope holds'
  return { ok: false, code: 'point-mismatch', message }
}
