import fc from 'fast-check'
import { expect, it } from 'vitest'
import { encodePoint, G, ORDER, Point } from '../../../protocols/crypto/group.ts'
import { commit, QUANTITIES } from '../../../protocols/crypto/points.ts'
import { contractLab, expectRefusal, STRANGER } from './setting.ts'

const lab = contractLab({}, [])
const U64_MAX = 2n ** 64n - 1n
const NONE = new Uint8Array(0)

const value = fc.oneof(fc.constantFrom(0n, 1n, 2n, U64_MAX), fc.bigInt({ min: 0n, max: U64_MAX }))
const blinding = fc.oneof(fc.constantFrom(0n, 1n, ORDER - 1n), fc.bigInt({ min: 0n, max: ORDER - 1n }))
const quantity = fc.nat(3)

async function opens(
  at: number,
  plus: Uint8Array,
  minus: Uint8Array,
  opening: { value: bigint; blinding: bigint },
): Promise<unknown> {
  return (await lab().readQuota('opens', at, plus, minus, opening.value, opening.blinding))[0]
}

/**
 * A number as the difference of two commitments, and what is due of it; null where a commitment would be
 * zero.
 */
function difference(at: number, start: bigint, used: bigint, rhoStart: bigint, rho: bigint) {
  const name = QUANTITIES[at]
  if (name === undefined || start + used > U64_MAX) return null
  const minus = commit(name, start, rhoStart)
  const plus = commit(name, start + used, (rhoStart + rho) % ORDER)
  if (minus.equals(Point.ZERO) || plus.equals(Point.ZERO)) return null
  return { plus: encodePoint(plus), minus: encodePoint(minus), value: used, blinding: rho }
}

it('accepts every right opening, the least and the largest among them', { timeout: 120_000 }, async () => {
  const property = fc.asyncProperty(
    quantity,
    value,
    value,
    blinding,
    blinding,
    async (at, start, used, first, rho) => {
      const point = commit(QUANTITIES[at] ?? 'waterMl', used, rho)
      if (!point.equals(Point.ZERO)) {
        expect(await opens(at, encodePoint(point), NONE, { value: used, blinding: rho })).toBe(true)
      }
      const shown = difference(at, start, used, first, rho)
      if (shown !== null) expect(await opens(at, shown.plus, shown.minus, shown)).toBe(true)
    },
  )
  await fc.assert(property, { numRuns: 60 })
})

it('refuses every wrong opening', { timeout: 120_000 }, async () => {
  const property = fc.asyncProperty(
    quantity,
    value,
    value,
    blinding,
    blinding,
    async (at, start, used, first, rho) => {
      const shown = difference(at, start, used, first, rho)
      if (shown === null) return
      const { plus, minus } = shown
      const wrong = [
        { value: used === U64_MAX ? 0n : used + 1n, blinding: rho },
        { value: used, blinding: (rho + 1n) % ORDER },
        { value: used, blinding: (ORDER - rho) % ORDER === rho ? rho + 1n : (ORDER - rho) % ORDER },
      ]
      for (const opening of wrong) expect(await opens(at, plus, minus, opening)).toBe(false)
      if (used !== 0n) {
        expect(await opens((at + 1) % 4, plus, minus, shown)).toBe(false)
        expect(await opens(at, minus, plus, shown)).toBe(false)
      }
      if (used !== 0n || rho !== 0n)
        expect(await opens(at, plus, NONE, shown)).toBe(start === 0n && first === 0n)
    },
  )
  await fc.assert(property, { numRuns: 25 })
})

it('refuses points off the curve with NotAPoint', async () => {
  const good = encodePoint(G)
  const bad = Uint8Array.from([2, ...new Uint8Array(31), 5])
  for (const points of [
    [bad, NONE],
    [good, bad],
    [NONE, good],
    [good.subarray(1), NONE],
  ]) {
    await expectRefusal(lab(), lab().toQuota(STRANGER, 'opens', 0, ...points, 1, 1), 'NotAPoint')
  }
})

it('refuses an unknown quantity with QuantityUnknown', async () => {
  const call = lab().toQuota(STRANGER, 'opens', 4, encodePoint(G), NONE, 1, 1)
  await expectRefusal(lab(), call, 'QuantityUnknown', { given: 4n })
})

it('gives the difference of a point with itself as zero, and with its opposite as its double', async () => {
  const point = G.multiply(77n)
  const nothing = { value: 0n, blinding: 0n }
  expect(await opens(0, encodePoint(point), encodePoint(point), nothing)).toBe(true)
  expect(await opens(0, encodePoint(point), encodePoint(point), { value: 0n, blinding: 1n })).toBe(false)
  const twice = { value: 0n, blinding: 154n }
  expect(await opens(0, encodePoint(point), encodePoint(point.negate()), twice)).toBe(true)
})
