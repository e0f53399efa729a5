import { normalizeZ, ScalarMultiplier } from '@noble/curves/abstract/curve.js'
import { G, Point } from './group.ts'

/**
 * Window of a fixed-base table: 8 bits make a multiplication about eight times faster for some 60 ms of
 * building.
 */
const TABLE_WINDOW_BITS = 8

/**
 * Noble's constant-time multiplication without its scalar blinding, which widens every scalar by 128 bits
 * against whoever measures the processor's power (docs/decisions/031). The sequence of operations depends
 * on no secret.
 */
const multiplier = new ScalarMultiplier(Point)

const tabled = new WeakSet<Point>()
let base: Point | undefined

/** s·P for a secret s of [1, n-1], fast when the point has a table. */
export function multiplySecret(point: Point, scalar: bigint): Point {
  return multiplier.mulCT(point, scalar, normalize).p
}

/** Builds the table of a point's multiples, once in a process: some 60 ms and 2 MB. Results stay the same. */
export function withTable(point: Point): Point {
  if (tabled.has(point)) return point
  tabled.add(point)
  point.precompute(TABLE_WINDOW_BITS)
  multiplySecret(point, 1n)
  return point
}

/** G with a table of its own, made at its first use. */
export function fixedBase(): Point {
  base ??= withTable(Point.fromAffine(G.toAffine()))
  return base
}

function normalize(points: Point[]): Point[] {
  return normalizeZ(Point, points)
}
