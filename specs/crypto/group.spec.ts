import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodePoint,
  decodeScalar,
  encodePoint,
  encodeScalar,
  G,
  keyPair,
  ORDER,
  Point,
  randomScalar,
  toScalar,
} from '../../protocols/crypto/group.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import { anyScalar, faultOf } from './community.ts'

function flawOf(bytes: Uint8Array): unknown {
  try {
    decodePoint(bytes, 'key')
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === 'bad-point') return thrown.facts.flaw
    throw thrown
  }
  return 'none'
}

describe('scalars', () => {
  it('are never zero nor beyond the order, whatever 48 bytes they come from', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 48, maxLength: 48 }), (wide) => {
        const scalar = toScalar(wide)
        expect(scalar > 0n && scalar < ORDER).toBe(true)
        expect(decodeScalar(encodeScalar(scalar))).toBe(scalar)
      }),
    )
  })

  it('are made from exactly 48 bytes', () => {
    expect(faultOf(() => toScalar(new Uint8Array(47)))).toBe('bad-scalar')
    expect(faultOf(() => toScalar(new Uint8Array(49)))).toBe('bad-scalar')
  })

  it('take their randomness from the source that is given', () => {
    const asked: number[] = []
    const random = (length: number) => {
      asked.push(length)
      return new Uint8Array(length)
    }
    expect(randomScalar(random)).toBe(1n)
    expect(asked).toEqual([48])
  })

  it.each([
    ['zero', encodeScalar(0n)],
    ['the order', encodeScalar(ORDER)],
    ['31 bytes', new Uint8Array(31).fill(1)],
    ['33 bytes', new Uint8Array(33).fill(1)],
  ])('are refused on the wire when they are %s', (_, bytes) => {
    expect(faultOf(() => decodeScalar(bytes))).toBe('bad-scalar')
  })

  it('reach up to the order less one', () => {
    expect(decodeScalar(encodeScalar(ORDER - 1n))).toBe(ORDER - 1n)
  })
})

describe('points', () => {
  it('come back from their 33 bytes', () => {
    fc.assert(
      fc.property(anyScalar, (scalar) => {
        const { point, bytes } = keyPair(scalar)
        expect(decodePoint(bytes).equals(point)).toBe(true)
      }),
      { numRuns: 20 },
    )
  })

  it('name the flaw for which they are refused', () => {
    const good = encodePoint(G)
    expect(flawOf(good)).toBe('none')
    expect(flawOf(good.subarray(0, 32))).toBe('length')
    expect(flawOf(new Uint8Array([...good, 0]))).toBe('length')
    expect(flawOf(new Uint8Array(0))).toBe('length')
    expect(flawOf(G.toBytes(false))).toBe('length')
    expect(flawOf(new Uint8Array(33))).toBe('infinity')
    expect(flawOf(new Uint8Array([0, ...good.subarray(1)]))).toBe('prefix')
    expect(flawOf(new Uint8Array([4, ...good.subarray(1)]))).toBe('prefix')
    expect(flawOf(new Uint8Array([2, ...new Uint8Array(32).fill(255)]))).toBe('off-curve')
  })

  it('are refused for about half of all x, those with no y on the curve', () => {
    const flaws = Array.from({ length: 64 }, (_, x) =>
      flawOf(new Uint8Array([2, ...encodeScalar(BigInt(x + 1))])),
    )
    const refused = flaws.filter((flaw) => flaw === 'off-curve').length
    expect(refused).toBeGreaterThan(16)
    expect(refused).toBeLessThan(48)
    expect(flaws.every((flaw) => flaw === 'off-curve' || flaw === 'none')).toBe(true)
  })

  it('have no encoding at infinity', () => {
    expect(faultOf(() => encodePoint(Point.ZERO))).toBe('bad-point')
  })
})
