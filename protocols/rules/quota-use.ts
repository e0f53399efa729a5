import type { AlarmDraft, AlarmDraftResource, AlarmDraftSeverity } from './alarm.ts'
import { kilowatts } from './alarm.ts'
import type { Allowance } from './divide.ts'

/** What a home used of one resource against its quota. */
export interface Use {
  readonly used: number
  readonly quota: number
  /** What is left; 0 once the quota is used up. */
  readonly left: number
  /** What was used above the quota. */
  readonly excess: number
  /** Thousandths of the quota that are left, rounded down; 0 for a quota of 0. */
  readonly leftPermille: number
}

/** A home's registers at one moment, with the highest power of its billing period until then. */
export interface PeriodMark {
  readonly slot: number
  readonly energyImportWh: number
  readonly waterMl: number
  readonly peakPowerW: number
}

/** What a home used within one billing period, until `slot`. */
export interface PeriodUse {
  readonly slot: number
  readonly energyWh: number
  readonly waterMl: number
  /** The highest power of the period, W. */
  readonly peakPowerW: number
}

/** Use against quota. Both are natural numbers of one unit. */
export function useOf(used: number, quota: number): Use {
  const left = Math.max(0, quota - used)
  const leftPermille = quota === 0 ? 0 : Math.floor((left * 1000) / quota)
  return { used, quota, left, excess: Math.max(0, used - quota), leftPermille }
}

/**
 * Consumption of a billing period: register now less register at the period's start (eq. 9, E_Hi), so that a
 * lost slot loses nothing. The registers are monotone, so neither difference is negative.
 */
export function periodUse(start: PeriodMark, now: PeriodMark): PeriodUse {
  return {
    slot: now.slot,
    energyWh: now.energyImportWh - start.energyImportWh,
    waterMl: now.waterMl - start.waterMl,
    peakPowerW: now.peakPowerW,
  }
}

/** The shares of a quota that people are told about, in percent. */
export const ALARM_LEVELS = [80, 90, 100] as const
export type AlarmLevel = (typeof ALARM_LEVELS)[number]

/**
 * The levels that were below before and are reached now: each of them once, as use never falls in a period. A
 * quota of nothing has one level only: it is used up by the first unit.
 */
export function levelsCrossed(before: number, after: number, quota: number): AlarmLevel[] {
  const reached = (used: number, level: AlarmLevel) => used > 0 && used * 100 >= quota * level
  return ALARM_LEVELS.filter(
    (level) => (quota > 0 || level === 100) && !reached(before, level) && reached(after, level),
  )
}

const SEVERITY: Readonly<Record<AlarmLevel, AlarmDraftSeverity>> = {
  80: 'info',
  90: 'warning',
  100: 'critical',
}

type Metered = Exclude<AlarmDraftResource, 'none'>

function levelText(resource: Metered, level: AlarmLevel, value: number, limit: number): string {
  if (resource === 'power') {
    return level === 100
      ? `Power reached ${kilowatts(value)}; your limit is ${kilowatts(limit)}.`
      : `Power reached ${level} % of your ${kilowatts(limit)} limit.`
  }
  return level === 100
    ? `Your ${resource} quota of this period is used up.`
    : `${level} % of this period's ${resource} quota is used.`
}

interface Metering {
  readonly resource: Metered
  readonly before: number
  readonly after: number
  readonly limit: number
}

function levelDrafts({ resource, before, after, limit }: Metering, slot: number): AlarmDraft[] {
  return levelsCrossed(before, after, limit).map((level) => ({
    code: `quota-${level}` as const,
    severity: SEVERITY[level],
    resource,
    slot,
    value: after,
    limit,
    text: levelText(resource, level, after, limit),
  }))
}

/**
 * The alarms that one reading of a billing period brings: each of 80 %, 90 % and 100 % of the energy, water
 * and power quota, the first time that it is reached in the period. `before` is null for the period's first
 * reading.
 */
export function alarmsFor(before: PeriodUse | null, after: PeriodUse, quota: Allowance): AlarmDraft[] {
  const meterings: Metering[] = [
    {
      resource: 'energy',
      before: before?.energyWh ?? 0,
      after: after.energyWh,
      limit: quota.energyWh,
    },
    { resource: 'water', before: before?.waterMl ?? 0, after: after.waterMl, limit: quota.waterMl },
    { resource: 'power', before: before?.peakPowerW ?? 0, after: after.peakPowerW, limit: quota.powerW },
  ]
  return meterings.flatMap((metering) => levelDrafts(metering, after.slot))
}
