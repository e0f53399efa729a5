/* What of the common market's prices is posted (docs/token.md), reckoned by another way than the rules go. */

export interface Quoted {
  readonly resource: string
  readonly microEuro: number
  readonly validFromS: number
  readonly validUntilS: number
}
export interface Taken {
  readonly microEuro: number
  readonly validFromS: number
  readonly validUntilS: number
  readonly postedAtS: number
}
export type AllTaken = Readonly<Record<string, Taken | null>>

const RESOURCES = ['energy', 'power', 'water'] as const
const QUARTER_S = 900

/** The contract takes from a micro-euro up to a thousand euro. */
export const takable = (microEuro: number): number =>
  microEuro < 1 ? 1 : microEuro > 1_000_000_000 ? 1_000_000_000 : microEuro

/** The price of a moment: of several the newest, then the shortest. */
export function inForceAt<P extends Quoted>(prices: readonly P[], resource: string, nowS: number): P | null {
  let best: P | null = null
  for (const each of prices) {
    if (each.resource !== resource || each.validFromS > nowS || each.validUntilS <= nowS) continue
    const newer = best === null || each.validFromS > best.validFromS
    const shorter = best?.validFromS === each.validFromS && each.validUntilS < best.validUntilS
    if (newer || shorter) best = each
  }
  return best
}

export const nextStart = (prices: readonly Quoted[], resource: string, nowS: number): number | null => {
  const starts = prices.flatMap((each) =>
    each.resource === resource && each.validFromS > nowS ? [each.validFromS] : [],
  )
  return starts.length === 0 ? null : Math.min(...starts)
}

/** What is posted now, and when the feed looks again. */
export function postsAt(
  prices: readonly Quoted[],
  taken: AllTaken,
  nowS: number,
  leastStepS: number,
): { posts: Quoted[]; nextAtS: number } {
  const posts: Quoted[] = []
  const looks = [nowS + QUARTER_S]
  for (const resource of RESOURCES) {
    const price = inForceAt(prices, resource, nowS)
    const start = nextStart(prices, resource, nowS)
    if (start !== null) looks.push(start)
    if (price === null) continue
    looks.push(price.validUntilS)
    const had = taken[resource] ?? null
    const microEuro = takable(price.microEuro)
    const isNews = had === null || price.validFromS > had.validFromS
    const isRest = had?.validFromS === price.validFromS && had.microEuro !== microEuro
    if (!isNews && !isRest) continue
    const { validFromS, validUntilS } = price
    if (had === null || had.postedAtS + leastStepS <= nowS)
      posts.push({ resource, microEuro, validFromS, validUntilS })
    else looks.push(had.postedAtS + leastStepS)
  }
  return { posts, nextAtS: Math.min(...looks) }
}

/** A quarter of an hour after the last price of energy has ended, or the feed has begun. */
export const staleFrom = ({ energy }: AllTaken, startedAtS: number): number => {
  const ended = energy?.validUntilS ?? startedAtS
  return (ended > startedAtS ? ended : startedAtS) + QUARTER_S
}
