import type { Resource } from '../resource.ts'
import type { Weekday } from './rule.ts'

/** What a home knows of one resource, in Wh, W or mL. */
export interface ResourceFacts {
  /** The quota of the period, exchanges included. */
  readonly quota: number
  /** What of it is not used yet; for power, what is not lent. */
  readonly left: number
  /** What the home will hardly exceed until the period's end; for power, the peak still to come. */
  readonly likely: number
  /** What it usually uses in such a time; never above `likely`. */
  readonly usual: number
  /** What is locked in the home's own bids that are not decided. */
  readonly offered: number
  /** What the home asks for in auctions that are not decided. */
  readonly buying: number
  /** The going price, micro-SCT per kWh, per kW and hour, or per m³; null when none is known. */
  readonly marketPriceMicroSct: number | null
  /** The public ceiling price that bonds are made of; null when the manager has set none. */
  readonly ceilingMicroSct: number | null
}

/** What a rule has done today. */
export interface DoneToday {
  readonly times: number
  readonly spentMicroSct: number
}

/** All that rules decide on; a gateway gathers it, so that a decision can be repeated from its log. */
export interface TradeFacts {
  readonly period: number
  /** Until the billing period ends. */
  readonly periodEndsInMs: number
  /** The home's own time: the day by its date, the minute since midnight. */
  readonly local: { readonly day: string; readonly weekday: Weekday; readonly minute: number }
  /** SCT that are free: neither bond nor deposit. */
  readonly balanceMicroSct: number
  readonly resources: Readonly<Record<Resource, ResourceFacts>>
  /** By the name of the rule; a rule that is missing has done nothing. */
  readonly today: Readonly<Record<string, DoneToday>>
}

/** What a home can spare: quota left, less bids out, less what it will hardly exceed. Never below 0. */
export function surplusOf({ left, offered, likely }: ResourceFacts): number {
  return Math.max(0, left - offered - likely)
}

/**
 * What a home will likely lack: what it usually uses, less quota left, less what it is buying. Never below 0.
 * It is not reckoned from `likely`, or every home would buy the margin that none needs.
 */
export function missingOf({ left, usual, buying }: ResourceFacts): number {
  return Math.max(0, usual - left - buying)
}

export const NOTHING_TODAY: DoneToday = { times: 0, spentMicroSct: 0 }
