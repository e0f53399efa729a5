import type { Store } from '../../../actors/storage/store.ts'
import type { TradingReads } from '../../../chain/proxy/trading-calls.ts'
import type { Allowance } from '../../../protocols/rules/divide.ts'
import { keptOf } from '../../../protocols/rules/forecast.ts'
import { resourceNumber, type Resource } from '../../../protocols/rules/resource.ts'
import type { DoneToday, ResourceFacts, TradeFacts } from '../../../protocols/rules/trade-rules/facts.ts'
import { WEEKDAYS } from '../../../protocols/rules/trade-rules/rule.ts'
import { goingMicroSctOf, weightAt, type Weights } from '../../../protocols/rules/weights.ts'
import type { HomeUse } from './use-book.ts'

/** Prices of one resource, micro-SCT and micro-euro per unit; null where none is known. */
export interface UnitPrices {
  readonly marketMicroEur: number | null
  readonly marketMicroSct: number | null
  readonly ceilingMicroSct: number | null
  /** W of eqs 8, 10 and 11 now, parts per million: what neighbours pay over what the market asks. */
  readonly weightPpm: number
  /** The market's price, weighed: what a lot will likely cost or bring. */
  readonly goingMicroSct: number | null
}

export interface Purse {
  readonly balanceMicroSct: bigint
  readonly creditMicroSct: bigint
}

const MICRO = 1_000_000n

/**
 * What the contracts hold of one resource's price: micro-euro and micro-SCT a unit, 0 where none was given.
 */
export interface ChainPrice {
  readonly marketMicroEur: bigint
  readonly ceilingMicroSct: bigint
}

/** The prices that the chain holds, of all resources, and of the token. */
export interface ChainPrices {
  /** Z_T, wei for one SCT; 0 before the first price. */
  readonly tokenWei: bigint
  readonly weiPerMicroEuro: bigint
  readonly resources: Readonly<Record<Resource, ChainPrice>>
}

export async function chainPrices(reads: TradingReads): Promise<ChainPrices> {
  const of = async (resource: Resource): Promise<ChainPrice> => {
    const number = resourceNumber(resource)
    const [euro, ceiling] = await Promise.all([reads.marketPriceMicroEuro(number), reads.ceilingOf(number)])
    return { marketMicroEur: euro, ceilingMicroSct: ceiling }
  }
  const [tokenWei, weiPerMicroEuro, energy, power, water] = await Promise.all([
    reads.tokenPriceWei(),
    reads.weiPerMicroEuro(),
    of('energy'),
    of('power'),
    of('water'),
  ])
  return { tokenWei, weiPerMicroEuro, resources: { energy, power, water } }
}

/** Those prices as people and rules count, weighed by what neighbours pay now (eqs 8, 10, 11). */
export function unitPrices(
  { tokenWei, weiPerMicroEuro, resources }: ChainPrices,
  weights: Weights,
  nowMs: number,
): Readonly<Record<Resource, UnitPrices>> {
  const of = (resource: Resource): UnitPrices => {
    const { marketMicroEur: euro, ceilingMicroSct: ceiling } = resources[resource]
    const market = euro > 0n && tokenWei > 0n ? (euro * weiPerMicroEuro * MICRO) / tokenWei : null
    const weightPpm = weightAt(weights, resource, nowMs)
    return {
      marketMicroEur: euro > 0n ? Number(euro) : null,
      marketMicroSct: market === null ? null : Number(market),
      ceilingMicroSct: ceiling > 0n ? Number(ceiling) : null,
      weightPpm,
      goingMicroSct: market === null ? null : Number(goingMicroSctOf(market, weightPpm)),
    }
  }
  return { energy: of('energy'), power: of('power'), water: of('water') }
}

/** What of a resource is out in auctions that are not decided. */
export interface OpenLots {
  /** Locked in own bids. */
  readonly offered: number
  /** Asked for in own offers. */
  readonly buying: number
}

/** An own auction that is not decided, as far as it tells what it is about. */
interface OpenTrade {
  readonly resource: number
  readonly amount: number
  readonly buying: boolean
  readonly bid: boolean
}

async function openTrades({ db }: Store): Promise<readonly OpenTrade[]> {
  const rows = await db
    .selectFrom('own_trade')
    .leftJoin('auction', 'auction.id', 'own_trade.auction')
    .select(['own_trade.role', 'own_trade.stage', 'own_trade.request', 'auction.resource', 'auction.amount'])
    .where('own_trade.stage', 'in', ['determination', 'negotiation'])
    .execute()
  return rows.flatMap((row) => {
    const asked = row.request === null ? null : (JSON.parse(row.request) as unknown)
    const resource = field(asked, 'resource') ?? row.resource
    const amount = field(asked, 'amount') ?? row.amount
    if (resource === null || amount === null) return []
    return [{ resource, amount, buying: row.role === 'buyer', bid: row.stage === 'negotiation' }]
  })
}

function openLots(trades: readonly OpenTrade[], resource: Resource): OpenLots {
  const own = trades.filter((trade) => trade.resource === resourceNumber(resource))
  const amountOf = (lots: readonly OpenTrade[]): number => lots.reduce((sum, { amount }) => sum + amount, 0)
  return {
    offered: amountOf(own.filter(({ buying, bid }) => !buying && bid)),
    buying: amountOf(own.filter(({ buying }) => buying)),
  }
}

function field(value: unknown, name: string): number | null {
  const found: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
  return typeof found === 'number' ? found : null
}

export interface FactsSources {
  readonly store: Store
  readonly use: HomeUse
  readonly quota: Allowance | null
  readonly prices: Readonly<Record<Resource, UnitPrices>>
  readonly purse: Purse
  readonly nowMs: number
  readonly today: Readonly<Record<string, DoneToday>>
}

/** A home's quota of one resource; 0 while none was allocated. */
export const quotaOf = (quota: Allowance | null, resource: Resource): number => {
  if (quota === null) return 0
  return resource === 'energy' ? quota.energyWh : resource === 'power' ? quota.powerW : quota.waterMl
}

/** All that the home's rules decide on, at this moment. */
export async function tradeFacts(from: FactsSources): Promise<TradeFacts> {
  const trades = await openTrades(from.store)
  const of = (resource: Resource): OpenLots => openLots(trades, resource)
  return factsOf(from, { energy: of('energy'), power: of('power'), water: of('water') })
}

/** The same with what is out in auctions given, for a moment of the past too. */
export function factsOf(
  { use, quota, prices, purse, nowMs, today }: Omit<FactsSources, 'store'>,
  out: Readonly<Record<Resource, OpenLots>>,
): TradeFacts {
  const of = (resource: Resource): ResourceFacts => {
    const whole = quotaOf(quota, resource)
    const { used, forecast } = use.use[resource]
    const price = prices[resource]
    const left = resource === 'power' ? whole : Math.max(0, whole - used)
    return {
      quota: whole,
      left,
      likely: keptOf(forecast, left),
      usual: forecast?.usual ?? 0,
      ...out[resource],
      marketPriceMicroSct: price.marketMicroSct,
      ceilingMicroSct: price.ceilingMicroSct,
    }
  }
  const now = new Date(nowMs)
  return {
    period: use.period,
    periodEndsInMs: Math.max(0, use.periodEndsMs - nowMs),
    local: {
      day: dayOf(now),
      weekday: WEEKDAYS[(now.getDay() + 6) % 7] ?? 'monday',
      minute: now.getHours() * 60 + now.getMinutes(),
    },
    balanceMicroSct: Number(purse.balanceMicroSct + purse.creditMicroSct),
    resources: { energy: of('energy'), power: of('power'), water: of('water') },
    today,
  }
}

/** The day by the home's own clock, as rules count it. */
export const dayOf = (moment: Date): string =>
  `${moment.getFullYear()}-${moment.getMonth() + 1}-${moment.getDate()}`
