/**
 * How a community's token is published unless the community says otherwise; ISmartCommunityToken says what
 * each setting means. One C (1e18 wei) is worth one euro.
 */
export const TOKEN = {
  name: 'Smart Community Token',
  symbol: 'SCT',
  /** Micro-SCT that begin in the contract's reserve: a million SCT. */
  supplyMicroSct: 1_000_000_000_000n,
  settings: {
    weiPerMicroEuro: 1_000_000_000_000n,
    /** A day: a day-ahead price that failed to come may come with the next one. */
    maxPriceAgeS: 86_400,
    /** A market price may double between two posts. */
    marketStepPpm: 1_000_000,
    /** Z_T moves by 2 % at most: hours swing, the token's worth should not. */
    tokenStepPpm: 20_000,
    leastStepS: 300,
    maxSpreadPpm: 100_000,
    /** A hundredth of one C: thousands of calls at the fees of a chain of ours. */
    minBalance: 10_000_000_000_000_000n,
    blockReward: 0n,
  },
} as const

/** Functions of the token that each role of the AccessManager may call; the owner's are the owner's alone. */
export const MANAGER_OF_TOKEN = [
  'setSCTPrice',
  'setMinBalance',
  'pause',
  'unpause',
  'setPriceSigner',
] as const
export const ORACLE_OF_TOKEN = ['postMarketPrice'] as const
