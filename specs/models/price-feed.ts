import { setup } from 'xstate'

/*
 * What may happen to a price feed, as a person would tell it. Each event is carried out on a real feed with a
 * real token on a real chain (price-feed.spec.ts).
 */

export type FeedWorldEvent =
  | { type: 'STARTS' }
  | { type: 'STARTS_WITHOUT_A_CHAIN' }
  | { type: 'CHAIN_COMES' }
  | { type: 'CHAIN_COMES_AND_IT_STARTS_AGAIN' }
  | { type: 'MARKET_SAYS_THE_SAME' }
  | { type: 'MARKET_RISES' }
  | { type: 'MARKET_SPEAKS_OF_POWER_ONLY' }
  | { type: 'STARTS_AGAIN' }
  | { type: 'CHAIN_GOES_BEFORE_THE_TOKEN_IS_READ' }
  | { type: 'SOURCE_GOES' }
  | { type: 'SOURCE_STAYS_AWAY' }
  | { type: 'SOURCE_COMES' }
  | { type: 'NO_PRICE_FOR_HOURS' }
  | { type: 'PRICE_COMES' }

/** Leaf states that the machine must come to. */
export type FeedMeta = readonly string[]

export const feedModel = setup({
  types: { events: {} as FeedWorldEvent, meta: {} as FeedMeta },
}).createMachine({
  id: 'feedModel',
  initial: 'off',
  states: {
    off: { on: { STARTS: 'following', STARTS_WITHOUT_A_CHAIN: 'away' } },
    away: {
      meta: ['work.away'],
      on: { CHAIN_COMES: 'following', CHAIN_COMES_AND_IT_STARTS_AGAIN: 'following' },
    },
    following: {
      meta: ['work.resting', 'freshness.fresh'],
      on: {
        MARKET_SAYS_THE_SAME: 'following',
        MARKET_RISES: 'following',
        MARKET_SPEAKS_OF_POWER_ONLY: 'following',
        STARTS_AGAIN: 'following',
        CHAIN_GOES_BEFORE_THE_TOKEN_IS_READ: 'following',
        SOURCE_GOES: 'hindered',
      },
    },
    hindered: {
      meta: ['work.resting', 'freshness.fresh'],
      on: { SOURCE_STAYS_AWAY: 'hindered', SOURCE_COMES: 'following', NO_PRICE_FOR_HOURS: 'stale' },
    },
    stale: { meta: ['work.resting', 'freshness.stale'], on: { PRICE_COMES: 'following' } },
  },
})
