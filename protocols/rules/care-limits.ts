import type { Allowance } from './divide.ts'

/** Water that runs so many times as fast as the quota allows on the average is a leak or an open tap. */
const LEAK_FACTOR = 20

/** What a neighbour's home is held against while its people are away. */
export interface UseLimits {
  /** Power that it may draw at most, W. */
  readonly peakPowerW: number
  /** Water that may run in one sample period, mL. */
  readonly waterMlPerSlot: number
}

/**
 * Limits of a home by its quota of a billing period of `slotsPerPeriod` slots: its power as it is, and of its
 * water, in each slot, twenty times the even share. At 10 m3 a month that is 69 L in a quarter-hour: a shower
 * passes, a burst hose does not.
 */
export function careLimits(
  { powerW, waterMl }: Pick<Allowance, 'powerW' | 'waterMl'>,
  slotsPerPeriod: number,
): UseLimits {
  return { peakPowerW: powerW, waterMlPerSlot: Math.ceil((waterMl * LEAK_FACTOR) / slotsPerPeriod) }
}
