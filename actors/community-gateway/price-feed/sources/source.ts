import type { MarketPrice } from '../../../../protocols/rules/market-price.ts'
import { Fault } from '../../../../protocols/rules/fault.ts'

/** Where market prices come from: all that the price feed knows of it. */
export interface PriceSource {
  /** In words, for people. */
  readonly name: string
  /**
   * The prices that the source has now, in any order, past ones and coming ones too. Rejects with
   * `source-away` (try again), `source-empty` or `source-unreadable` (somebody must look).
   */
  read(signal: AbortSignal): Promise<readonly MarketPrice[]>
}

/** A day-ahead document is some 30 kB; a megabyte is not one. */
export const SOURCE_MAX_BYTES = 1_000_000
/** A year of quarter-hours of one resource fits; more is no price list. */
export const SOURCE_MAX_PRICES = 36_000

/** `source-unreadable`: names where, and what was expected there. */
export function unreadable(name: string, what: string): Fault {
  return new Fault('source-unreadable', `${name}: ${what}`, { source: name })
}

/** `source-away`: the source does not answer. */
export function away(name: string, why: string): Fault {
  return new Fault('source-away', `${name}: does not answer (${why}); it is asked again`, { source: name })
}

/** Unix seconds of an ISO 8601 moment that names its offset. Fault: `source-unreadable`. */
export function secondsOf(name: string, field: string, text: string): number {
  const whole = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text)
  const ms = whole ? Date.parse(text) : Number.NaN
  if (Number.isNaN(ms)) {
    throw unreadable(
      name,
      `${field}: expected a moment such as 2026-05-01T13:00Z, got "${text.slice(0, 40)}"`,
    )
  }
  return Math.floor(ms / 1000)
}

/** Micro-euro per kWh of euro per MWh, the unit that markets publish in. */
export function microEuroPerKwh(name: string, euroPerMwh: number): number {
  const microEuro = Math.round(euroPerMwh * 1000)
  if (!Number.isSafeInteger(microEuro)) throw unreadable(name, `a price of ${euroPerMwh} €/MWh is none`)
  return microEuro
}
