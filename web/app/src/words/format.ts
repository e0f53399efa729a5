/** Numbers and times as people read them. Everything comes in as integers with a known unit. */

/** How the amounts of one tile are written: one unit and one precision, chosen by the largest of them. */
export interface Scale {
  readonly unit: string
  /** The number alone, in the scale's unit. */
  number(value: number): string
  /** The number with its unit. */
  text(value: number): string
}

/** The reader's own language, as the browser says it. */
const LOCALE = undefined
const SPACE = '\u00a0'

function scale(unit: string, divisor: number, digits: number): Scale {
  const format = new Intl.NumberFormat(LOCALE, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
  const number = (value: number): string => format.format(value / divisor)
  return { unit, number, text: (value) => `${number(value)}${SPACE}${unit}` }
}

/** Two digits after the point below ten, one below a thousand, else none. */
function digitsFor(largest: number): number {
  if (largest < 10) return 2
  return largest < 1000 ? 1 : 0
}

/** Energy in Wh, or in kWh from 1 kWh on. */
export function energyScale(largestWh: number): Scale {
  return largestWh < 1000 ? scale('Wh', 1, 0) : scale('kWh', 1000, digitsFor(largestWh / 1000))
}

/** Power in kW always: people know their contract in kW. */
export function powerScale(largestW: number): Scale {
  return scale('kW', 1000, Math.abs(largestW) < 100_000 ? 2 : 1)
}

/** Water in litres, or in m³ from 1 m³ on. */
export function waterScale(largestMl: number): Scale {
  if (largestMl >= 1_000_000) return scale('m³', 1_000_000, largestMl < 100_000_000 ? 2 : 1)
  return scale('L', 1000, digitsFor(largestMl / 1000))
}

/** A whole number with the reader's grouping. */
export function count(value: number): string {
  return new Intl.NumberFormat(LOCALE).format(value)
}

/** A share of a limit in whole percent, never rounded up to a limit that is not reached. */
export function percent(used: number, limit: number): number {
  return limit <= 0 ? (used > 0 ? 100 : 0) : Math.floor((100 * used) / limit)
}

export function temperature(centiC: number): string {
  return `${new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 1 }).format(centiC / 100)}${SPACE}°C`
}

export function humidity(permille: number): string {
  return `${Math.round(permille / 10)}${SPACE}%`
}

/** How long, in the two largest units worth saying. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 90) return `${seconds}${SPACE}s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return `${minutes}${SPACE}min`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return joined(`${hours}${SPACE}h`, minutes % 60, 'min')
  return joined(days(Math.floor(hours / 24)), hours % 24, 'h')
}

function joined(first: string, rest: number, unit: string): string {
  return rest === 0 ? first : `${first} ${rest}${SPACE}${unit}`
}

function days(number: number): string {
  return `${number} ${number === 1 ? 'day' : 'days'}`
}

/** How long ago; both on the gateway's clock. */
export function ago(atMs: number, nowMs: number): string {
  const age = nowMs - atMs
  return age < 1500 ? 'just now' : `${duration(age)} ago`
}

/** The time of day, with the date when it was not within the last 20 hours. */
export function moment(atMs: number, nowMs: number): string {
  const near = Math.abs(nowMs - atMs) < 20 * 3600 * 1000
  const options: Intl.DateTimeFormatOptions = near
    ? { hour: '2-digit', minute: '2-digit', second: '2-digit' }
    : { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' }
  return new Intl.DateTimeFormat(LOCALE, options).format(atMs)
}

/** A clock label under a chart; seconds only where the chart spans minutes. */
export function clockLabel(atMs: number, withSeconds: boolean): string {
  const seconds: Intl.DateTimeFormatOptions = withSeconds ? { second: '2-digit' } : {}
  return new Intl.DateTimeFormat(LOCALE, {
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    ...seconds,
  }).format(atMs)
}

/** The greeting for the hour of day at the reader's place. */
export function greeting(nowMs: number): string {
  const hour = Number(new Intl.DateTimeFormat('en', { hour: 'numeric', hourCycle: 'h23' }).format(nowMs))
  if (hour < 5) return 'Good night'
  if (hour < 12) return 'Good morning'
  return hour < 18 ? 'Good afternoon' : 'Good evening'
}

/** A code as words: `energy-quota-90` becomes `Energy quota 90`. */
export function codeWords(code: string): string {
  const words = code.replaceAll('-', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** The first and last digits of an account or hash. */
export function shortHex(hex: string): string {
  return `${hex.slice(0, 6)}…${hex.slice(-4)}`
}
