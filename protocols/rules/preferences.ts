import type { Resource } from './resource.ts'
import { type Hours, isWithin, MINUTES_OF_DAY, minutesOf } from './trade-rules/rule.ts'
import {
  amountInWords,
  type Because,
  hoursInWords,
  minuteInWords,
  priceInWords,
} from './trade-rules/words.ts'

/** Which requests of one resource a home wants to hear of (the paper's determination phase, §5.3). */
export interface Preference {
  readonly resource: Resource
  /** Wh, W or mL. */
  readonly leastAmount: number
  readonly mostAmount: number
  /** Per kWh, per kW and hour, or per m³: it would not sell for less. */
  readonly leastUnitMicroSct: number
  /** Power: when it may be lent; energy and water: when the home wants to hear of requests. Null: always. */
  readonly hours: Hours | null
  /** What of the surplus is not for sale, Wh, W or mL. */
  readonly keptSurplus: number
}

/** A home's preferences; they never leave it. A resource without a preference is not for sale. */
export interface Preferences {
  readonly preferences: readonly Preference[]
  /** Accounts that the home does not trade with. */
  readonly blocked: readonly string[]
}

/** A request as the chain tells of it; `lentFor` is the window of power in the home's own time. */
export interface SeenRequest {
  readonly buyer: string
  readonly resource: Resource
  readonly amount: number
  readonly lentFor: Hours | null
}

/** What the home knows when it looks at a request. */
export interface Outlook {
  readonly account: string
  /** The minute of its own day. */
  readonly minute: number
  readonly surplus: Readonly<Record<Resource, number>>
  /** What the resource is worth now, by unit, and what it may cost at most; null when not known. */
  readonly goingMicroSct: number | null
  readonly ceilingMicroSct: number | null
}

export interface Matching {
  readonly matches: boolean
  /** What speaks against it, or for a match what it fits. Never empty. */
  readonly because: readonly Because[]
}

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase()

function againstParty({ buyer }: SeenRequest, { blocked }: Preferences, { account }: Outlook): Because[] {
  if (same(buyer, account)) return [{ code: 'own', says: 'it is the home’s own request' }]
  if (!blocked.some((other) => same(buyer, other))) return []
  return [{ code: 'blocked', says: 'the home does not trade with who asks' }]
}

function againstAmount({ resource, amount }: SeenRequest, of: Preference, { surplus }: Outlook): Because[] {
  const words = (value: number) => amountInWords(resource, value)
  const found: Because[] = []
  if (amount < of.leastAmount) {
    found.push({ code: 'amount', says: `${words(amount)} is less than ${words(of.leastAmount)}` })
  }
  if (amount > of.mostAmount) {
    found.push({ code: 'amount', says: `${words(amount)} is more than ${words(of.mostAmount)}` })
  }
  if (amount + of.keptSurplus > surplus[resource]) {
    const keeps = `it keeps ${words(of.keptSurplus)} of a surplus of ${words(surplus[resource])}`
    found.push({ code: 'surplus', says: `${words(amount)} is more than the home spares: ${keeps}` })
  }
  return found
}

function againstPrice({ resource }: SeenRequest, of: Preference, outlook: Outlook): Because[] {
  const { goingMicroSct: going, ceilingMicroSct: ceiling } = outlook
  const wants = `the home wants ${priceInWords(resource, of.leastUnitMicroSct)}`
  if (ceiling !== null && ceiling < of.leastUnitMicroSct) {
    return [{ code: 'price', says: `${wants}, and the ceiling is ${priceInWords(resource, ceiling)}` }]
  }
  if (going === null || going >= of.leastUnitMicroSct) return []
  return [{ code: 'price', says: `${wants}, and the going price is ${priceInWords(resource, going)}` }]
}

/** Whether a window lies in the hours as a whole. */
function liesIn(window: Hours, hours: Hours): boolean {
  const begins = (window.fromMinute - hours.fromMinute + MINUTES_OF_DAY) % MINUTES_OF_DAY
  return isWithin(hours, window.fromMinute) && begins + minutesOf(window) <= minutesOf(hours)
}

function againstTime({ lentFor }: SeenRequest, { hours }: Preference, { minute }: Outlook): Because[] {
  if (hours === null) return []
  const wants = `the home trades from ${hoursInWords(hours)}`
  if (lentFor !== null) {
    if (liesIn(lentFor, hours)) return []
    return [{ code: 'hours', says: `${wants}, and it is asked for ${hoursInWords(lentFor)}` }]
  }
  return isWithin(hours, minute)
    ? []
    : [{ code: 'hours', says: `${wants}, and it is ${minuteInWords(minute)}` }]
}

/**
 * Whether a home is told of a request (paper §5.3: only if the conditions of its subscription are met). The
 * buyer's maximum price is sealed, so a least price is held against the ceiling and the going price.
 */
export function matches(preferences: Preferences, request: SeenRequest, outlook: Outlook): Matching {
  const { resource, amount } = request
  const of = preferences.preferences.find((one) => one.resource === resource)
  if (of === undefined) {
    return { matches: false, because: [{ code: 'resource', says: `the home does not sell ${resource}` }] }
  }
  const against = [
    ...againstParty(request, preferences, outlook),
    ...againstAmount(request, of, outlook),
    ...againstPrice(request, of, outlook),
    ...againstTime(request, of, outlook),
  ]
  if (against.length > 0) return { matches: false, because: against }
  const says = `the home sells ${resource}, and can spare ${amountInWords(resource, amount)}`
  return { matches: true, because: [{ code: 'fits', says }] }
}
