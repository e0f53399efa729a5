import { wholes } from './money.ts'

/** A number that somebody wrote, in parts of the unit; or what is wrong with it, for the one who wrote it. */
export type Written = { readonly parts: number } | { readonly problem: string }

/** What a written number may be. */
export interface WrittenLimits {
  /** How many digits after the point one part is: 3 for kWh in Wh. */
  readonly decimals: number
  /** In parts; the problem is told by `tooMuch`. */
  readonly most: number
  readonly tooMuch: string
  /** What is said while nothing is written. */
  readonly empty: string
  /** Whether nothing (0) is a fine answer. */
  readonly zero?: boolean
}

/**
 * Reads a number as people write it: point or comma, no thousands separators, since `1,000` means one thing
 * here and another there. Integers all the way: what is read is exactly what was written.
 */
export function readWritten(text: string, limits: WrittenLimits): Written {
  const trimmed = text.trim().replace(/[\s\u00a0\u202f]/g, '')
  if (trimmed === '') return { problem: limits.empty }
  if (/^[-−]/.test(trimmed)) return { problem: 'Write a number above zero.' }
  if (/[.,].*[.,]/.test(trimmed)) return { problem: 'Write one point or comma only, as in 1250.5.' }
  const match = /^(\d*)(?:[.,](\d*))?$/.exec(trimmed)
  if (match === null || !/\d/.test(trimmed)) return { problem: 'Write digits, as in 1.5.' }
  const [, whole = '', fraction = ''] = match
  const digits = fraction.replace(/0+$/, '')
  if (digits.length > limits.decimals) return { problem: tooFine(limits.decimals) }
  const parts = BigInt(`${whole}${digits.padEnd(limits.decimals, '0')}`)
  if (parts > BigInt(limits.most)) return { problem: limits.tooMuch }
  if (parts === 0n && limits.zero !== true) return { problem: 'Write a number above zero.' }
  return { parts: Number(parts) }
}

/** Parts as a field is filled in with them: plain digits and a point, readable by `readWritten`. */
export function fieldText(parts: number, decimals: number): string {
  const digits = String(parts).padStart(decimals + 1, '0')
  const cut = digits.length - decimals
  const fraction = digits.slice(cut).replace(/0+$/, '')
  return fraction === '' ? digits.slice(0, cut) : `${digits.slice(0, cut)}.${fraction}`
}

/** The parts that were read; null while there is a problem. */
export const partsOf = (written: Written): number | null => ('parts' in written ? written.parts : null)
export const problemOf = (written: Written): string | null => ('problem' in written ? written.problem : null)

function tooFine(decimals: number): string {
  const step = wholes(1, decimals, 0, decimals)
  return `At most ${decimals} digits after the point: ${step} is the smallest step.`
}
