import type { Store } from '../../../actors/storage/store.ts'
import type { TradingReads } from '../../../chain/proxy/trading-calls.ts'
import type { Allowance } from '../../../protocols/rules/divide.ts'
import { likelyPeak, likelyUse } from '../../../protocols/rules/likely-use.ts'
import { resourceNumber, RESOURCES, type Resource } from '../../../protocols/rules/resource.ts'
import type { DoneToday, ResourceFacts, TradeFacts } from '../../../protocols/rules/trade-rules/facts.ts'
import { WEEKDAYS } from '../../../protocols/rules/trade-rules/rule.ts'
import { slotsOf } from '../../../protocols/rules/billing.ts'
import { periodOf } from '../../../protocols/rules/units.ts'
import { goingMicroSctOf, weightAt, WEIGHT_ONE, type Weights } from '../../../protocols/rules/weights.ts'

/** What the home used of its quota, and will likely use. */
export interface Use {
  readonly used: number
  readonly likely: number
}

export interface HomeUse {
  readonly slot: number
  readonly period: number
  readonly periodEndsMs: number
  readonly use: Readonly<Record<Resource, Use>>
}

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

/** Slots that the forecast looks back on: two of the short periods of a demonstration. */
const HISTORY_SLOTS = 60
const MICRO = 1_000_000n

/** What the home's own repository says of its use in the current billing period. */
export async function homeUse(
  { db }: Store,
  at: { readonly sampleMs: number; readonly slotsPerBilling: number; readonly nowMs: number },
): Promise<HomeUse> {
  const slot = Math.floor(at.nowMs / at.sampleMs)
  const period = periodOf(slot, at.slotsPerBilling)
  const { first, last } = slotsOf(period, at.slotsPerBilling)
  const rows = await db
    .selectFrom('sample')
    .select(['slot', 'import_wh', 'water_ml', 'peak_power_w'])
    .where('status', 'in', ['complete', 'sealed'])
    .where('slot', '>=', Math.min(first - 1, slot - HISTORY_SLOTS))
    .orderBy('slot')
    .execute()
  const slotsLeft = Math.max(0, last - slot)
  const differences = (of: 'import_wh' | 'water_ml') =>
    rows.slice(1).map((row, index) => Math.max(0, (row[of] ?? 0) - (rows[index]?.[of] ?? 0)))
  const start = rows.findLast((row) => row.slot < first) ?? rows[0]
  const newest = rows.at(-1)
  const since = (of: 'import_wh' | 'water_ml') => Math.max(0, (newest?.[of] ?? 0) - (start?.[of] ?? 0))
  const peaks = rows.map((row) => row.peak_power_w ?? 0)
  const inPeriod = rows.filter((row) => row.slot >= first).map((row) => row.peak_power_w ?? 0)
  const over = (of: 'import_wh' | 'water_ml') => ({
    used: since(of),
    likely: likelyUse({ uses: differences(of).slice(-HISTORY_SLOTS), slotsLeft }),
  })
  return {
    slot,
    period,
    periodEndsMs: (last + 1) * at.sampleMs,
    use: {
      energy: over('import_wh'),
      power: { used: inPeriod.reduce((most, each) => Math.max(most, each), 0), likely: likelyPeak(peaks) },
      water: over('water_ml'),
    },
  }
}

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

/** What is locked in own bids, and asked for in own offers, that are not decided. */
async function open({ db }: Store, resource: Resource) {
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

const quotaOf = (quota: Allowance | null, resource: Resource): number => {
  if (quota === null) return 0
  return resource === 'energy' ? quota.energyWh : resource === 'power' ? quota.powerW : quota.waterMl
}

/** All that the home's rules decide on, at this moment. */
export async function tradeFacts(from: FactsSources): Promise<TradeFacts> {
  const { store, use, quota, prices, purse, nowMs } = from
  const of = async (resource: Resource): Promise<ResourceFacts> => {
    const whole = quotaOf(quota, resource)
    const { used, likely } = use.use[resource]
    const price = prices[resource]
    return {
      quota: whole,
      left: resource === 'power' ? whole : Math.max(0, whole - used),
      likely,
      ...(await open(store, resource)),
      marketPriceMicroSct: price.marketMicroSct,
      ceilingMicroSct: price.ceilingMicroSct,
    }
  }
  const now = new Date(nowMs)
  return {
    period: use.period,
    periodEndsInMs: Math.max(0, use.periodEndsMs - nowMs),
    local: {
      day: `${now.getFullYear()}-${now.getMonth() + 1}-${now.getDate()}`,
      weekday: WEEKDAYS[(now.getDay() + 6) % 7] ?? 'monday',
      minute: now.getHours() * 60 + now.getMinutes(),
    },
    balanceMicroSct: Number(purse.balanceMicroSct + purse.creditMicroSct),
    resources: { energy: await of('energy'), power: await of('power'), water: await of('water') },
    today: from.today,
  }
}
