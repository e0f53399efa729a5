import type { AlarmDraft } from './alarm.ts'

/** Slots without a reading before a home (or its board) is called silent. */
export const SILENT_SLOTS = 3
/** Refused slots in a row before the data of a home is called bad. */
export const BAD_SLOTS = 3

/** What is remembered of a home between slots: plain data. */
export interface Watch {
  /** The last slot that gave a reading; null before the first. */
  readonly lastSlot: number | null
  readonly silent: boolean
  readonly badInARow: number
}

export const NEW_WATCH: Watch = { lastSlot: null, silent: false, badInARow: 0 }

export interface Watched {
  readonly next: Watch
  readonly alarms: readonly AlarmDraft[]
}

/** A reading came for `slot`: ends a silence and a run of bad data. */
export function watchReading(watch: Watch, slot: number): Watched {
  const lastSlot = Math.max(watch.lastSlot ?? slot, slot)
  return { next: { lastSlot, silent: false, badInARow: 0 }, alarms: [] }
}

export interface SilenceTerms {
  readonly limit?: number
  /** The slot from which somebody listened: what came before it was nobody's silence. */
  readonly sinceSlot?: number
}

/**
 * The silence rule: after `limit` slots without a reading one alarm is raised, and no other until the home
 * spoke again. A home that never spoke is not silent: it has not begun.
 */
export function watchSilence(watch: Watch, nowSlot: number, terms: SilenceTerms = {}): Watched {
  const { limit = SILENT_SLOTS, sinceSlot = 0 } = terms
  const missed = watch.lastSlot === null ? 0 : nowSlot - Math.max(watch.lastSlot, sinceSlot) - 1
  if (watch.silent || missed < limit) return { next: watch, alarms: [] }
  const alarm: AlarmDraft = {
    code: 'silence',
    severity: 'warning',
    resource: 'none',
    slot: nowSlot,
    value: missed,
    limit,
    text: 'No readings arrive from your home. Check its gateway.',
  }
  return { next: { ...watch, silent: true }, alarms: [alarm] }
}

/** Why a slot was refused, as householders read it: at most 60 bytes. */
export function refusalText(code: string): string {
  switch (code) {
    case 'board-silent':
      return 'A sensor board does not answer. Check its power and link.'
    case 'sensor-fault':
      return 'A sensor is broken or unplugged. Check its wires.'
    case 'clock-suspect':
    case 'clock-back':
    case 'board-clock-ahead':
      return 'A clock is wrong, so readings are not used. Check the time.'
    default:
      return 'A meter sends values that cannot be true. Have it checked.'
  }
}

/**
 * The bad-data rule: after `limit` refused slots in a row one alarm tells why, and no other until a good
 * reading. A silent or broken board has codes of its own, so that people know what to look at.
 */
export function watchRefused(watch: Watch, slot: number, reason: string, limit = BAD_SLOTS): Watched {
  const badInARow = watch.badInARow + 1
  const next = { ...watch, badInARow }
  if (badInARow !== limit) return { next, alarms: [] }
  const own = reason === 'board-silent' ? 'board-away' : reason === 'sensor-fault' ? 'board-fault' : undefined
  const alarm: AlarmDraft = {
    code: own ?? 'bad-data',
    severity: 'warning',
    resource: 'none',
    slot,
    value: badInARow,
    limit,
    text: refusalText(reason),
  }
  return { next, alarms: [alarm] }
}
