import type { Resource } from './resource.ts'

/**
 * What a resource costs on the common market for an interval: micro-euro per kWh of energy, per kW and hour
 * of power, per m³ of water. Prices of a market may be zero or below.
 */
export interface MarketPrice {
  readonly resource: Resource
  readonly microEuro: number
  /** Unix seconds; the price holds in [validFromS, validUntilS). */
  readonly validFromS: number
  readonly validUntilS: number
  /** Where the price was read, in words. */
  readonly source: string
}

/** The contract takes prices from 1 to 1,000 euro; the market's own may lie outside. */
export const LEAST_MICRO_EURO = 1
export const MOST_MICRO_EURO = 1_000_000_000

/** A market's price as the contract can take it: a price of nothing or less counts as the least there is. */
export function postable(microEuro: number): number {
  return Math.min(MOST_MICRO_EURO, Math.max(LEAST_MICRO_EURO, microEuro))
}
