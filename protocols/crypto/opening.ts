import { encodeScalar, G, keyId, ORDER, type Point, Scalars } from './group.ts'
import { checkOpeningRange, commit, generatorOf, type QuantityName } from './points.ts'
import { Fault } from '../rules/fault.ts'

/** A number with its blinding: reveals this number and nothing else. */
export interface Opening {
  readonly quantity: QuantityName
  /** u64, in the quantity's unit; the sum or difference that the point commits to. */
  readonly value: bigint
  /** Of [0, n-1]; the same sum or difference of the blindings. */
  readonly blinding: bigint
}

/** The arguments of the precompile `ecrecover`, which then returns the address of value·H + ρ·G. */
export interface EcrecoverInputs {
  readonly z: Uint8Array
  readonly v: 27 | 28
  readonly r: Uint8Array
  readonly s: Uint8Array
}

/** Whether value·H_q + ρ·G is the point. Throws `value-out-of-range` or `blinding-out-of-range`. */
export function checkOpening(point: Point, opening: Opening): boolean {
  const { quantity, value, blinding } = opening
  return commit(quantity, value, blinding).equals(point)
}

/**
 * What the contract gives to `ecrecover`. It returns r⁻¹(s·B - z·G) for the point B = (r, y) of parity v.
 * With B = H, z = -ρ·x and s = T·x it is T·H + ρ·G. T = 0 would make s = 0, which the precompile refuses:
 * then B = G, s = ρ·x, z = 0. Half of all s are above n/2: the precompile takes them, wrappers against
 * malleability do not. Throws `value-out-of-range`, `blinding-out-of-range`, or `empty-opening` when T = ρ
 * = 0 (the point at infinity).
 */
export function ecrecoverInputs({ quantity, value, blinding }: Opening): EcrecoverInputs {
  checkOpeningRange(quantity, value, blinding)
  if (value === 0n && blinding === 0n) {
    throw new Fault('empty-opening', 'opening: value and blinding are both zero, which commits to nothing')
  }
  const base = value === 0n ? G : generatorOf(quantity)
  const { x, y } = base.toAffine()
  const factor = value === 0n ? blinding : value
  const z = value === 0n ? 0n : Scalars.neg(Scalars.mul(blinding, x % ORDER))
  return {
    z: encodeScalar(z),
    v: y % 2n === 0n ? 27 : 28,
    r: encodeScalar(x),
    s: encodeScalar(Scalars.mul(factor, x % ORDER)),
  }
}

/**
 * The address that `ecrecover` must return for the point. It has 20 bytes, so that a community gateway
 * which grinds 2^80 openings could find a second one; checked off chain against the whole point, none can
 * be found.
 */
export function openingAddress(point: Point): string {
  return keyId(point)
}
