import type { AlarmDraft } from './alarm.ts'
import { kilowatts } from './alarm.ts'
import type { TripProfileName } from './trip-curve.ts'
import { HEAT_TO_TRIP, HEAT_TO_WARN, heatAfter, multipleOf, timeLeft, TRIP_PROFILES } from './trip-curve.ts'

/** What power control remembers between two readings: integers only. */
export interface PowerHeat {
  readonly profile: TripProfileName
  readonly contractedW: number
  /** Parts per billion of a trip. */
  readonly heat: number
  /** Time of the last reading, ms since 1970; null before the first. */
  readonly lastT: number | null
  /** A silence longer than this is not counted: nobody is cut off by a guess. */
  readonly maxGapMs: number
  /** A person keeps the supply on until then; null when the switch decides. */
  readonly overrideUntilMs: number | null
}

export interface PowerReading {
  /** End of the interval that the power was drawn in, ms since 1970. */
  readonly t: number
  readonly powerW: number
}

export type PowerLevel = 'normal' | 'over' | 'warned' | 'trip'

/** A person may keep the supply on for at most this long at a time. */
export const OVERRIDE_MAX_MS = 24 * 3_600_000

/**
 * Heat after a reading: its power counts for the time since the reading before, never for a longer silence.
 */
export function heatAt(known: PowerHeat, reading: PowerReading): number {
  const { profile, heat, lastT, maxGapMs, contractedW } = known
  const elapsedMs = lastT === null ? 0 : Math.min(maxGapMs, Math.max(0, reading.t - lastT))
  return heatAfter(TRIP_PROFILES[profile], heat, elapsedMs, multipleOf(reading.powerW, contractedW))
}

/** Does a person keep the supply on at this moment? */
export function isOverridden(known: PowerHeat, t: number): boolean {
  return known.overrideUntilMs !== null && t < known.overrideUntilMs
}

/** The moment until which an override that begins at `t` lasts. */
export function overrideUntil(t: number, untilMs: number): number {
  return Math.min(untilMs, t + OVERRIDE_MAX_MS)
}

/** Is the load one that trips in the end, or merely above the contract? */
function isOver(known: PowerHeat, reading: PowerReading): boolean {
  return multipleOf(reading.powerW, known.contractedW) > 1000
}

/**
 * What a reading means for the supply (the switch of §5.1, UNE 20317). A warning lasts until the switch has
 * cooled below half; a trip waits while a person overrides it.
 */
export function powerLevel(known: PowerHeat, reading: PowerReading): PowerLevel {
  const heat = heatAt(known, reading)
  const over = isOver(known, reading)
  if (heat >= HEAT_TO_TRIP && over && !isOverridden(known, reading.t)) return 'trip'
  if (heat >= HEAT_TO_WARN) return 'warned'
  return over ? 'over' : 'normal'
}

/** A switch that is closed again has no more than half its patience back. */
export function heatWhenRestored(heat: number): number {
  return Math.min(heat, HEAT_TO_WARN - 1)
}

/** How long until the supply is cut if this power stays, ms; null when it is not. */
export function msToTrip(known: PowerHeat, powerW: number): number | null {
  return timeLeft(TRIP_PROFILES[known.profile], known.heat, multipleOf(powerW, known.contractedW))
}

/** A wait as people say it: seconds below two minutes, else whole minutes. */
function waiting(ms: number): string {
  return ms < 120_000 ? `${Math.ceil(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`
}

export type PowerNotice = 'warned' | 'tripped' | 'restored' | 'relay-failed'

interface Told {
  readonly powerW: number
  readonly slot: number
}

/** The alarm of a change of the supply, in plain words. */
export function powerAlarm(notice: PowerNotice, known: PowerHeat, { powerW, slot }: Told): AlarmDraft {
  const base = { resource: 'power', slot, value: Math.max(0, powerW), limit: known.contractedW } as const
  const left = msToTrip(known, powerW)
  const soon = left === null ? 'soon' : `in ${waiting(left)}`
  switch (notice) {
    case 'warned':
      return {
        ...base,
        code: 'power-over',
        severity: 'warning',
        text: `${kilowatts(powerW)} is too much: power will be cut ${soon}.`,
      }
    case 'tripped':
      return {
        ...base,
        code: 'power-trip',
        severity: 'critical',
        text: 'Power was cut: too much for too long. Unplug, restore.',
      }
    case 'restored':
      return { ...base, code: 'power-restored', severity: 'info', text: 'Power is back on.' }
    case 'relay-failed':
      return {
        ...base,
        code: 'board-fault',
        severity: 'critical',
        text: 'The power switch does not obey. Have it checked.',
      }
  }
}
