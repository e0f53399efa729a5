import type { AuctionTable } from '../../../actors/storage/schema.ts'
import { matches, type Matching, type Preferences } from '../../../protocols/rules/preferences.ts'
import { resourceOf, RESOURCES, type Resource } from '../../../protocols/rules/resource.ts'
import { surplusOf, type TradeFacts } from '../../../protocols/rules/trade-rules/facts.ts'
import type { Hours } from '../../../protocols/rules/trade-rules/rule.ts'
import { amountInWords, listInWords } from '../../../protocols/rules/trade-rules/words.ts'

type Lot = Pick<AuctionTable, 'buyer' | 'resource' | 'amount' | 'from_slot' | 'until_slot'>

function minuteAt(slot: number, sampleMs: number): number {
  const moment = new Date(slot * sampleMs)
  return moment.getHours() * 60 + moment.getMinutes()
}

function lentFor({ from_slot, until_slot }: Lot, sampleMs: number): Hours | null {
  if (until_slot === 0) return null
  return { fromMinute: minuteAt(from_slot, sampleMs), untilMinute: minuteAt(until_slot, sampleMs) }
}

/** Whether a home wants to hear of a neighbour's request: by what it likes to be asked and can spare. */
export function welcome(
  lot: Lot,
  preferences: Preferences,
  facts: TradeFacts,
  home: {
    readonly account: string
    readonly sampleMs: number
    /** What the resource is worth now, by unit. */
    readonly goingMicroSct: number | null
  },
): Matching {
  const resource = resourceOf(lot.resource)
  const [energy = 0, power = 0, water = 0] = RESOURCES.map((each) => surplusOf(facts.resources[each]))
  const { ceilingMicroSct } = facts.resources[resource]
  const request = { buyer: lot.buyer, resource, amount: lot.amount, lentFor: lentFor(lot, home.sampleMs) }
  return matches(preferences, request, {
    account: home.account,
    minute: facts.local.minute,
    surplus: { energy, power, water },
    goingMicroSct: home.goingMicroSct,
    ceilingMicroSct,
  })
}

/** Why people were not asked, in words. */
export function passedOver(resource: Resource, amount: number, { because }: Matching): string {
  const why = listInWords(because.map(({ says }) => says))
  return `Lets a request for ${amountInWords(resource, amount)} pass, because ${why}.`
}
