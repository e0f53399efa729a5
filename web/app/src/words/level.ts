import { percent } from './format.ts'

/** How near a use is to its limit; the community's alarms stand at the same shares. */
export type Level = 'none' | 'fine' | 'warn' | 'high' | 'over'

/** Shares of a limit, in percent, from which a level holds. */
export const LEVELS = { warn: 80, high: 90, over: 100 } as const

/** The level of a use against its limit; `none` while the limit is not known. */
export function levelOf(used: number, limit: number | null): Level {
  if (limit === null) return 'none'
  const share = percent(used, limit)
  if (share >= LEVELS.over) return 'over'
  if (share >= LEVELS.high) return 'high'
  return share >= LEVELS.warn ? 'warn' : 'fine'
}
