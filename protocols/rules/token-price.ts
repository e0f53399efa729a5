/** Micro-SCT in one SCT. */
export const MICRO_SCT = 1_000_000n
const PPM = 1_000_000n

/** What the token's price is made from; all currency in wei of C, the price for one SCT. */
export interface TokenMarket {
  /** Z_T after the step that the contract would take now. */
  readonly tokenPriceWei: bigint
  /** C that the contract holds to buy tokens back with. */
  readonly backingWei: bigint
  /** Tokens that are not in the contract's reserve, micro-SCT. */
  readonly circulating: bigint
  /** How far the contract lets `buyPrice` lie above `sellPrice`, millionths of `sellPrice`. */
  readonly maxSpreadPpm: bigint
}

export type TokenPrices =
  | { readonly ok: true; readonly buyWei: bigint; readonly sellWei: bigint }
  /** Even the lowest sell price that the spread allows could not be paid for all tokens. */
  | { readonly ok: false; readonly missingWei: bigint }

/**
 * The arguments of `setSCTPrice`: half of the spread above Z_T and half below, rounded against whoever trades
 * with the contract. Where the backing is short the sell price gives way as far as the widest spread lets it.
 */
export function pricesAround(market: TokenMarket, spreadPpm: bigint): TokenPrices {
  const { tokenPriceWei, backingWei, circulating, maxSpreadPpm } = market
  const half = (tokenPriceWei * spreadPpm) / (2n * PPM)
  const least = ceilDiv(tokenPriceWei * PPM, PPM + maxSpreadPpm)
  const payable = circulating === 0n ? tokenPriceWei : (backingWei * MICRO_SCT) / circulating
  const sellWei = min(max(tokenPriceWei - half, least), payable)
  if (sellWei < least || sellWei < 1n) {
    return { ok: false, missingWei: ceilDiv(circulating * least, MICRO_SCT) - backingWei }
  }
  const widest = sellWei + (sellWei * maxSpreadPpm) / PPM
  return { ok: true, buyWei: min(tokenPriceWei + half, widest), sellWei }
}

/** The price of micro-euro in C: what a reader of euro is shown. Rounded down. */
export function microEuroOf(wei: bigint, weiPerMicroEuro: bigint): bigint {
  return wei / weiPerMicroEuro
}

/** What `value` wei buy, in micro-SCT, as the contract rounds it. */
export function tokensFor(valueWei: bigint, buyWei: bigint): bigint {
  return (valueWei * MICRO_SCT) / buyWei
}

/** What `tokens` micro-SCT bring, in wei, as the contract rounds it. */
export function currencyFor(tokens: bigint, sellWei: bigint): bigint {
  return (tokens * sellWei) / MICRO_SCT
}

/** The least C that buys `tokens` micro-SCT, in wei. */
export function costOf(tokens: bigint, buyWei: bigint): bigint {
  return ceilDiv(tokens * buyWei, MICRO_SCT)
}

const min = (a: bigint, b: bigint): bigint => (a < b ? a : b)
const max = (a: bigint, b: bigint): bigint => (a > b ? a : b)
const ceilDiv = (a: bigint, b: bigint): bigint => (a + b - 1n) / b
