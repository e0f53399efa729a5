/** A seller's offer of the whole quantity, its price known. */
export interface PricedOffer<Price extends number | bigint> {
  readonly id: string
  readonly price: Price
}

/** Why nobody wins: no offers, none within the cap, or (strict) the second lowest above the cap. */
export type NoAward = 'no-offers' | 'none-under-cap' | 'second-above-cap'

export type Clearing<Price extends number | bigint> =
  | { readonly winner: string; readonly winningBid: Price; readonly price: Price; readonly reason: null }
  | { readonly winner: null; readonly winningBid: null; readonly price: null; readonly reason: NoAward }

export interface ClearingRule {
  /** The paper's CheckWinner (figure 5): no award when the second lowest offer is above the cap. */
  readonly strict?: boolean
}

const nobody = (reason: NoAward) => ({ winner: null, winningBid: null, price: null, reason }) as const

/**
 * The reverse Vickrey auction of §5.3: the lowest offer not above the buyer's cap P_max wins and is paid the
 * second lowest, at most the cap; a sole bidder is paid the cap. Equal offers go to the earlier one, so
 * offers come in the order in which they were sealed. Prices are integers of one unit. One pass, O(n).
 */
export function clear<Price extends number | bigint>(
  offers: Iterable<PricedOffer<Price>>,
  cap: Price,
  { strict = false }: ClearingRule = {},
): Clearing<Price> {
  let best: PricedOffer<Price> | undefined
  let second: Price | undefined
  for (const offer of offers) {
    if (best === undefined || offer.price < best.price) {
      second = best?.price
      best = offer
    } else if (second === undefined || offer.price < second) {
      second = offer.price
    }
  }
  if (best === undefined) return nobody('no-offers')
  if (best.price > cap) return nobody('none-under-cap')
  if (strict && second !== undefined && second > cap) return nobody('second-above-cap')
  const price = second !== undefined && second < cap ? second : cap
  return { winner: best.id, winningBid: best.price, price, reason: null }
}
