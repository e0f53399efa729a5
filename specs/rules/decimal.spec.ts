import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decimalOf, microOf, scaledDecimalOf } from '../../protocols/rules/decimal.ts'
import { faultOf } from './thrown.ts'

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
    ['0e-9', 0],
    ['00018.970', 18_970_000],
    ['999999999.999999', MOST],
  ])('%s is %i millionths', (written, micro) => {
    expect(microOf(written, 'x')).toBe(micro)
  })

  it.each(['0.0000001', '1e-7', '1000000000', '1e400', '-1', '', '1.', '.5', '0x10', 'NaN', '1e9999', '1,5'])(
    'refuse %s',
    (written) => {
      expect(faultOf(() => microOf(written, 'x'))?.code).toBe('bad-field')
    },
  )

  it('are written with a sign and without trailing zeros', () => {
    expect([0, -1, 18_500_000, -2_000_000].map(decimalOf)).toEqual(['0', '-0.000001', '18.5', '-2'])
  })

  it('are written with as many decimals as their unit has', () => {
    expect([1_500, 5, 0, 1_000].map((wh) => scaledDecimalOf(wh, 3))).toEqual(['1.5', '0.005', '0', '1'])
  })

  it('name the field, what was expected of it, and what to do', () => {
    const factsOf = (written: string) => {
      const fault = faultOf(() => microOf(written, 'price'))
      return [fault?.facts['field'], fault?.facts['expected'], fault?.message]
    }
    expect(factsOf('1,5')).toEqual([
      'price',
      'a decimal number as 18.97',
      'price: expected a decimal number as 18.97, got "1,5"',
    ])
    expect(factsOf('-1')[1]).toBe('a number from 0 up')
    expect(factsOf('1e-7')[2]).toBe('price: expected at most 6 decimals, got "1e-7"; round it')
    expect(factsOf('1e9')[1]).toBe('at most 999999999.999999')
  })

  it('are read up to forty characters', () => {
    expect(microOf('1'.padStart(40, '0'), 'x')).toBe(1_000_000)
    expect(() => microOf('1'.padStart(41, '0'), 'x')).toThrow(/a decimal number/)
    expect(() => microOf(`1e${'9'.repeat(3)}`, 'x')).toThrow(/at most 999999999/)
    expect(microOf('1.10', 'x')).toBe(1_100_000)
    expect(microOf('12E-1', 'x')).toBe(1_200_000)
    expect(microOf('1e+2', 'x')).toBe(100_000_000)
  })
})
