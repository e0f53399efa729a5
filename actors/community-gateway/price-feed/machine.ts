import { assign, setup } from 'xstate'
import {
  type MarketPrice,
  planPosts,
  type PostedPrice,
  type PostingPlan,
  READ_AGAIN_S,
  staleAtS,
  type TakenPrice,
  type TakenPrices,
} from '../../../protocols/rules/market-price.ts'
import type { Resource } from '../../../protocols/rules/resource.ts'
import { placeholder, type Effect } from '../../placeholder.ts'

/** A source or a chain that did not answer is asked again after this time. */
export const TRY_AGAIN_S = 60

/** A price on its way to the chain: `number` counts the feed's posts and is never used twice. */
export interface NumberedPost extends PostedPrice {
  readonly number: number
}

/** What the feed must remember across a crash; moments are unix seconds. */
export interface PriceFeedContext {
  readonly startedAtS: number
  readonly taken: TakenPrices
  /** Time between two steps of a price that the contract takes. */
  readonly leastStepS: number
  readonly nextAtS: number
  readonly staleAtS: number
  /** Posts so far, and settings of the token's price: no call of the feed has another's id. */
  readonly calls: number
  readonly waiting: readonly NumberedPost[]
  /** Whether the token's price has yet to follow a price of energy that was taken. */
  readonly isPricingDue: boolean
  /** Why the source or the chain did not do what was asked, until it does again. */
  readonly hindered: string | null
}

export type PriceFeedEvent =
  | { type: 'WOKEN'; nowS: number }
  | { type: 'CHAIN_READ'; taken: TakenPrices; leastStepS: number; nowS: number }
  | { type: 'CHAIN_AWAY'; code: string; nowS: number }
  | { type: 'DUE' }
  | { type: 'SOURCE_READ'; prices: readonly MarketPrice[]; nowS: number }
  | { type: 'SOURCE_FAILED'; code: string; nowS: number }
  | { type: 'POST_ENDED'; number: number; resource: Resource; taken: TakenPrice | null; nowS: number }
  | { type: 'TOKEN_PRICED'; buyWei: string; sellWei: string }
  | { type: 'BACKING_SHORT'; missingWei: string; nowS: number }
  | { type: 'PRICE_ENDED'; error: string | null; nowS: number }
  | { type: 'STALE' }

const post: Effect<{ posts: readonly NumberedPost[] }> = placeholder('post')
const awaitPosts: Effect<{ posts: readonly NumberedPost[] }> = placeholder('awaitPosts')
const setPrice: Effect<{ number: number; buyWei: string; sellWei: string }> = placeholder('setPrice')
const awaitPrice: Effect<{ number: number }> = placeholder('awaitPrice')
const tell: Effect<{ code: PriceFeedCode; about?: string }> = placeholder('tell')

/** What the operator is told of. */
export type PriceFeedCode =
  'price-stale' | 'price-fresh' | 'source-hindered' | 'backing-short' | 'price-refused'

const NOTHING_TAKEN: TakenPrices = { energy: null, power: null, water: null }

const planOf = (context: PriceFeedContext, event: PriceFeedEvent): PostingPlan =>
  event.type === 'SOURCE_READ'
    ? planPosts(event.prices, context.taken, event.nowS, context.leastStepS)
    : { posts: [], nextAtS: context.nextAtS }

const postsOf = (context: PriceFeedContext, event: PriceFeedEvent): readonly NumberedPost[] =>
  planOf(context, event).posts.map((each, index) => ({ ...each, number: context.calls + index + 1 }))

/** The context after one of the posts has ended, taken or not. */
function afterPost(context: PriceFeedContext, event: PriceFeedEvent): Partial<PriceFeedContext> {
  if (event.type !== 'POST_ENDED') return {}
  const sent = context.waiting.find(({ number }) => number === event.number)
  if (sent === undefined) return {}
  const waiting = context.waiting.filter((each) => each !== sent)
  if (event.taken === null || event.taken.validFromS < sent.validFromS) {
    return { waiting, nextAtS: Math.min(context.nextAtS, event.nowS + TRY_AGAIN_S) }
  }
  const taken = { ...context.taken, [event.resource]: event.taken }
  const isWhole = event.taken.microEuro === sent.microEuro
  const stepAtS = event.taken.postedAtS + context.leastStepS
  return {
    waiting,
    taken,
    staleAtS: staleAtS(taken, context.startedAtS),
    nextAtS: isWhole ? context.nextAtS : Math.min(context.nextAtS, stepAtS),
    isPricingDue: context.isPricingDue || event.resource === 'energy',
  }
}

const setupPriceFeed = setup({
  types: {
    context: {} as PriceFeedContext,
    events: {} as PriceFeedEvent,
    input: {} as { nowS: number },
  },
  actions: {
    readChain: placeholder('readChain'),
    readSource: placeholder('readSource'),
    readToken: placeholder('readToken'),
    post,
    awaitPosts,
    setPrice,
    awaitPrice,
    tell,
    noteWoken: assign(({ context, event }) =>
      event.type === 'WOKEN' ? { startedAtS: event.nowS, staleAtS: staleAtS(context.taken, event.nowS) } : {},
    ),
    noteChain: assign(({ context, event }) =>
      event.type === 'CHAIN_READ'
        ? {
            taken: event.taken,
            leastStepS: event.leastStepS,
            staleAtS: staleAtS(event.taken, context.startedAtS),
            hindered: null,
          }
        : {},
    ),
    noteHindered: assign(({ event }) =>
      event.type === 'SOURCE_FAILED' || event.type === 'CHAIN_AWAY'
        ? { hindered: event.code, nextAtS: event.nowS + TRY_AGAIN_S }
        : {},
    ),
    notePlan: assign(({ context, event }) => {
      const waiting = postsOf(context, event)
      const { nextAtS } = planOf(context, event)
      return { waiting, nextAtS, calls: context.calls + waiting.length, hindered: null }
    }),
    notePost: assign(({ context, event }) => afterPost(context, event)),
    notePricing: assign({ calls: ({ context }) => context.calls + 1 }),
    notePriced: assign(({ context, event }) => {
      if (event.type !== 'PRICE_ENDED' && event.type !== 'BACKING_SHORT') return {}
      const failed = event.type === 'BACKING_SHORT' || event.error !== null
      const nextAtS = failed ? Math.min(context.nextAtS, event.nowS + TRY_AGAIN_S) : context.nextAtS
      return { isPricingDue: failed, nextAtS }
    }),
  },
  guards: {
    hasPosts: ({ context, event }) => planOf(context, event).posts.length > 0,
    isPricingDue: ({ context }) => context.isPricingDue,
    /** The source fails for the first time since it last answered. */
    isNewFault: ({ context, event }) => event.type === 'SOURCE_FAILED' && context.hindered !== event.code,
    isLastPost: ({ context, event }) =>
      event.type === 'POST_ENDED' && context.waiting.every(({ number }) => number === event.number),
    priceFollows: ({ context, event }) =>
      event.type === 'POST_ENDED' &&
      context.waiting.every(({ number }) => number === event.number) &&
      afterPost(context, event).isPricingDue === true,
    wasRefused: ({ event }) => event.type === 'PRICE_ENDED' && event.error !== null,
    isFresh: ({ context, event }) =>
      event.type === 'POST_ENDED' && (afterPost(context, event).staleAtS ?? 0) > context.staleAtS,
    isChainFresh: ({ event }) =>
      event.type === 'CHAIN_READ' &&
      event.taken.energy !== null &&
      event.taken.energy.validUntilS > event.nowS,
  },
})

/**
 * The community gateway's price feed (DESIGN §5, `getMarketPrice` and `setSCTPrice`): it reads the market
 * from its source, signs and posts what the contract does not have yet, lets the token's price follow, and
 * raises an alarm when no price comes.
 */
export const priceFeedMachine = setupPriceFeed.createMachine({
  id: 'priceFeed',
  context: ({ input }) => ({
    startedAtS: input.nowS,
    taken: NOTHING_TAKEN,
    leastStepS: READ_AGAIN_S,
    nextAtS: input.nowS,
    staleAtS: staleAtS(NOTHING_TAKEN, input.nowS),
    calls: 0,
    waiting: [],
    isPricingDue: false,
    hindered: null,
  }),
  type: 'parallel',
  on: { WOKEN: { actions: 'noteWoken' } },
  states: {
    work: {
      initial: 'meeting',
      states: {
        meeting: {
          entry: 'readChain',
          on: {
            CHAIN_READ: { target: 'reading', actions: 'noteChain' },
            CHAIN_AWAY: { target: 'away', actions: 'noteHindered' },
          },
        },
        away: { on: { DUE: 'meeting', WOKEN: { target: 'meeting', actions: 'noteWoken' } } },
        resting: { on: { DUE: 'reading', WOKEN: { target: 'meeting', actions: 'noteWoken' } } },
        reading: {
          entry: 'readSource',
          on: {
            SOURCE_READ: [
              { guard: 'hasPosts', target: 'posting', actions: 'notePlan' },
              { guard: 'isPricingDue', target: 'pricing', actions: 'notePlan' },
              { target: 'resting', actions: 'notePlan' },
            ],
            SOURCE_FAILED: [
              {
                guard: 'isNewFault',
                target: 'resting',
                actions: [
                  {
                    type: 'tell',
                    params: ({ event }) => ({ code: 'source-hindered' as const, about: event.code }),
                  },
                  'noteHindered',
                ],
              },
              { target: 'resting', actions: 'noteHindered' },
            ],
          },
        },
        posting: {
          entry: [
            { type: 'post', params: ({ context }) => ({ posts: context.waiting }) },
            { type: 'awaitPosts', params: ({ context }) => ({ posts: context.waiting }) },
          ],
          on: {
            POST_ENDED: [
              { guard: 'priceFollows', target: 'pricing', actions: 'notePost' },
              { guard: 'isLastPost', target: 'resting', actions: 'notePost' },
              { actions: 'notePost' },
            ],
          },
        },
        pricing: {
          entry: 'readToken',
          on: {
            TOKEN_PRICED: {
              target: 'setting',
              actions: [
                'notePricing',
                {
                  type: 'setPrice',
                  params: ({ context, event }) => ({
                    number: context.calls,
                    buyWei: event.buyWei,
                    sellWei: event.sellWei,
                  }),
                },
                { type: 'awaitPrice', params: ({ context }) => ({ number: context.calls }) },
              ],
            },
            BACKING_SHORT: {
              target: 'resting',
              actions: [
                {
                  type: 'tell',
                  params: ({ event }) => ({ code: 'backing-short' as const, about: event.missingWei }),
                },
                'notePriced',
              ],
            },
            CHAIN_AWAY: { target: 'resting', actions: 'noteHindered' },
          },
        },
        setting: {
          on: {
            PRICE_ENDED: [
              {
                guard: 'wasRefused',
                target: 'resting',
                actions: [
                  {
                    type: 'tell',
                    params: ({ event }) => ({ code: 'price-refused' as const, about: event.error ?? '' }),
                  },
                  'notePriced',
                ],
              },
              { target: 'resting', actions: 'notePriced' },
            ],
          },
        },
      },
    },
    freshness: {
      initial: 'fresh',
      states: {
        fresh: {
          on: { STALE: { target: 'stale', actions: { type: 'tell', params: { code: 'price-stale' } } } },
        },
        stale: {
          on: {
            POST_ENDED: {
              guard: 'isFresh',
              target: 'fresh',
              actions: { type: 'tell', params: { code: 'price-fresh' } },
            },
            CHAIN_READ: {
              guard: 'isChainFresh',
              target: 'fresh',
              actions: { type: 'tell', params: { code: 'price-fresh' } },
            },
          },
        },
      },
    },
  },
})
