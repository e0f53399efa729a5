import { decimalOf, scaledDecimalOf } from '../decimal.ts'
import type { Resource } from '../resource.ts'
import type { Hours, Weekday } from './rule.ts'
import { MINUTES_OF_DAY } from './rule.ts'

/** One reason of a decision: a code for programs, words for people. */
export interface Because {
  readonly code: string
  readonly says: string
}

const CUBIC_METRE_ML = 1_000_000

/** Wh as kWh, W as kW, mL as litres or m³. */
export function amountInWords(resource: Resource, amount: number): string {
  if (resource === 'energy') return `${scaledDecimalOf(amount, 3)} kWh`
  if (resource === 'power') return `${scaledDecimalOf(amount, 3)} kW`
  return amount < CUBIC_METRE_ML ? `${scaledDecimalOf(amount, 3)} L` : `${decimalOf(amount)} m³`
}

const UNIT: Readonly<Record<Resource, string>> = { energy: 'kWh', power: 'kW and hour', water: 'm³' }

export const sctInWords = (microSct: number): string => `${decimalOf(microSct)} SCT`

export function priceInWords(resource: Resource, microSct: number): string {
  return `${sctInWords(microSct)} per ${UNIT[resource]}`
}

/** A part of a whole in percent, with one decimal, rounded down. */
export function percentInWords(part: number, whole: number): string {
  return whole === 0 ? '0 %' : `${scaledDecimalOf(Math.floor((part * 1000) / whole), 1)} %`
}

export function minuteInWords(minute: number): string {
  const ofDay = minute % MINUTES_OF_DAY
  return `${String(Math.floor(ofDay / 60)).padStart(2, '0')}:${String(ofDay % 60).padStart(2, '0')}`
}

export function hoursInWords({ fromMinute, untilMinute }: Hours): string {
  return `${minuteInWords(fromMinute)} to ${minuteInWords(untilMinute)}`
}

export const weekdayInWords = (day: Weekday): string => day.charAt(0).toUpperCase() + day.slice(1)

/** Several things in one sentence: "a, b and c". */
export function listInWords(things: readonly string[]): string {
  const last = things.at(-1) ?? ''
  return things.length < 2 ? last : `${things.slice(0, -1).join(', ')} and ${last}`
}
