import { RESOURCES, type Resource } from './resource.ts'

/** A price as it is signed and put on the chain. */
export interface PostedPrice {
  readonly resource: Resource
  /** Micro-euro per kWh of energy, per kW and hour of power, per m³ of water. */
  readonly microEuro: number
  /** Unix seconds; the price holds in [validFromS, validUntilS). */
  readonly validFromS: number
  readonly validUntilS: number
}

/** What a resource costs on the common market for an interval; it may be zero or below. */
export interface MarketPrice extends PostedPrice {
  /** Where the price was read, in words. */
  readonly source: string
}

/** What the contract has taken of a resource's prices so far. */
export interface TakenPrice {
  readonly microEuro: number
  readonly validFromS: number
  readonly validUntilS: number
  readonly postedAtS: number
}
export type TakenPrices = Readonly<Record<Resource, TakenPrice | null>>

/** The contract takes prices from one micro-euro to 1,000 euro; the market's own may lie outside. */
export const LEAST_MICRO_EURO = 1
export const MOST_MICRO_EURO = 1_000_000_000

/** A source is read again after this time even when nothing in it is due: it may have been corrected. */
export const READ_AGAIN_S = 900

/** A market's price as the contract can take it: a price of nothing or less counts as the least there is. */
export function postable(microEuro: number): number {
  return Math.min(MOST_MICRO_EURO, Math.max(LEAST_MICRO_EURO, microEuro))
}

/** The price in force at a moment; of several the one that began last, then the one that ends first. */
export function priceInForce(
  prices: readonly MarketPrice[],
  resource: Resource,
  nowS: number,
): MarketPrice | null {
  const inForce = prices
    .filter((price) => price.resource === resource && price.validFromS <= nowS && nowS < price.validUntilS)
    .sort((a, b) => b.validFromS - a.validFromS || a.validUntilS - b.validUntilS)
  return inForce[0] ?? null
}

/** Of all prices, those in force and the first to come of each resource: what a plan is made of. */
export function nearPrices(prices: readonly MarketPrice[], nowS: number): readonly MarketPrice[] {
  return RESOURCES.flatMap((resource) => {
    const inForce = priceInForce(prices, resource, nowS)
    const coming = nextPrice(prices, resource, nowS)
    return [inForce, coming].filter((price) => price !== null)
  })
}

function nextPrice(prices: readonly MarketPrice[], resource: Resource, nowS: number): MarketPrice | null {
  return prices
    .filter((price) => price.resource === resource && price.validFromS > nowS)
    .reduce<MarketPrice | null>((a, b) => (a === null || b.validFromS < a.validFromS ? b : a), null)
}

/** What to post now, and when to look again. */
export interface PostingPlan {
  readonly posts: readonly PostedPrice[]
  readonly nextAtS: number
}

/**
 * What the market says against what the contract has: a price is posted when its interval is new, or when the
 * bounded step has not let all of it through yet; never sooner than the contract takes the next step.
 */
export function planPosts(
  prices: readonly MarketPrice[],
  taken: TakenPrices,
  nowS: number,
  leastStepS: number,
): PostingPlan {
  const posts: PostedPrice[] = []
  let nextAtS = nowS + READ_AGAIN_S
  for (const resource of RESOURCES) {
    const price = priceInForce(prices, resource, nowS)
    const comingAtS = nextPrice(prices, resource, nowS)?.validFromS ?? nextAtS
    nextAtS = Math.min(nextAtS, comingAtS, price?.validUntilS ?? nextAtS)
    if (price === null) continue
    const last = taken[resource]
    if (last !== null && !isDue(price, last)) continue
    const stepAtS = last === null ? nowS : last.postedAtS + leastStepS
    if (stepAtS > nowS) nextAtS = Math.min(nextAtS, stepAtS)
    else posts.push({ resource, ...partOf(price) })
  }
  return { posts, nextAtS }
}

function isDue(price: MarketPrice, last: TakenPrice): boolean {
  if (price.validFromS < last.validFromS) return false
  return price.validFromS > last.validFromS || postable(price.microEuro) !== last.microEuro
}

function partOf({ microEuro, validFromS, validUntilS }: MarketPrice) {
  return { microEuro: postable(microEuro), validFromS, validUntilS }
}

/**
 * Prices of one source for the resources it knows, and of another for those that it does not: a day-ahead
 * market has no price of water.
 */
export function completedBy(
  prices: readonly MarketPrice[],
  others: readonly MarketPrice[],
): readonly MarketPrice[] {
  const known = new Set(prices.map(({ resource }) => resource))
  return [...prices, ...others.filter(({ resource }) => !known.has(resource))]
}

/** Time after which a price that has ended and was not followed by another is told as stale. */
export const STALE_AFTER_S = 900

/** The moment at which the newest price of energy is stale; without one, counted from the feed's start. */
export function staleAtS(taken: TakenPrices, startedAtS: number): number {
  const last = taken.energy
  return (last === null ? startedAtS : Math.max(startedAtS, last.validUntilS)) + STALE_AFTER_S
}
