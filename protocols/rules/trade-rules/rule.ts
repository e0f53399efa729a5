import type { Resource } from '../resource.ts'

export const WEEKDAYS = [
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
  'sunday',
] as const
export type Weekday = (typeof WEEKDAYS)[number]

/** Minutes of a day, from 0 to 1439. */
export const MINUTES_OF_DAY = 24 * 60

/**
 * A part of every day, in minutes since midnight of the home's own time: from `fromMinute` until before
 * `untilMinute`; over midnight when that is not later.
 */
export interface Hours {
  readonly fromMinute: number
  readonly untilMinute: number
}

/**
 * What must be so for a rule to act; all that are given must hold. Prices are micro-SCT per kWh, per kW and
 * hour, or per m³; percentages are of the resource's quota.
 */
export interface Conditions {
  readonly surplusAbovePercent?: number | undefined
  readonly quotaLeftBelowPercent?: number | undefined
  readonly marketPriceAtLeastMicroSct?: number | undefined
  readonly marketPriceAtMostMicroSct?: number | undefined
  readonly balanceAtLeastMicroSct?: number | undefined
  readonly balanceAtMostMicroSct?: number | undefined
  readonly hours?: Hours | undefined
  readonly weekdays?: readonly Weekday[] | undefined
}

/**
 * How much a rule trades, in Wh, W or mL. `fixed`: so much or nothing. `share`: a part of the surplus.
 * `above`: the surplus above a part of the quota, which is kept back. `missing`: what the quota lacks for
 * what the home will likely use.
 */
export type RuleAmount =
  | { readonly kind: 'fixed'; readonly amount: number }
  | { readonly kind: 'share'; readonly percent: number }
  | { readonly kind: 'above'; readonly percent: number }
  | { readonly kind: 'missing' }

/** A rule as a home states it; its gateway trades by it alone. */
export interface TradeRule {
  readonly name: string
  readonly do: 'sell' | 'buy'
  readonly resource: Resource
  readonly when: Conditions
  readonly amount: RuleAmount
  /** A smaller lot is not worth an auction. */
  readonly leastAmount: number
  /** Per kWh, per kW and hour, or per m³: sells for no less, buys for no more. */
  readonly limitMicroSct: number
  /** For when power is bought; null for all other rules. */
  readonly window: PowerWindow | null
  readonly perDay: RuleDay
}

/** All rules of a home, in the order in which they may promise its surplus and its balance. */
export interface TradeRules {
  /** The free balance that no bond may go below, whichever rule asks for it. */
  readonly keepMicroSct: number
  readonly rules: readonly TradeRule[]
}

/** Power is lent for a part of the day, or for what remains of the billing period. */
export type PowerWindow = Hours | 'rest-of-period'

/** What a rule may do in one day. */
export interface RuleDay {
  readonly times: number
  /** Most that purchases of the day may cost together; null: only the balance bounds them. */
  readonly spendMicroSct: number | null
}

/** Whether a minute of the day lies within the hours. */
export function isWithin({ fromMinute, untilMinute }: Hours, minute: number): boolean {
  return fromMinute < untilMinute
    ? minute >= fromMinute && minute < untilMinute
    : minute >= fromMinute || minute < untilMinute
}

/** How long the hours last, minutes: a whole day when they end where they begin. */
export function minutesOf({ fromMinute, untilMinute }: Hours): number {
  const minutes = untilMinute - fromMinute
  return minutes > 0 ? minutes : minutes + MINUTES_OF_DAY
}
