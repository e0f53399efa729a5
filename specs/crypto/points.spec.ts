import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findWrongClaims, type PointsClaim } from '../../protocols/crypto/batch.ts'
import { G, ORDER, Point } from '../../protocols/crypto/group.ts'
import { checkOpening, ecrecoverInputs } from '../../protocols/crypto/opening.ts'
import {
  commit,
  decodePoints,
  differenceOf,
  differenceOfBlindings,
  encodePoints,
  generatorOf,
  perQuantity,
  QUANTITIES,
  sumBlindings,
  sumPoints,
  VALUE_MAX,
} from '../../protocols/crypto/points.ts'
import { anyBlinding, anyScalar, anyU64, faultOf, flipped } from './community.ts'

const anyQuantity = fc.constantFrom(...QUANTITIES)
const few = { numRuns: 12 }

describe('a committed quantity', () => {
  it('is value·H + ρ·G for every value and blinding, zero and the ends included', () => {
    const anyValue = fc.oneof(anyU64, fc.constantFrom(0n, 1n, VALUE_MAX))
    const anyRho = fc.oneof(anyBlinding, fc.constantFrom(0n, 1n, ORDER - 1n))
    fc.assert(
      fc.property(anyQuantity, anyValue, anyRho, (quantity, value, blinding) => {
        const expected = generatorOf(quantity).multiplyUnsafe(value).add(G.multiplyUnsafe(blinding))
        expect(commit(quantity, value, blinding).equals(expected)).toBe(true)
      }),
      { numRuns: 25 },
    )
  })

  it('has a generator of its own', () => {
    const all = [G, ...QUANTITIES.map(generatorOf)].map((point) => point.toHex())
    expect(new Set(all).size).toBe(QUANTITIES.length + 1)
  })

  it('is refused beyond u64 and beyond the order', () => {
    expect(faultOf(() => commit('waterMl', VALUE_MAX + 1n, 1n))).toBe('value-out-of-range')
    expect(faultOf(() => commit('waterMl', -1n, 1n))).toBe('value-out-of-range')
    expect(faultOf(() => commit('waterMl', 1n, ORDER))).toBe('blinding-out-of-range')
    expect(faultOf(() => commit('waterMl', 1n, -1n))).toBe('blinding-out-of-range')
  })

  it('takes both ends of its ranges', () => {
    const [none, most] = [commit('waterMl', 0n, 0n), commit('waterMl', VALUE_MAX, ORDER - 1n)]
    expect(none.is0()).toBe(true)
    expect(most.equals(generatorOf('waterMl').multiply(VALUE_MAX).subtract(G))).toBe(true)
  })

  it('is nothing over no homes', () => {
    expect(sumPoints([]).is0()).toBe(true)
    expect(sumBlindings([])).toBe(0n)
  })

  it('adds up over homes: the sum opens to the sum', () => {
    const anyHome = fc.tuple(fc.bigInt({ min: 0n, max: 2n ** 53n }), anyScalar)
    fc.assert(
      fc.property(anyQuantity, fc.array(anyHome, { minLength: 1, maxLength: 6 }), (quantity, homes) => {
        const sum = sumPoints(homes.map(([value, blinding]) => commit(quantity, value, blinding)))
        const value = homes.reduce((total, [each]) => total + each, 0n)
        const blinding = sumBlindings(homes.map(([, each]) => each))
        expect(checkOpening(sum, { quantity, value, blinding })).toBe(true)
        expect(checkOpening(sum, { quantity, value: value + 1n, blinding })).toBe(false)
      }),
      few,
    )
  })

  it('subtracts over time: the difference of two registers opens to the consumption between them', () => {
    fc.assert(
      fc.property(
        anyQuantity,
        fc.tuple(anyU64, anyU64),
        fc.tuple(anyScalar, anyScalar),
        (quantity, values, rhos) => {
          const [low, high] = values[0] < values[1] ? values : [values[1], values[0]]
          const point = differenceOf(commit(quantity, high, rhos[1]), commit(quantity, low, rhos[0]))
          const blinding = differenceOfBlindings(rhos[1], rhos[0])
          expect(checkOpening(point, { quantity, value: high - low, blinding })).toBe(true)
        },
      ),
      few,
    )
  })

  it('does not pass for another quantity', () => {
    const point = commit('energyImportWh', 100n, 5n)
    expect(checkOpening(point, { quantity: 'energyImportWh', value: 100n, blinding: 5n })).toBe(true)
    expect(checkOpening(point, { quantity: 'energyExportWh', value: 100n, blinding: 5n })).toBe(false)
  })
})

describe('an opening for the contract', () => {
  it('gives the precompile nothing that it refuses, for a zero value too', () => {
    fc.assert(
      fc.property(anyQuantity, fc.oneof(fc.constant(0n), anyU64), anyScalar, (quantity, value, blinding) => {
        const { r, s, v, z } = ecrecoverInputs({ quantity, value, blinding })
        const below = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).toString('hex')}`) < ORDER
        expect([r, s, z].every((each) => each.length === 32 && below(each))).toBe(true)
        expect([r, s].every((each) => each.some((byte) => byte > 0))).toBe(true)
        expect([27, 28]).toContain(v)
      }),
    )
  })

  it('may be without a blinding, or without a value', () => {
    const quantity = 'waterMl'
    const zero = new Uint8Array(32)
    expect(ecrecoverInputs({ quantity, value: 5n, blinding: 0n }).z).toEqual(zero)
    expect(ecrecoverInputs({ quantity, value: 0n, blinding: 5n }).z).toEqual(zero)
  })

  it('is refused when it commits to nothing, and beyond its ranges', () => {
    const quantity = 'peakPowerW'
    expect(faultOf(() => ecrecoverInputs({ quantity, value: 0n, blinding: 0n }))).toBe('empty-opening')
    expect(faultOf(() => ecrecoverInputs({ quantity, value: VALUE_MAX + 1n, blinding: 1n }))).toBe(
      'value-out-of-range',
    )
    expect(faultOf(() => ecrecoverInputs({ quantity, value: 1n, blinding: ORDER }))).toBe(
      'blinding-out-of-range',
    )
    expect(faultOf(() => checkOpening(G, { quantity, value: 1n, blinding: ORDER }))).toBe(
      'blinding-out-of-range',
    )
  })

  it('opens the neutral element to zero and zero', () => {
    expect(checkOpening(Point.ZERO, { quantity: 'waterMl', value: 0n, blinding: 0n })).toBe(true)
  })
})

describe('four points on the wire', () => {
  const points = perQuantity((quantity, index) => commit(quantity, BigInt(index), 7n))

  it('come back in their order', () => {
    const decoded = decodePoints(encodePoints(points))
    expect(decoded.every((point, index) => point.equals(points[index] ?? Point.ZERO))).toBe(true)
  })

  it('are refused one byte short or long, and name the quantity whose point is none', () => {
    const wire = encodePoints(points)
    expect(faultOf(() => decodePoints(wire.subarray(1)))).toBe('bad-field')
    expect(faultOf(() => decodePoints(new Uint8Array([...wire, 0])))).toBe('bad-field')
    expect(() => decodePoints(flipped(wire, 66, 4))).toThrow(/waterMl/)
  })
})

describe('points of many readings checked together', () => {
  const claims: PointsClaim[] = Array.from({ length: 11 }, (_, home) => {
    const values = perQuantity((_quantity, index) => BigInt(home * 1000 + index))
    const blindings = perQuantity((_quantity, index) => BigInt(home * 77 + index))
    const points = perQuantity((quantity, index) => commit(quantity, values[index], blindings[index]))
    return { points, values, blindings }
  })

  const spoil = (claim: PointsClaim, quantity: number): PointsClaim => {
    const points = perQuantity((_name, index) => {
      return index === quantity ? claim.points[index].add(generatorOf('waterMl')) : claim.points[index]
    })
    return { ...claim, points }
  }

  it('pass when all are right, and when there are none', () => {
    expect(findWrongClaims(claims)).toEqual([])
    expect(findWrongClaims([])).toEqual([])
  })

  it('pass where every home is idle and nothing is blinded', () => {
    const idle: PointsClaim = {
      points: perQuantity(() => Point.ZERO),
      values: perQuantity(() => 0n),
      blindings: perQuantity(() => 0n),
    }
    expect(findWrongClaims([idle, idle])).toEqual([])
  })

  it('weigh nothing with zero, should chance give only that', () => {
    const asked: number[] = []
    const zeros = (length: number) => {
      asked.push(length)
      return new Uint8Array(length)
    }
    const given = claims.slice(0, 3).map((claim, index) => (index === 1 ? spoil(claim, 0) : claim))
    expect(findWrongClaims(given, zeros)).toEqual([1])
    expect(asked).toEqual(Array.from({ length: 20 }, () => 8))
  })

  it('weigh a point by what chance gives', () => {
    const weights = [2, 1, 1, 1, 1, 1, 1, 1]
    const scripted = () => new Uint8Array([0, 0, 0, 0, 0, 0, 0, weights.shift() ?? 1])
    const [first, second] = claims
    if (first === undefined || second === undefined) throw new Error('too few')
    const up = perQuantity((_, index) => (index === 0 ? first.points[0].add(G) : first.points[index]))
    const down = perQuantity((_, index) =>
      index === 0 ? second.points[0].subtract(G.double()) : second.points[index],
    )
    const pair = [
      { ...first, points: up },
      { ...second, points: down },
    ]
    expect(findWrongClaims(pair, scripted)).toEqual([])
  })

  it('name exactly the wrong ones, however many', () => {
    fc.assert(
      fc.property(fc.subarray([...claims.keys()]), fc.nat(3), (wrong, quantity) => {
        const given = claims.map((claim, index) => (wrong.includes(index) ? spoil(claim, quantity) : claim))
        expect(findWrongClaims(given)).toEqual(wrong)
      }),
      { numRuns: 8 },
    )
  })

  it('are not fooled by errors that cancel each other in a plain sum', () => {
    const [first, second] = claims
    if (first === undefined || second === undefined) throw new Error('too few')
    const up = perQuantity((_, index) => first.points[index].add(G))
    const down = perQuantity((_, index) => second.points[index].subtract(G))
    const pair = [
      { ...first, points: up },
      { ...second, points: down },
    ]
    const plainSum = pair.map(({ points }) => points[0]).reduce((sum, point) => sum.add(point))
    expect(plainSum.equals(first.points[0].add(second.points[0]))).toBe(true)
    expect(findWrongClaims(pair)).toEqual([0, 1])
  })

  it('weigh each point with a coefficient of its own', () => {
    const [claim] = claims
    if (claim === undefined) throw new Error('too few')
    const [first, second, third, fourth] = claim.points
    const crossed: PointsClaim = { ...claim, points: [first.add(G), second.subtract(G), third, fourth] }
    expect(findWrongClaims([claim, crossed, claim])).toEqual([1])
  })
})
