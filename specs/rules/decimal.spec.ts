import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decimalOf, microOf } from '../../protocols/rules/decimal.ts'
import { codeOf } from '../../protocols/rules/fault.ts'

const MOST = 999_999_999_999_999

describe('decimal numbers', () => {
  it('are the same after writing and reading, and what a double prints', () => {
    fc.assert(
      fc.property(fc.nat(MOST), (micro) => {
        expect(microOf(decimalOf(micro), 'x')).toBe(micro)
        expect(microOf(`${decimalOf(micro)}e0`, 'x')).toBe(micro)
        expect(microOf(JSON.stringify(Number(decimalOf(micro))), 'x')).toBe(micro)
      }),
    )
  })

  it('mean the same with the point moved by an exponent', () => {
    fc.assert(
      fc.property(fc.nat(999_999), fc.integer({ min: -6, max: 3 }), (whole, exponent) => {
        const micro = BigInt(whole) * 10n ** BigInt(6 + exponent)
        expect(microOf(`${whole}e${exponent}`, 'x')).toBe(Number(micro))
        expect(microOf(`${whole}0000e${exponent - 4}`, 'x')).toBe(Number(micro))
      }),
    )
  })

  it.each([
    ['0.000001', 1],
    ['-0', 0],
    ['0e999', 0],
    ['00018.970', 18_970_000],
    ['999999999.999999', MOST],
  ])('%s is %i millionths', (written, micro) => {
    expect(microOf(written, 'x')).toBe(micro)
  })

  it.each(['0.0000001', '1e-7', '1000000000', '1e400', '-1', '', '1.', '.5', '0x10', 'NaN', '1e9999', '1,5'])(
    'refuse %s',
    (written) => {
      let code = ''
      try {
        microOf(written, 'x')
      } catch (thrown) {
        code = codeOf(thrown)
      }
      expect(code).toBe('bad-field')
    },
  )

  it('are written with a sign and without trailing zeros', () => {
    expect([0, -1, 18_500_000, -2_000_000].map(decimalOf)).toEqual(['0', '-0.000001', '18.5', '-2'])
  })
})
