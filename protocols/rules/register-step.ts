import type { AfterRestart, PhysicalLimits, RegisterName } from './home-registers.ts'

/** Board registers are 32 bits wide. */
export const REGISTER_SPAN = 2 ** 32

/** What one register did between two frames of its board; `add` is what the home used meanwhile. */
export type RegisterStep =
  | { readonly kind: 'on'; readonly add: number }
  | { readonly kind: 'spike' | 'back'; readonly possible: number }

const MS_PER_HOUR = 3_600_000
const MS_PER_MINUTE = 60_000

/** The most a register can physically count in `elapsedMs`: one unit of rounding is always allowed. */
export function mostPossible(name: RegisterName, elapsedMs: number, limits: PhysicalLimits): number {
  const ms = Math.max(0, elapsedMs) * limits.timeScale
  switch (name) {
    case 'importWh':
      return Math.ceil((limits.maxImportW * ms) / MS_PER_HOUR) + 1
    case 'exportWh':
      return Math.ceil((limits.maxExportW * ms) / MS_PER_HOUR) + 1
    case 'waterMl':
      return Math.ceil((limits.maxFlowMlPerMin * ms) / MS_PER_MINUTE) + 1
  }
}

/**
 * Judges a register that went from `last` to `now` while its board ran: a smaller value is a roll-over of its
 * 32 bits when that is physically possible, else it went back.
 */
export function stepOn(last: number, now: number, possible: number): RegisterStep {
  const add = now >= last ? now - last : now + REGISTER_SPAN - last
  if (add <= possible) return { kind: 'on', add }
  return { kind: now >= last ? 'spike' : 'back', possible }
}

/**
 * Judges a register across a restart of its board. One that starts from zero can hold at most what was
 * possible since the board started: then all of it is new. Else it goes on from its stored value, or comes
 * back with an older copy of it: what the copy lost is not known, and nobody is charged for it.
 */
export function stepAcrossRestart(
  last: number,
  now: number,
  possible: { readonly sinceLast: number; readonly sinceStart: number },
  afterRestart: AfterRestart,
): RegisterStep {
  if (afterRestart === 'from-zero' && now <= possible.sinceStart) return { kind: 'on', add: now }
  const kept = stepOn(last, now, possible.sinceLast)
  return kept.kind === 'back' ? { kind: 'on', add: 0 } : kept
}
