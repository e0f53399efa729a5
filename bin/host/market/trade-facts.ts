import type { Store } from '../../../actors/storage/store.ts'
import type { TradingReads } from '../../../chain/proxy/trading-calls.ts'
import type { Allowance } from '../../../protocols/rules/divide.ts'
import { keptOf } from '../../../protocols/rules/forecast.ts'
import { resourceNumber, RESOURCES, type Resource } from '../../../protocols/rules/resource.ts'
import type { DoneToday, ResourceFacts, TradeFacts } from '../../../protocols/rules/trade-rules/facts.ts'
import { WEEKDAYS } from '../../../protocols/rules/trade-rules/rule.ts'
import { goingMicroSctOf, weightAt, WEIGHT_ONE, type Weights } from '../../../protocols/rules/weights.ts'
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

/** The prices that the chain holds. */
export async function unitPrices(
  reads: TradingReads,
  weights: Weights,
  nowMs: number,
): Promise<Readonly<Record<Resource, UnitPrices>>> {
  const [tokenWei, perMicroEuro] = await Promise.all([reads.tokenPriceWei(), reads.weiPerMicroEuro()])
  const of = async (resource: Resource): Promise<UnitPrices> => {
    const number = resourceNumber(resource)
    const [euro, ceiling] = await Promise.all([reads.marketPriceMicroEuro(number), reads.ceilingOf(number)])
    const market = euro > 0n && tokenWei > 0n ? (euro * perMicroEuro * MICRO) / tokenWei : null
    const weightPpm = weightAt(weights, resource, nowMs)
    return {
      marketMicroEur: euro > 0n ? Number(euro) : null,
      marketMicroSct: market === null ? null : Number(market),
      ceilingMicroSct: ceiling > 0n ? Number(ceiling) : null,
      weightPpm,
      goingMicroSct: market === null ? null : Number(goingMicroSctOf(market, weightPpm)),
    }
  }
  const [energy, power, water] = await Promise.all(RESOURCES.map(of))
  const nothing = { marketMicroEur: null, marketMicroSct: null, ceilingMicroSct: null, goingMicroSct: null }
  const none = { ...nothing, weightPpm: WEIGHT_ONE }
  return { energy: energy ?? none, power: power ?? none, water: water ?? none }
}

/** What of a resource is out in auctions that are not decided. */
export interface OpenLots {
  /** Locked in own bids. */
  readonly offered: number
  /** Asked for in own offers. */
  readonly buying: number
}

async function openLots({ db }: Store, resource: Resource): Promise<OpenLots> {
  const rows = await db
    .selectFrom('own_trade')
    .leftJoin('auction', 'auction.id', 'own_trade.auction')
    .select(['own_trade.role', 'own_trade.stage', 'own_trade.request', 'auction.resource', 'auction.amount'])
    .where('own_trade.stage', 'in', ['determination', 'negotiation'])
    .execute()
  const number = resourceNumber(resource)
  let offered = 0
  let buying = 0
  for (const row of rows) {
    const asked = row.request === null ? null : (JSON.parse(row.request) as unknown)
    const lot = {
      resource: field(asked, 'resource') ?? row.resource,
      amount: field(asked, 'amount') ?? row.amount,
    }
    if (lot.resource !== number || lot.amount === null) continue
    if (row.role === 'buyer') buying += lot.amount
    else if (row.stage === 'negotiation') offered += lot.amount
  }
  return { offered, buying }
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
  const { store } = from
  const [energy, power, water] = await Promise.all(RESOURCES.map((resource) => openLots(store, resource)))
  const none = { offered: 0, buying: 0 }
  return factsOf(from, { energy: energy ?? none, power: power ?? none, water: water ?? none })
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
