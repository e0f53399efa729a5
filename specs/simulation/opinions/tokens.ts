import { decimalOf, microOf, scaledDecimalOf } from '../../../protocols/rules/decimal.ts'
import * as market from '../../../protocols/rules/market-price.ts'
import { backingOf, fundingOf } from '../../../protocols/rules/token-backing.ts'
import * as token from '../../../protocols/rules/token-price.ts'
import * as weights from '../../../protocols/rules/weights.ts'
import type { Chance } from '../chance.ts'
import { type Ask, refuse } from './asked.ts'
import { inForceAt, nextStart, postsAt, staleFrom, takable } from './market-price-opinion.ts'
import { quotes } from './told-others.ts'

const MICRO = 1_000_000n
const up = (of: bigint, by: bigint): bigint => of / by + (of % by === 0n ? 0n : 1n)
const least = (...all: readonly bigint[]): bigint => all.reduce((a, b) => (b < a ? b : a))

/** Prices of the token with much, little and no currency behind it. */
export function askToken(ask: Ask, chance: Chance): void {
  const tokenPriceWei = BigInt(chance.pick([1, 3, 1_000, 999_983]))
  const circulating = BigInt(chance.pick([0, 1, 999_999, 5_000_000, 123_456_789]))
  const enough = (circulating * tokenPriceWei) / MICRO
  const backingWei =
    (enough * BigInt(chance.pick([0, 90, 97, 99, 100, 101, 150]))) / 100n + BigInt(chance.whole(0, 1))
  const maxSpreadPpm = BigInt(chance.pick([0, 20_000, 100_000]))
  const held = { tokenPriceWei, backingWei, circulating, maxSpreadPpm }
  const spreadPpm = BigInt(chance.pick([0, 20_000, 60_000]))
  ask(
    'the token price',
    { held, spreadPpm },
    () => token.pricesAround(held, spreadPpm),
    () => {
      const half = (tokenPriceWei * spreadPpm) / 2_000_000n
      const lowest = up(tokenPriceWei * MICRO, MICRO + maxSpreadPpm)
      const wished = tokenPriceWei - half < lowest ? lowest : tokenPriceWei - half
      const payable = circulating === 0n ? tokenPriceWei : (backingWei * MICRO) / circulating
      const sellWei = least(wished, payable)
      if (sellWei < lowest || sellWei <= 0n)
        return { ok: false, missingWei: up(circulating * lowest, MICRO) - backingWei }
      return {
        ok: true,
        buyWei: least(tokenPriceWei + half, sellWei + (sellWei * maxSpreadPpm) / MICRO),
        sellWei,
      }
    },
  )
  const value = BigInt(chance.whole(0, 99_999_999))
  ask(
    'the token price',
    { value, tokenPriceWei },
    () => token.tokensFor(value, tokenPriceWei),
    () => (value * MICRO) / tokenPriceWei,
  )
  ask(
    'the token price',
    { value, tokenPriceWei },
    () => token.currencyFor(value, tokenPriceWei),
    () => (value * tokenPriceWei) / MICRO,
  )
  ask(
    'the token price',
    { value, tokenPriceWei },
    () => token.costOf(value, tokenPriceWei),
    () => up(value * tokenPriceWei, MICRO),
  )
  ask(
    'the token price',
    { value, tokenPriceWei },
    () => token.microEuroOf(value, tokenPriceWei),
    () => value / tokenPriceWei,
  )
  const withMargin = (wei: bigint): bigint => up(wei * 105n, 100n)
  ask(
    'the backing',
    { value, tokenPriceWei },
    () => backingOf(value, tokenPriceWei),
    () => withMargin(up(value * tokenPriceWei, MICRO)),
  )
  ask(
    'the backing',
    { held },
    () => fundingOf(held),
    () => {
      const missing = withMargin(up(circulating * tokenPriceWei, MICRO)) - backingWei
      return missing < 0n ? 0n : missing
    },
  )
}

const NOW_S = 5_000

export function askMarket(ask: Ask, chance: Chance): void {
  const prices = quotes(chance, NOW_S)
  const resource = chance.pick(['energy', 'power', 'water'] as const)
  ask(
    'market prices',
    { prices, resource },
    () => market.priceInForce(prices, resource, NOW_S),
    () => inForceAt(prices, resource, NOW_S),
  )
  ask(
    'market prices',
    prices,
    () => market.nearPrices(prices, NOW_S),
    () => {
      return (['energy', 'power', 'water'] as const).flatMap((each) => {
        const start = nextStart(prices, each, NOW_S)
        const coming = prices.find((one) => one.resource === each && one.validFromS === start)
        return [inForceAt(prices, each, NOW_S), coming].filter((one) => one !== null && one !== undefined)
      })
    },
  )
  const some = () => {
    const validFromS = NOW_S + chance.pick([-900, 0, 1])
    const postedAtS = NOW_S + chance.pick([-901, -900, -60, 0])
    return { microEuro: chance.pick([1, 40_000]), validFromS, validUntilS: validFromS + 900, postedAtS }
  }
  const taken = { energy: some(), power: chance.hits(500_000) ? null : some(), water: null }
  const step = chance.pick([0, 60, 900])
  ask(
    'market prices',
    { prices, taken, step },
    () => market.planPosts(prices, taken, NOW_S, step),
    () => postsAt(prices, taken, NOW_S, step),
  )
  const microEuro = chance.pick([-7, 0, 1, 2, 999_999_999, 1_000_000_000, 1_000_000_001])
  ask(
    'market prices',
    microEuro,
    () => market.postable(microEuro),
    () => takable(microEuro),
  )
  const startedAtS = NOW_S + chance.pick([-5_000, 0, 5_000])
  const energy = chance.hits(300_000) ? null : taken.energy
  ask(
    'market prices',
    { energy, startedAtS },
    () => market.staleAtS({ ...taken, energy }, startedAtS),
    () => staleFrom({ energy }, startedAtS),
  )
  const others = quotes(chance, NOW_S)
  ask(
    'market prices',
    { prices, others },
    () => market.completedBy(prices, others),
    () => {
      return prices.concat(
        others.filter((other) => prices.every((known) => known.resource !== other.resource)),
      )
    },
  )
}

const HOUR_MS = 3_600_000

/** Trades of few pairs on few days, so that pairs and hours come again. */
export function askWeights(ask: Ask, chance: Chance): void {
  const trades = Array.from({ length: chance.whole(0, 7) }, () => {
    const [buyer, seller] = [chance.pick(['0xA', '0xa', '0xb']), chance.pick(['0xB', '0xc'])]
    const atMs =
      chance.whole(0, 2) * 24 * HOUR_MS + chance.pick([0, 5, 6, 23]) * HOUR_MS + chance.whole(0, 99)
    const lot = {
      resource: chance.pick(['energy', 'water'] as const),
      amount: chance.pick([1_000, 3_000_000]),
      slots: 0,
      sampleMs: 0,
    }
    const marketMicroSct = BigInt(chance.pick([0, 1, 1_000_000]))
    return {
      buyer,
      seller,
      atMs,
      lot,
      priceMicroSct: BigInt(chance.pick([0, 1, 900_000, 99_000_000])),
      marketMicroSct,
    }
  })
  ask(
    'weights',
    trades,
    () => weights.weightsOf(trades),
    () => ({
      energy: weighed(trades, 'energy'),
      power: Array.from({ length: 24 }, () => 1_000_000),
      water: weighed(trades, 'water'),
    }),
  )
  const hours = weights.weightsOf(trades)
  const atMs = chance.whole(0, 99) * HOUR_MS + chance.whole(0, HOUR_MS - 1)
  ask(
    'weights',
    atMs,
    () => weights.weightAt(hours, 'energy', atMs),
    () => hours.energy[new Date(atMs).getUTCHours()],
  )
  const rate = {
    weiPerMicroEuro: BigInt(chance.pick([1, 7, 1_000])),
    tokenPriceWei: BigInt(chance.pick([1, 3, 999_983])),
  }
  const microEuro = chance.whole(0, 99_999)
  const unit = up(BigInt(microEuro) * rate.weiPerMicroEuro * MICRO, rate.tokenPriceWei)
  ask(
    'weights',
    { microEuro, rate },
    () => weights.unitMicroSctOf(microEuro, rate),
    () => unit,
  )
  const ppm = chance.pick([100_000, 999_999, 1_000_000, 10_000_000])
  ask(
    'weights',
    { unit, ppm },
    () => weights.goingMicroSctOf(unit, ppm),
    () => (unit * BigInt(ppm)) / MICRO,
  )
  const lot = { resource: 'energy', amount: chance.whole(1, 9_999), slots: 0, sampleMs: 0 } as const
  ask(
    'weights',
    { lot, microEuro, rate, ppm },
    () => weights.estimateOf(lot, microEuro, rate, ppm),
    () => {
      const tokens = (BigInt(lot.amount) * unit) / 1_000n
      const compensationWei = (tokens * BigInt(ppm) * rate.tokenPriceWei) / (MICRO * MICRO)
      return { tokens, compensationWei, compensationMicroSct: (tokens * BigInt(ppm)) / MICRO }
    },
  )
}

function weighed(trades: readonly weights.WeighedTrade[], resource: string): number[] {
  const seen = new Set<string>()
  const sums = Array.from({ length: 25 }, () => ({ paid: 0n, market: 0n }))
  for (const { buyer, seller, atMs, lot, priceMicroSct, marketMicroSct } of trades) {
    const pair = [buyer, seller].map((each) => each.toLowerCase()).sort()
    const key = [new Date(atMs).toISOString().slice(0, 10), ...pair].join()
    if (lot.resource !== resource || seen.has(key)) continue
    seen.add(key)
    const size = lot.resource === 'water' ? 1_000_000n : 1_000n
    const asked = (BigInt(lot.amount) * marketMicroSct) / size
    for (const place of [new Date(atMs).getUTCHours(), 24]) {
      const { paid, market } = sums[place] ?? { paid: 0n, market: 0n }
      sums[place] = { paid: paid + priceMicroSct, market: market + asked }
    }
  }
  const ratio = ({ paid, market }: { paid: bigint; market: bigint }, none: number): number => {
    if (market === 0n) return none
    const ppm = (paid * MICRO) / market
    return ppm < 100_000n ? 100_000 : ppm > 10_000_000n ? 10_000_000 : Number(ppm)
  }
  const all = ratio(sums[24] ?? { paid: 0n, market: 0n }, 1_000_000)
  return sums.slice(0, 24).map((sum) => ratio(sum, all))
}

const WRITTEN = {
  '18.97': 18_970_000,
  '0': 0,
  '-0': 0,
  '007': 7_000_000,
  '1.500000': 1_500_000,
  '1.0000001': null,
  '1.1234567': null,
  '0.000001': 1,
  '1e3': 1_000_000_000,
  '12e-6': 12,
  '1e-7': null,
  '-1': null,
  '': null,
  '1,5': null,
  '999999999.999999': 999_999_999_999_999,
  '1000000000': null,
  '1e30': null,
  '0e300': 0,
  '1.10': 1_100_000,
  ' 1': null,
} as const satisfies Record<string, number | null>

export function askDecimals(ask: Ask, chance: Chance): void {
  const [written, micro] = chance.pick(Object.entries(WRITTEN))
  ask(
    'decimals',
    written,
    () => microOf(written, 'a price'),
    () => {
      refuse(micro === null)
      return micro
    },
  )
  const long = `${'0'.repeat(chance.whole(38, 40))}1`
  ask(
    'decimals',
    long,
    () => microOf(long, 'a price'),
    () => {
      refuse(long.length > 40)
      return 1_000_000
    },
  )
  const parts = chance.pick([0, 1, -1, 1_500, 1_000_000, 18_970_000, -250_000, 999_999])
  const decimals = chance.pick([1, 3, 6])
  const text = (digits: number): string => String(Number((parts / 10 ** digits).toFixed(digits)))
  ask(
    'decimals',
    { parts, decimals },
    () => scaledDecimalOf(parts, decimals),
    () => readable(parts, decimals),
  )
  ask(
    'decimals',
    parts,
    () => decimalOf(parts),
    () => (Math.abs(parts) < 10 ? readable(parts, 6) : text(6)),
  )
}

/** Small numbers print with an exponent, which people do not read. */
function readable(parts: number, decimals: number): string {
  const fixed = (parts / 10 ** decimals).toFixed(decimals)
  return fixed.includes('.') ? fixed.replace(/0+$/, '').replace(/\.$/, '') : fixed
}
