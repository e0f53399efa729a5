import { mulAddUnsafe } from '@noble/curves/abstract/curve.js'
import { bytesToNumberBE } from '@noble/curves/utils.js'
import { randomBytes } from '@noble/hashes/utils.js'
import type { RandomSource } from '../rules/clock.ts'
import { Point, Scalars } from './group.ts'
import { fixedBase, multiplySecret } from './multiply-secret.ts'
import { commit, generatorOf, type PerQuantity, perQuantity } from './points.ts'

/** Four points of a reading with what they should commit to, in the order of `QUANTITIES`. */
export interface PointsClaim {
  readonly points: PerQuantity<Point>
  readonly values: PerQuantity<bigint>
  readonly blindings: PerQuantity<bigint>
}

/**
 * Bits of a random coefficient: a wrong point passes with probability 2^-64, once, and its sender has no
 * second try at the same slot. Twice the bits would cost a third of the throughput.
 */
export const COEFFICIENT_BYTES = 8

/**
 * The positions of the claims with a wrong point. One random linear combination checks all of them, Σ c·V =
 * Σ_q (Σ c·v)·H_q + (Σ c·ρ)·G; when it fails, halves are checked apart until the wrong ones are named, so
 * that one bad reading cannot hide nor spoil the others.
 */
export function findWrongClaims(
  claims: readonly PointsClaim[],
  random: RandomSource = randomBytes,
): number[] {
  return search(claims, 0, random)
}

function search(claims: readonly PointsClaim[], offset: number, random: RandomSource): number[] {
  const [first] = claims
  if (first === undefined) return []
  if (claims.length === 1) return holds(first) ? [] : [offset]
  if (combinationHolds(claims, random)) return []
  const half = claims.length >> 1
  return [
    ...search(claims.slice(0, half), offset, random),
    ...search(claims.slice(half), offset + half, random),
  ]
}

/** Whether each of the four points of one reading is what it should be, by recomputing it. */
export function holds({ points, values, blindings }: PointsClaim): boolean {
  const areRight = perQuantity((quantity, index) => {
    return commit(quantity, values[index], blindings[index]).equals(points[index])
  })
  return areRight.every(Boolean)
}

function combinationHolds(claims: readonly PointsClaim[], random: RandomSource): boolean {
  const points: Point[] = []
  const coefficients: bigint[] = []
  const weights: [bigint, bigint, bigint, bigint] = [0n, 0n, 0n, 0n]
  let blinding = 0n
  for (const claim of claims) {
    perQuantity((_, index) => {
      const coefficient = nonZero(random)
      points.push(claim.points[index])
      coefficients.push(coefficient)
      weights[index] = Scalars.add(weights[index], Scalars.mul(coefficient, claim.values[index]))
      blinding = Scalars.add(blinding, Scalars.mul(coefficient, claim.blindings[index]))
    })
  }
  const expected = perQuantity((quantity, index) => multiple(generatorOf(quantity), weights[index])).reduce(
    (sum, each) => sum.add(each),
    multiple(fixedBase(), blinding),
  )
  return mulAddUnsafe(Point, points, coefficients).equals(expected)
}

/** The weights mix secret values with fresh randomness; they are multiplied in constant time all the same. */
function multiple(base: Point, scalar: bigint): Point {
  return scalar === 0n ? Point.ZERO : multiplySecret(base, scalar)
}

function nonZero(random: RandomSource): bigint {
  return bytesToNumberBE(random(COEFFICIENT_BYTES)) || 1n
}
