import { RESOURCES, type Resource } from '../../../protocols/rules/resource.ts'
import { spareInWords } from '../../../protocols/rules/spare-words.ts'
import { surplusOf, type TradeFacts } from '../../../protocols/rules/trade-rules/facts.ts'
import type { MarketResourceView } from '../../../web/market-model.ts'
import { shortened } from './request-view.ts'
import type { UnitPrices } from './trade-facts.ts'
import type { HomeUse } from './use-book.ts'

/** What the views of the resources are made of. */
export interface ResourceSources {
  readonly facts: TradeFacts
  readonly use: HomeUse
  readonly prices: Readonly<Record<Resource, UnitPrices>>
  readonly trading: Readonly<Record<Resource, number | null>>
  /** False while none was allocated. */
  readonly hasQuota: boolean
}

function likelyByEnd(resource: Resource, { use }: HomeUse): number | null {
  const { used, forecast } = use[resource]
  if (forecast === null) return null
  return resource === 'power' ? Math.max(used, forecast.likely) : used + forecast.usual
}

function viewOf(resource: Resource, from: ResourceSources): MarketResourceView {
  const { facts, use, prices, trading, hasQuota } = from
  const { quota, left, offered } = facts.resources[resource]
  const { used, forecast } = use.use[resource]
  const because = hasQuota ? spareInWords(resource, { left, offered, forecast }) : 'There is no quota yet.'
  return {
    resource,
    quota: hasQuota ? quota : null,
    used,
    likelyByEnd: likelyByEnd(resource, use),
    spare: hasQuota ? surplusOf(facts.resources[resource]) : null,
    spareBecause: shortened(because),
    marketMicroEurPerUnit: prices[resource].marketMicroEur,
    marketMicroSctPerUnit: prices[resource].marketMicroSct,
    tradingMicroSctPerUnit: trading[resource],
    weightPpm: prices[resource].weightPpm,
    ceilingMicroSctPerUnit: prices[resource].ceilingMicroSct,
  }
}

/** Each resource of the home in this billing period, and its prices. */
export function resourceViews(from: ResourceSources): Readonly<Record<Resource, MarketResourceView>> {
  return { energy: viewOf('energy', from), power: viewOf('power', from), water: viewOf('water', from) }
}

/** The same as a list, in the order that pages show it. */
export const listed = (views: Readonly<Record<Resource, MarketResourceView>>): MarketResourceView[] =>
  RESOURCES.map((resource) => views[resource])
