import { type LotSize, mostPriceOf } from './lot-price.ts'
import type { Resource } from './resource.ts'
import { MICRO_SCT } from './token-price.ts'

/** A trade that was awarded, with what the market asked for the resource at that time. */
export interface WeighedTrade {
  readonly buyer: string
  readonly seller: string
  /** When the lot was awarded; for lent power, when its window begins. Unix ms. */
  readonly atMs: number
  readonly lot: LotSize
  readonly priceMicroSct: bigint
  /** The market's price of one unit at that time, micro-SCT (see `unitMicroSctOf`). */
  readonly marketMicroSct: bigint
}

/**
 * W_E, W_P and W_W of eqs 10, 8 and 11: by resource and hour of the day (UTC), in parts per million of the
 * market's price.
 */
export type Weights = Readonly<Record<Resource, readonly number[]>>

/** The market's own price. */
export const WEIGHT_ONE = 1_000_000
/** Whatever was paid, an estimate stays within a tenth and ten times the market's price. */
export const LEAST_WEIGHT = 100_000
export const MOST_WEIGHT = 10_000_000

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const HOURS = 24

const hourOf = (atMs: number): number => Math.floor(atMs / HOUR_MS) % HOURS

interface Sums {
  readonly paid: bigint
  readonly market: bigint
}
const NOTHING: Sums = { paid: 0n, market: 0n }

/**
 * The weights that trades lead to: for each resource and hour what was paid over what the market would have
 * asked for the same, so that large lots count more. Two homes count once a day for a resource, by their
 * first trade, so that two cannot set a weight by trading to and fro. An hour without trades has the weight
 * of all hours, and a resource without trades has weight one.
 */
export function weightsOf(trades: readonly WeighedTrade[]): Weights {
  const counted = oncePerPairAndDay(trades)
  const of = (resource: Resource): readonly number[] => {
    const own = counted.filter(({ lot }) => lot.resource === resource)
    const all = ratioOf(sumOf(own), WEIGHT_ONE)
    return Array.from({ length: HOURS }, (_, hour) =>
      ratioOf(sumOf(own.filter(({ atMs }) => hourOf(atMs) === hour)), all),
    )
  }
  return { energy: of('energy'), power: of('power'), water: of('water') }
}

/** The weight that holds at a moment. */
export function weightAt(weights: Weights, resource: Resource, atMs: number): number {
  return weights[resource][hourOf(atMs)] ?? WEIGHT_ONE
}

/** The weights of a community that has not traded yet. */
export const EQUAL_WEIGHTS: Weights = {
  energy: Array.from({ length: HOURS }, () => WEIGHT_ONE),
  power: Array.from({ length: HOURS }, () => WEIGHT_ONE),
  water: Array.from({ length: HOURS }, () => WEIGHT_ONE),
}

function oncePerPairAndDay(trades: readonly WeighedTrade[]): readonly WeighedTrade[] {
  const seen = new Set<string>()
  return trades.filter(({ buyer, seller, atMs, lot }) => {
    const pair = [buyer.toLowerCase(), seller.toLowerCase()].sort().join()
    const key = `${lot.resource} ${Math.floor(atMs / DAY_MS)} ${pair}`
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}

function sumOf(trades: readonly WeighedTrade[]): Sums {
  return trades.reduce(
    ({ paid, market }, { lot, priceMicroSct, marketMicroSct }) => ({
      paid: paid + priceMicroSct,
      market: market + mostPriceOf(lot, marketMicroSct),
    }),
    NOTHING,
  )
}

function ratioOf({ paid, market }: Sums, without: number): number {
  if (market === 0n) return without
  const ppm = (paid * BigInt(WEIGHT_ONE)) / market
  if (ppm < BigInt(LEAST_WEIGHT)) return LEAST_WEIGHT
  return ppm > BigInt(MOST_WEIGHT) ? MOST_WEIGHT : Number(ppm)
}

/** What ties the market's money to the token's. */
export interface TokenRate {
  /** What one micro-euro is worth in C. */
  readonly weiPerMicroEuro: bigint
  /** Z_T, wei of C for one SCT. */
  readonly tokenPriceWei: bigint
}

/** A market price of micro-euro a unit in tokens: micro-SCT a unit, rounded up. */
export function unitMicroSctOf(microEuro: number, { weiPerMicroEuro, tokenPriceWei }: TokenRate): bigint {
  const wei = BigInt(microEuro) * weiPerMicroEuro
  return (wei * MICRO_SCT + tokenPriceWei - 1n) / tokenPriceWei
}

/** The going price of a unit, micro-SCT: the market's, weighed. Rounded down. */
export function goingMicroSctOf(marketMicroSct: bigint, weightPpm: number): bigint {
  return (marketMicroSct * BigInt(weightPpm)) / BigInt(WEIGHT_ONE)
}

/** What a home is told before it offers. */
export interface Estimate {
  /** T: the tokens that the lot costs at the market's price, micro-SCT. */
  readonly tokens: bigint
  /** M = T·Z_T·W (eqs 8, 10, 11): the compensation in C, wei. */
  readonly compensationWei: bigint
  /** M / Z_T: the same in tokens, micro-SCT. */
  readonly compensationMicroSct: bigint
}

/** The compensation to be expected for a lot. All parts are rounded down. */
export function estimateOf(
  lot: LotSize,
  marketMicroEuro: number,
  rate: TokenRate,
  weightPpm: number,
): Estimate {
  const tokens = mostPriceOf(lot, unitMicroSctOf(marketMicroEuro, rate))
  const weighed = tokens * BigInt(weightPpm)
  const one = BigInt(WEIGHT_ONE)
  return {
    tokens,
    compensationWei: (weighed * rate.tokenPriceWei) / (one * MICRO_SCT),
    compensationMicroSct: weighed / one,
  }
}
