import type { Resource } from '../resource.ts'
import { surplusOf, type TradeFacts } from './facts.ts'
import { type Conditions, isWithin } from './rule.ts'
import {
  amountInWords,
  type Because,
  hoursInWords,
  listInWords,
  minuteInWords,
  percentInWords,
  priceInWords,
  sctInWords,
  weekdayInWords,
} from './words.ts'

/** One condition as it stands: whether it holds, and why in words. */
export interface Standing extends Because {
  readonly holds: boolean
}

/** A part of the quota in percent is compared by products, so that no fraction is rounded. */
function surplusAbove(percent: number, resource: Resource, facts: TradeFacts): Standing {
  const { [resource]: of } = facts.resources
  const surplus = surplusOf(of)
  const holds = surplus * 100 > percent * of.quota
  const share = `${amountInWords(resource, surplus)}, ${percentInWords(surplus, of.quota)} of the quota`
  return { code: 'surplus', holds, says: `the surplus is ${share}, ${holds ? '' : 'not '}above ${percent} %` }
}

function leftBelow(percent: number, resource: Resource, facts: TradeFacts): Standing {
  const { left, quota } = facts.resources[resource]
  const holds = left * 100 < percent * quota
  const share = `${amountInWords(resource, left)} of the quota, ${percentInWords(left, quota)} of it, is left`
  return { code: 'quota-left', holds, says: `${share}, ${holds ? '' : 'not '}below ${percent} %` }
}

function marketPrice(when: Conditions, resource: Resource, facts: TradeFacts): Standing[] {
  const { marketPriceAtLeastMicroSct: least, marketPriceAtMostMicroSct: most } = when
  if (least === undefined && most === undefined) return []
  const price = facts.resources[resource].marketPriceMicroSct
  if (price === null) {
    return [{ code: 'market-price', holds: false, says: `no market price of ${resource} is known` }]
  }
  const is = `the market price is ${priceInWords(resource, price)}`
  return bounds('market-price', is, price, least, most)
}

function bounds(
  code: string,
  is: string,
  value: number,
  least: number | undefined,
  most: number | undefined,
): Standing[] {
  const found: Standing[] = []
  if (least !== undefined) {
    const holds = value >= least
    found.push({ code, holds, says: `${is}, ${holds ? 'at least' : 'less than'} ${sctInWords(least)}` })
  }
  if (most !== undefined) {
    const holds = value <= most
    found.push({ code, holds, says: `${is}, ${holds ? 'at most' : 'more than'} ${sctInWords(most)}` })
  }
  return found
}

function balance(when: Conditions, { balanceMicroSct }: TradeFacts): Standing[] {
  const is = `the free balance is ${sctInWords(balanceMicroSct)}`
  const { balanceAtLeastMicroSct: least, balanceAtMostMicroSct: most } = when
  return bounds('balance', is, balanceMicroSct, least, most)
}

function time({ hours, weekdays }: Conditions, { local }: TradeFacts): Standing[] {
  const found: Standing[] = []
  if (weekdays !== undefined) {
    const holds = weekdays.includes(local.weekday)
    const wanted = listInWords(weekdays.map(weekdayInWords))
    const is = `it is ${weekdayInWords(local.weekday)}`
    found.push({ code: 'weekday', holds, says: holds ? is : `${is}, and the rule is for ${wanted}` })
  }
  if (hours !== undefined) {
    const holds = isWithin(hours, local.minute)
    const is = `it is ${minuteInWords(local.minute)}`
    found.push({ code: 'hours', holds, says: `${is}, ${holds ? '' : 'not '}within ${hoursInWords(hours)}` })
  }
  return found
}

/** Every condition of a rule as it stands now, in words whether it holds or not. */
export function standingsOf(when: Conditions, resource: Resource, facts: TradeFacts): Standing[] {
  const { surplusAbovePercent: above, quotaLeftBelowPercent: below } = when
  return [
    ...time(when, facts),
    ...(above === undefined ? [] : [surplusAbove(above, resource, facts)]),
    ...(below === undefined ? [] : [leftBelow(below, resource, facts)]),
    ...marketPrice(when, resource, facts),
    ...balance(when, facts),
  ]
}
