import { bondOf, mostPriceOf, unitPriceOf, type LotSize } from '../../../../protocols/rules/lot-price.ts'
import type { MarketResource, MarketResourceView } from '../../../market-model.ts'

/** What is asked for: an amount, and for power the window in which it is lent. */
export interface Lot {
  readonly resource: MarketResource
  readonly amount: number
  readonly fromMs: number
  readonly untilMs: number
}

/** The lot as the market's rules take it; a window covers every slot that it touches. */
export function sizeOf({ resource, amount, fromMs, untilMs }: Lot, sampleMs: number): LotSize {
  const slots = resource === 'power' ? Math.ceil((untilMs - fromMs) / sampleMs) : 0
  return { resource, amount, slots, sampleMs }
}

/** The bond of a lot, micro-SCT; null while the community has no ceiling price. */
export function bondMicroSct(size: LotSize, { ceilingMicroSctPerUnit }: MarketResourceView): number | null {
  return ceilingMicroSctPerUnit === null ? null : Number(bondOf(size, ceilingMicroSctPerUnit))
}

/** A lot at a price of the unit; null when there is no such price. */
export function atPrice(size: LotSize, microSctPerUnit: number | null): number | null {
  return microSctPerUnit === null ? null : Number(mostPriceOf(size, microSctPerUnit))
}

/** M of equations 8, 10 and 11: the lot at the market price, weighed by what neighbours pay. */
export function estimateMicroSct(size: LotSize, of: MarketResourceView): number | null {
  if (of.marketMicroSctPerUnit === null) return null
  const weighed = (BigInt(of.marketMicroSctPerUnit) * BigInt(of.weightPpm)) / 1_000_000n
  return Number(mostPriceOf(size, weighed))
}

/** What a unit costs when the lot costs so much. */
export function perUnit(size: LotSize, lotMicroSct: number): number {
  return Number(unitPriceOf(size, BigInt(lotMicroSct)))
}
