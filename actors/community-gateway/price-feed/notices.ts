import type { PriceFeedCode } from './machine.ts'

/** What the operator of the community is told of its prices, in plain words. */
export interface PriceNotice {
  readonly code: PriceFeedCode
  /** The fault's code, the contract's error, or the currency that is missing. */
  readonly about: string
  readonly text: string
}

const WORDS: Readonly<Record<PriceFeedCode, string>> = {
  'price-stale': 'No new market price: tokens can soon no longer be bought. Check the source of prices.',
  'price-fresh': 'Market prices come again.',
  'source-hindered': 'The source of market prices gives none; it is asked again.',
  'backing-short': 'The token cannot follow the market: its contract lacks currency. Fund it.',
  'price-refused': 'The chain refused a price of the token; it is set again.',
}

/** A notice with its words. */
export function noticeOf(code: PriceFeedCode, about: string): PriceNotice {
  return { code, about, text: WORDS[code] }
}
