import { badField } from './fault.ts'

/** Millionths: SCT have six decimals, and so has every price and amount that people write. */
const DECIMALS = 6
/**
 * Below this, six decimals make 15 digits, which a double carries and prints unchanged: no reader of our
 * JSON sees another number than we mean.
 */
const WHOLE_MOST = 999_999_999
/** A number written longer than this is refused before anything is computed from it. */
const WRITTEN_MOST = 40

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/

/** The digits of a number and how many of them stand after the point, without trailing zeros. */
function digitsOf(whole: string, fraction: string, exponent: number): { digits: bigint; decimals: number } {
  const all = whole + fraction
  const zeros = /0*$/.exec(all)?.[0].length ?? 0
  const digits = BigInt(all.slice(0, all.length - zeros))
  return { digits, decimals: digits === 0n ? 0 : fraction.length - exponent - zeros }
}

/**
 * The millionths of a decimal number as it is written: `18.97` is 18970000. No binary fraction comes between.
 * @throws Fault `bad-field` for what is no number, is negative, finer than a millionth, or above 999,999,999.
 */
export function microOf(written: string, field: string): number {
  const match = written.length <= WRITTEN_MOST ? NUMBER.exec(written) : null
  if (match === null) throw badField(field, 'a decimal number as 18.97', written)
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match
  const { digits, decimals } = digitsOf(whole, fraction, Number(exponent))
  if (sign === '-' && digits > 0n) throw badField(field, 'a number from 0 up', written)
  if (decimals > DECIMALS) {
    throw badField(field, `at most ${DECIMALS} decimals`, written, 'round it')
  }
  // An exponent has three digits at most, so that this power stays small.
  const micro = digits * 10n ** BigInt(DECIMALS - decimals)
  if (micro > BigInt(WHOLE_MOST) * 1_000_000n + 999_999n) {
    throw badField(field, `at most ${WHOLE_MOST}.999999`, written)
  }
  return Number(micro)
}

/** Millionths as people write them, without trailing zeros: 18970000 is `18.97`. */
export const decimalOf = (micro: number): string => scaledDecimalOf(micro, DECIMALS)

/** Parts as people write the whole, without trailing zeros: 1500 Wh with 3 decimals are `1.5` kWh. */
export function scaledDecimalOf(parts: number, decimals: number): string {
  const digits = String(Math.abs(parts)).padStart(decimals + 1, '0')
  const fraction = digits.slice(-decimals).replace(/0+$/, '')
  const text = digits.slice(0, -decimals) + (fraction === '' ? '' : `.${fraction}`)
  return parts < 0 ? `-${text}` : text
}
