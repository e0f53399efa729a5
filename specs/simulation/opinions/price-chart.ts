import { type Chart, type Facts, factsOf, num } from './chart.ts'
import { type AllTaken, postsAt, type Quoted, staleFrom, type Taken } from './market-price-opinion.ts'

const MINUTE_S = 60
const QUARTER_S = 900
const NOTHING = { energy: null, power: null, water: null }

/** Plain data of a snapshot, as the opinion reads it. */
interface Feed {
  readonly startedAtS: number
  readonly taken: AllTaken
  readonly leastStepS: number
  readonly nextAtS: number
  readonly staleAtS: number
  readonly calls: number
  readonly waiting: readonly (Quoted & { readonly number: number })[]
  readonly isPricingDue: boolean
  readonly hindered: string | null
}
const isFeed = (of: object): of is Feed => 'leastStepS' in of
const areQuotes = (of: unknown): of is readonly Quoted[] => Array.isArray(of)
const areTaken = (of: unknown): of is AllTaken => 'energy' in factsOf(of)
const isTaken = (of: unknown): of is Taken => 'postedAtS' in factsOf(of)

function feedOf(context: Facts): Feed {
  if (!isFeed(context)) throw new Error('this is no price feed')
  return context
}
const pricesOf = ({ prices }: Facts): readonly Quoted[] => (areQuotes(prices) ? prices : [])
const takenOf = ({ taken }: Facts): AllTaken => (areTaken(taken) ? taken : NOTHING)
const oneTaken = ({ taken }: Facts): Taken | null => (isTaken(taken) ? taken : null)

function planned(context: Facts, event: Facts) {
  const { taken, leastStepS, calls } = feedOf(context)
  const { posts, nextAtS } = postsAt(pricesOf(event), taken, num(event['nowS']), leastStepS)
  return { nextAtS, waiting: posts.map((each, index) => ({ ...each, number: calls + 1 + index })) }
}

/** What the feed knows once a post has ended: what was taken, and when the rest of it may follow. */
function ended(context: Facts, event: Facts): Facts {
  const { waiting, taken, nextAtS, startedAtS, leastStepS, isPricingDue } = feedOf(context)
  const sent = waiting.find(({ number }) => number === event['number'])
  if (sent === undefined) return {}
  const rest = { waiting: waiting.filter(({ number }) => number !== sent.number) }
  const got = oneTaken(event)
  if (got === null || got.validFromS < sent.validFromS) {
    return { ...rest, nextAtS: Math.min(nextAtS, num(event['nowS']) + MINUTE_S) }
  }
  const now = { ...taken, [String(event['resource'])]: got }
  const again = got.microEuro === sent.microEuro ? nextAtS : Math.min(nextAtS, got.postedAtS + leastStepS)
  const due = isPricingDue || event['resource'] === 'energy'
  return { ...rest, taken: now, staleAtS: staleFrom(now, startedAtS), nextAtS: again, isPricingDue: due }
}

const isLast = (context: Facts, { number }: Facts): boolean =>
  feedOf(context).waiting.filter((each) => each.number !== number).length === 0

const about = ({ type, code, missingWei, error }: Facts): Facts => {
  if (type === 'SOURCE_FAILED') return { code: 'source-hindered', about: code }
  if (type === 'BACKING_SHORT') return { code: 'backing-short', about: missingWei }
  if (type === 'PRICE_ENDED') return { code: 'price-refused', about: error ?? '' }
  return { code: type === 'STALE' ? 'price-stale' : 'price-fresh' }
}

function priced(context: Facts, { type, error, nowS }: Facts): Facts {
  const failed = type === 'BACKING_SHORT' || error !== null
  const { nextAtS } = feedOf(context)
  return { isPricingDue: failed, nextAtS: failed ? Math.min(nextAtS, num(nowS) + MINUTE_S) : nextAtS }
}

const woken = (context: Facts, { nowS }: Facts): Facts => {
  return { startedAtS: nowS, staleAtS: staleFrom(takenOf(context), num(nowS)) }
}

/** The price feed: market to chain, and the token's price after it. */
export const PRICES: Chart = {
  begins: ({ nowS }) => ({
    leaves: ['work.meeting', 'freshness.fresh'],
    context: {
      ...{ startedAtS: nowS, taken: NOTHING, leastStepS: QUARTER_S, nextAtS: nowS },
      ...{ staleAtS: num(nowS) + QUARTER_S, calls: 0, waiting: [], isPricingDue: false, hindered: null },
    },
    asked: [{ name: 'readChain', params: null }],
  }),
  lines: `
                    | WOKEN                           | -            | =woken
    work.meeting    | CHAIN_READ                      | work.reading | =chain readSource
    work.meeting    | CHAIN_AWAY                      | work.away    | =hindered
    work.away       | DUE                             | work.meeting | readChain
    work.away       | WOKEN                           | work.meeting | =woken readChain
    work.resting    | DUE                             | work.reading | readSource
    work.resting    | WOKEN                           | work.meeting | =woken readChain
    work.reading    | SOURCE_READ ?posts              | work.posting | =plan post awaitPosts
    work.reading    | SOURCE_READ ?due                | work.pricing | =plan readToken
    work.reading    | SOURCE_READ                     | work.resting | =plan
    work.reading    | SOURCE_FAILED ?newFault         | work.resting | tell =hindered
    work.reading    | SOURCE_FAILED                   | work.resting | =hindered
    work.posting    | POST_ENDED ?last ?follows       | work.pricing | =ended readToken
    work.posting    | POST_ENDED ?last                | work.resting | =ended
    work.posting    | POST_ENDED                      | -            | =ended
    work.pricing    | TOKEN_PRICED                    | work.setting | =call setPrice awaitPrice
    work.pricing    | BACKING_SHORT                   | work.resting | tell =priced
    work.pricing    | CHAIN_AWAY                      | work.resting | =hindered
    work.setting    | PRICE_ENDED ?refused            | work.resting | tell =priced
    work.setting    | PRICE_ENDED                     | work.resting | =priced
    freshness.fresh | STALE                           | freshness.stale | tell
    freshness.stale | POST_ENDED ?fresh               | freshness.fresh | tell
    freshness.stale | CHAIN_READ ?holds               | freshness.fresh | tell
  `,
  conditions: {
    posts: (context, event) => planned(context, event).waiting.length > 0,
    due: ({ isPricingDue }) => isPricingDue === true,
    newFault: ({ hindered }, { code }) => hindered !== code,
    last: isLast,
    follows: (context, event) => ended(context, event)['isPricingDue'] === true,
    refused: (_, { error }) => error !== null,
    fresh: (context, event) => num(ended(context, event)['staleAtS'] ?? 0) > feedOf(context).staleAtS,
    holds: (_, event) => num(takenOf(event)['energy']?.validUntilS ?? 0) > num(event['nowS']),
  },
  keeps: {
    woken,
    chain: ({ startedAtS }, event) => {
      const { taken, leastStepS } = event
      return { taken, leastStepS, staleAtS: staleFrom(takenOf(event), num(startedAtS)), hindered: null }
    },
    hindered: (_, { code, nowS }) => ({ hindered: code, nextAtS: num(nowS) + MINUTE_S }),
    plan: (context, event) => {
      const { waiting, nextAtS } = planned(context, event)
      return { waiting, nextAtS, calls: feedOf(context).calls + waiting.length, hindered: null }
    },
    ended,
    call: ({ calls }) => ({ calls: num(calls) + 1 }),
    priced,
  },
  params: {
    post: ({ waiting }) => ({ posts: waiting }),
    awaitPosts: ({ waiting }) => ({ posts: waiting }),
    setPrice: ({ calls }, { buyWei, sellWei }) => ({ number: calls, buyWei, sellWei }),
    awaitPrice: ({ calls }) => ({ number: calls }),
    tell: (_, event) => about(event),
  },
}
