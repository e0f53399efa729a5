import type { AuctionTable } from '../../../actors/storage/schema.ts'
import { slotsOf } from '../../../protocols/rules/billing.ts'
import type { LotSize } from '../../../protocols/rules/lot-price.ts'
import { resourceOf, type Resource } from '../../../protocols/rules/resource.ts'

/** How a community counts its time. */
export interface MarketTimes {
  readonly sampleMs: number
  readonly slotsPerBilling: number
  readonly blockMs: number
}

type Lot = Pick<AuctionTable, 'resource' | 'period' | 'from_slot' | 'until_slot' | 'amount'>

/** From when until when a lot may be used: its window of power, or its billing period. */
export function spanOf(lot: Lot, times: MarketTimes): { fromMs: number; untilMs: number } {
  const { sampleMs } = times
  if (lot.until_slot > 0) return { fromMs: lot.from_slot * sampleMs, untilMs: lot.until_slot * sampleMs }
  return periodSpan(lot.period, times)
}

export function periodSpan(period: number, { sampleMs, slotsPerBilling }: MarketTimes) {
  const { first, last } = slotsOf(period, slotsPerBilling)
  return { fromMs: first * sampleMs, untilMs: (last + 1) * sampleMs }
}

/** The lot as the rules of prices take it. */
export function sizeOf(lot: Lot, { sampleMs }: MarketTimes): LotSize {
  return {
    resource: resourceOf(lot.resource),
    amount: lot.amount,
    slots: lot.until_slot - lot.from_slot,
    sampleMs,
  }
}

/** What a page shows of a lot. */
export function lotOf(
  lot: Lot,
  times: MarketTimes,
): { resource: Resource; amount: number; fromMs: number; untilMs: number } {
  return { resource: resourceOf(lot.resource), amount: lot.amount, ...spanOf(lot, times) }
}
