import type { PeriodView } from '../../../read-model.ts'

/** The window in which power is lent, as forms write it: the device's own day and time. */

const SHORT_PERIOD_MS = 6 * 3_600_000
const MINUTE_MS = 60_000
const LENT_MS = 2 * 3_600_000

/** Seconds a step: windows of a short demonstration need them, people do not. */
export const windowStepS = ({ startsAtMs, endsAtMs }: PeriodView): number =>
  endsAtMs - startsAtMs < SHORT_PERIOD_MS ? 1 : 60

/** A moment as a form writes it: `2026-11-22T18:00`. */
export function momentText(ms: number, stepS: number): string {
  const at = new Date(ms)
  const two = (value: number): string => String(value).padStart(2, '0')
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
  const seconds = stepS < 60 ? `:${two(at.getSeconds())}` : ''
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}${seconds}`
}

/** The moment that a form means; null while it is not filled in. */
export function momentOf(text: string): number | null {
  const ms = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/.test(text) ? Date.parse(text) : NaN
  return Number.isNaN(ms) ? null : ms
}

/** The window that a form begins with: as soon as an auction can be over, for two hours or what is left. */
export function firstWindow(
  period: PeriodView,
  leadMs: number,
  nowMs: number,
): { from: string; until: string } {
  const stepS = windowStepS(period)
  const grain = stepS === 1 ? 1000 : 15 * MINUTE_MS
  const soon = Math.ceil((nowMs + leadMs + leadMs / 2) / grain) * grain
  const late = soon + grain >= period.endsAtMs
  const from = late ? Math.max(soon, Math.ceil(period.endsAtMs / grain) * grain) : soon
  const length = period.endsAtMs - period.startsAtMs
  const end = late ? period.endsAtMs + length : period.endsAtMs
  const until = Math.max(from + grain, Math.floor(Math.min(from + LENT_MS, end) / grain) * grain)
  return { from: momentText(from, stepS), until: momentText(until, stepS) }
}
