import type { AuctionFailure, MarketResource, MarketRole } from '../../../market-model.ts'
import { clockLabel, moment } from '../words/format.ts'
import { lotText } from '../words/money.ts'

interface Windowed {
  readonly fromMs: number
  readonly untilMs: number
}

const NEAR_MS = 20 * 3_600_000

/** A window of power: `from 18:00 to 20:00`; with seconds only where they say something. */
export function windowText({ fromMs, untilMs }: Windowed, nowMs: number): string {
  const near = Math.abs(untilMs - nowMs) < NEAR_MS
  const withSeconds = fromMs % 60_000 !== 0 || untilMs % 60_000 !== 0
  const at = (ms: number): string => (near ? clockLabel(ms, withSeconds) : moment(ms, nowMs))
  return `from ${at(fromMs)} to ${at(untilMs)}`
}

/** What a home does in an auction: `Buying 2 kWh`. */
export function dealText(
  role: MarketRole,
  { resource, amount }: { readonly resource: MarketResource; readonly amount: number },
  over: boolean,
): string {
  const verb = role === 'buyer' ? (over ? 'Bought' : 'Buying') : over ? 'Sold' : 'Selling'
  return `${verb} ${lotText(resource, amount)}`
}

/** Why nothing was exchanged, and what would help. */
export const FAILURE_WORDS: Readonly<Record<AuctionFailure, string>> = {
  cancelled: 'The buyer took the request back.',
  'no-bids': 'No neighbour bid. A longer time or a higher maximum may bring one.',
  'no-max-price': 'The buyer did not show the maximum price in time and loses the bond.',
  'none-under-max': 'Every bid was above the maximum price. Nothing was bought.',
  'second-above-max': 'The second-lowest bid was above the maximum price. Nothing was bought.',
  'too-late': 'The auction was decided too late to move the quota. All bonds come back.',
  refused: 'The ledger refused it. Nothing was locked.',
}
