import type { WeierstrassPoint } from '@noble/curves/abstract/weierstrass.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { bytesToNumberBE, numberToBytesBE } from '@noble/curves/utils.js'
import { expand, extract } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { bytesToHex, concatBytes } from '@noble/hashes/utils.js'
import { getAddress } from 'ethers'
import type { RandomSource } from '../rules/clock.ts'
import { Fault } from '../rules/fault.ts'
import { tag } from './tag.ts'

/** A point of secp256k1: the group has prime order, so that no small subgroup exists to fall into. */
export type Point = WeierstrassPoint<bigint>

/** The constructor of points, the field of scalars and the generator G. */
export const Point = secp256k1.Point
export const Scalars = Point.Fn
export const ORDER = Scalars.ORDER
export const G: Point = Point.BASE

/** A compressed point on the wire. */
export const POINT_BYTES = 33
/** A scalar on the wire. */
export const SCALAR_BYTES = 32
/**
 * Hash output that is reduced to a scalar: 128 bits more than the order, so that the bias is below 2^-128.
 */
export const WIDE_BYTES = 48

/** `OS2IP(bytes) mod (n-1) + 1`: 48 uniform bytes to a uniform scalar of [1, n-1]. */
export function toScalar(wide: Uint8Array): bigint {
  if (wide.length !== WIDE_BYTES) {
    throw new Fault('bad-scalar', `scalar: expected ${WIDE_BYTES} bytes to reduce, got ${wide.length}`, {
      expected: WIDE_BYTES,
      got: wide.length,
    })
  }
  return (bytesToNumberBE(wide) % (ORDER - 1n)) + 1n
}

/** A fresh secret scalar of [1, n-1]. */
export function randomScalar(random: RandomSource): bigint {
  return toScalar(random(WIDE_BYTES))
}

/** Fiat-Shamir challenge: every part has a fixed length, so that no two transcripts give the same bytes. */
export function challenge(purpose: string, parts: readonly Uint8Array[]): bigint {
  const key = extract(sha256, concatBytes(...parts), tag(purpose))
  return toScalar(expand(sha256, key, tag(`${purpose}/scalar`), WIDE_BYTES))
}

export function encodeScalar(scalar: bigint): Uint8Array {
  return numberToBytesBE(scalar, SCALAR_BYTES)
}

/** Reads a scalar of [1, n-1]; throws `bad-scalar` otherwise. */
export function decodeScalar(bytes: Uint8Array, field = 'scalar'): bigint {
  const value = bytes.length === SCALAR_BYTES ? bytesToNumberBE(bytes) : 0n
  if (value === 0n || value >= ORDER) {
    throw new Fault('bad-scalar', `${field}: expected 32 bytes from 1 to the group order less one`, { field })
  }
  return value
}

/** Why a point was refused. */
type PointFlaw = 'length' | 'infinity' | 'prefix' | 'off-curve'

function badPoint(field: string, flaw: PointFlaw, length: number): Fault {
  const expected = `a compressed secp256k1 point of ${POINT_BYTES} bytes`
  const message = `${field}: expected ${expected}, refused for its ${flaw}`
  return new Fault('bad-point', message, { field, flaw, length })
}

/**
 * Reads a compressed point from an untrusted source. Throws `bad-point`, whose fact `flaw` says why: a
 * wrong length, an encoding of infinity (all zero), a prefix other than 02 and 03, or an x that is not on
 * the curve.
 */
export function decodePoint(bytes: Uint8Array, field = 'point'): Point {
  if (bytes.length !== POINT_BYTES) throw badPoint(field, 'length', bytes.length)
  if (bytes.every((byte) => byte === 0)) throw badPoint(field, 'infinity', bytes.length)
  if (bytes[0] !== 2 && bytes[0] !== 3) throw badPoint(field, 'prefix', bytes.length)
  try {
    return Point.fromBytes(bytes)
  } catch {
    throw badPoint(field, 'off-curve', bytes.length)
  }
}

/** The compressed bytes of a point; throws `bad-point` for infinity, which has no encoding here. */
export function encodePoint(point: Point, field = 'point'): Uint8Array {
  if (point.is0()) throw badPoint(field, 'infinity', 0)
  return point.toBytes(true)
}

/** The key id of a public key: the Ethereum address of its point, checksummed as ethers writes it. */
export function keyId(point: Point): string {
  const hash = keccak_256(point.toBytes(false).subarray(1))
  return getAddress(`0x${bytesToHex(hash.subarray(12))}`)
}

/** A secret scalar with its public point. */
export interface KeyPair {
  readonly secret: bigint
  readonly point: Point
  readonly bytes: Uint8Array
  readonly id: string
}

/** The key pair of a secret scalar: X = x·G. */
export function keyPair(secret: bigint): KeyPair {
  const point = G.multiply(secret)
  return { secret, point, bytes: encodePoint(point), id: keyId(point) }
}
