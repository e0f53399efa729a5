import { badField } from '../../protocols/rules/fault.ts'

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/**
 * Milliseconds of a duration such as `500ms`, `60s`, `10m`, `2h` or `30d`; a bare number is seconds. At least
 * one unless `leastMs` allows none.
 */
export function durationMs(field: string, text: string, leastMs = 1): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text.trim())
  const scale = UNIT_MS[match?.[2] ?? 's']
  if (match?.[1] === undefined || scale === undefined) {
    throw badField(field, 'a duration such as 500ms, 60s, 10m, 2h or 30d', text)
  }
  const value = Math.round(Number(match[1]) * scale)
  if (value < leastMs) throw badField(field, 'a duration above zero', text)
  return value
}

/** How many sample periods a longer period has: a whole number, at least two. */
export function periodsOf(field: string, text: string, period: string, sampleMs: number): number {
  const periods = durationMs(field, text) / sampleMs
  if (Number.isInteger(periods) && periods >= 2) return periods
  throw badField(field, `a multiple of the sample period, at least two (--period ${period})`, text)
}
