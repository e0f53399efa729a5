import { concatBytes, randomBytes } from '@noble/hashes/utils.js'
import { type AadFields, encodeAad, type EnvelopeKind } from '../messages/aad.ts'
import { encodeEssential } from '../messages/essential.ts'
import { encodeExtended } from '../messages/extended-payload.ts'
import { extendedDigest } from '../messages/record.ts'
import type { RandomSource } from '../rules/clock.ts'
import type { EssentialData, ExtendedData } from '../rules/reading.ts'
import { type KeySchedule, seal } from './envelope.ts'
import type { Point } from './group.ts'
import { commit, committedValues, encodePoints, type PerQuantity, perQuantity } from './points.ts'
import type { PreparedRecipient } from './recipient.ts'

/** What an envelope is bound to; its kind and its recipient follow from the call and the key. */
export type Binding = Omit<AadFields, 'kind' | 'recipient'>

export interface ReadingToSeal {
  readonly recipient: PreparedRecipient
  readonly binding: Binding
  readonly essential: EssentialData
  readonly extended: ExtendedData
}

/** A reading ready to leave the home. */
export interface SealedReading {
  /** 113 bytes. */
  readonly envelope: Uint8Array
  /** 132 bytes: four points. */
  readonly points: Uint8Array
  /** 245 bytes: envelope ‖ points, as the contract takes it. */
  readonly payload: Uint8Array
  /** 1073 bytes, carried off chain. */
  readonly extendedWire: Uint8Array
  /** keccak256 of `extendedWire`, as the contract keeps it. */
  readonly extendedDigest: Uint8Array
  /** ρ of each point: the home keeps them, encrypted at rest, until the challenge window closes. */
  readonly blindings: PerQuantity<bigint>
}

/** Seals E^t with its four points, and X^t beside it. Throws `bad-field` when a value is out of its range. */
export function sealReading(reading: ReadingToSeal, random: RandomSource = randomBytes): SealedReading {
  const { recipient, essential } = reading
  const sealed = seal(recipient, aadOf(reading, 'essential'), encodeEssential(essential), random)
  const blindings = blindingsOf(sealed.schedule)
  const points = encodePoints(pointsOf(essential, blindings))
  const extended = seal(recipient, aadOf(reading, 'extended'), encodeExtended(reading.extended), random)
  return {
    envelope: sealed.wire,
    points,
    payload: concatBytes(sealed.wire, points),
    extendedWire: extended.wire,
    extendedDigest: extendedDigest(extended.wire),
    blindings,
  }
}

/** The points of a reading: V_q = value·H_q + ρ_q·G. */
export function pointsOf(essential: EssentialData, blindings: PerQuantity<bigint>): PerQuantity<Point> {
  const values = committedValues(essential)
  return perQuantity((quantity, index) => commit(quantity, values[index], blindings[index]))
}

/** The four blindings that an envelope's KEM secret gives. */
export function blindingsOf(schedule: KeySchedule): PerQuantity<bigint> {
  return perQuantity((quantity) => schedule.blinding(quantity))
}

function aadOf({ binding, recipient }: ReadingToSeal, kind: EnvelopeKind): Uint8Array {
  return encodeAad({ ...binding, kind, recipient: recipient.id })
}
