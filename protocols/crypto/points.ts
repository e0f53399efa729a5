import { secp256k1_hasher } from '@noble/curves/secp256k1.js'
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { POINTS_BYTES } from '../messages/record.ts'
import { badField, Fault } from '../rules/fault.ts'
import type { EssentialData } from '../rules/reading.ts'
import { decodePoint, encodePoint, ORDER, Point, POINT_BYTES, Scalars } from './group.ts'
import { fixedBase, multiplySecret, withTable } from './multiply-secret.ts'
import { DOMAIN } from './tag.ts'

/** The committed quantities, in the order of their points on the wire. */
export const QUANTITIES = ['energyImportWh', 'energyExportWh', 'waterMl', 'peakPowerW'] as const
export type QuantityName = (typeof QUANTITIES)[number]

/** One thing for each quantity, in the order of `QUANTITIES`. */
export type PerQuantity<T> = readonly [T, T, T, T]

/** RFC 9380 suite of the generators: nobody knows how one of them depends on another or on G. */
export const GENERATOR_DST = `${DOMAIN}-H-secp256k1_XMD:SHA-256_SSWU_RO_`

/** Values are u64, as in the contract. */
export const VALUE_MAX = 2n ** 64n - 1n

const generators = new Map<QuantityName, Point>()

/** H_q = hash_to_curve(q), with its table, made at the first use. */
export function generatorOf(quantity: QuantityName): Point {
  const known = generators.get(quantity)
  if (known !== undefined) return known
  const hashed = secp256k1_hasher.hashToCurve(utf8ToBytes(quantity), { DST: GENERATOR_DST })
  const generator = withTable(Point.fromAffine(hashed.toAffine()))
  generators.set(quantity, generator)
  return generator
}

/** Builds the tables of G and of the four generators ahead of use; some 300 ms once in a process. */
export function warmGenerators(): void {
  fixedBase()
  for (const quantity of QUANTITIES) generatorOf(quantity)
}

/**
 * The Pedersen point V = value·H_q + ρ·G. It hides the value perfectly, and adds: the sum of points commits
 * to the sum of values under the sum of blindings, whatever key each envelope was sealed to.
 */
export function commit(quantity: QuantityName, value: bigint, blinding: bigint): Point {
  checkOpeningRange(quantity, value, blinding)
  return multipleOf(generatorOf(quantity), value).add(multipleOf(fixedBase(), blinding))
}

/**
 * s·P in constant time for any s of [0, n-1]: (s+1)·P - P has no special case at s = 0, the value of an
 * idle home.
 */
function multipleOf(base: Point, scalar: bigint): Point {
  if (scalar === ORDER - 1n) return base.negate()
  return multiplySecret(base, scalar + 1n).subtract(base)
}

/** Σ V: what a community's total must open. */
export function sumPoints(points: readonly Point[]): Point {
  return points.reduce((sum, point) => sum.add(point), Point.ZERO)
}

/**
 * V(end) - V(start): commits to a home's consumption between two readings, so that a lost slot loses
 * nothing.
 */
export function differenceOf(end: Point, start: Point): Point {
  return end.subtract(start)
}

/** Σ ρ mod n. */
export function sumBlindings(blindings: readonly bigint[]): bigint {
  return blindings.reduce((sum, blinding) => Scalars.add(sum, blinding), 0n)
}

/** ρ(end) - ρ(start) mod n. */
export function differenceOfBlindings(end: bigint, start: bigint): bigint {
  return Scalars.sub(end, start)
}

/** The four committed values of a reading. */
export function committedValues(essential: EssentialData): PerQuantity<bigint> {
  const { energyImportWh, energyExportWh, waterMl, peakPowerW } = essential
  return [BigInt(energyImportWh), BigInt(energyExportWh), BigInt(waterMl), BigInt(peakPowerW)]
}

/** 4 × 33 bytes. */
export function encodePoints(points: PerQuantity<Point>): Uint8Array {
  return concatBytes(...points.map((point, index) => encodePoint(point, QUANTITIES[index])))
}

/** Reads the four points; throws `bad-field` on the length, `bad-point` with the quantity as its field. */
export function decodePoints(bytes: Uint8Array): PerQuantity<Point> {
  if (bytes.length !== POINTS_BYTES) throw badField('points.length', `${POINTS_BYTES} bytes`, bytes.length)
  return perQuantity((quantity, index) => {
    return decodePoint(bytes.subarray(index * POINT_BYTES, (index + 1) * POINT_BYTES), quantity)
  })
}

/** One value for each quantity. */
export function perQuantity<T>(make: (quantity: QuantityName, index: 0 | 1 | 2 | 3) => T): PerQuantity<T> {
  const [first, second, third, fourth] = QUANTITIES
  return [make(first, 0), make(second, 1), make(third, 2), make(fourth, 3)]
}

/** Throws `value-out-of-range` beyond u64 and `blinding-out-of-range` beyond the group's order. */
export function checkOpeningRange(quantity: QuantityName, value: bigint, blinding: bigint): void {
  if (value < 0n || value > VALUE_MAX) {
    const message = `${quantity}: expected a value from 0 to 2^64 - 1, got ${value.toString()}`
    throw new Fault('value-out-of-range', message, { quantity, value: value.toString() })
  }
  if (blinding < 0n || blinding >= ORDER) {
    const message = `${quantity}: expected a blinding from 0 to the group order less one`
    throw new Fault('blinding-out-of-range', message, { quantity })
  }
}
