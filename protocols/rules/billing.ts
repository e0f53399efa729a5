import { badField } from './fault.ts'
import { periodOf } from './units.ts'

/** Slots of one billing period: `[first, last]`, both in it. */
export function slotsOf(period: number, slotsPerBilling: number): { first: number; last: number } {
  const first = period * slotsPerBilling
  return { first, last: first + slotsPerBilling - 1 }
}

/** How many slots a billing period of `billingMs` has; throws `bad-field` when T does not divide it. */
export function slotsPerBilling(billingMs: number, sampleMs: number): number {
  const slots = billingMs / sampleMs
  if (!Number.isSafeInteger(slots) || slots < 1) {
    throw badField('--billing', `a multiple of the sample period (${sampleMs} ms)`, billingMs, 'change one')
  }
  return slots
}

/** Is `slot` of a later billing period than `last`? The first reading of all begins a period too. */
export function beginsPeriod(last: number | null, slot: number, perBilling: number): boolean {
  return last === null || periodOf(slot, perBilling) > periodOf(last, perBilling)
}

/** A monthly quota scaled to a period of another length, rounded down: short demo periods get their part. */
export function scaledQuota(monthly: number, billingMs: number): number {
  return Math.floor((monthly * billingMs) / (30 * 24 * 3_600_000))
}

/**
 * How long repositories keep what: raw slots, then means by quarter hour, then days. In days; 0 keeps for
 * ever.
 */
export const RETENTION_DAYS = { slots: 35, quarterHours: 400, days: 0 } as const

/** The oldest moment whose rows of a kind are kept, ms since 1970; 0 where all are kept. */
export function keptSince(kind: keyof typeof RETENTION_DAYS, nowMs: number): number {
  const days = RETENTION_DAYS[kind]
  return days === 0 ? 0 : Math.max(0, nowMs - days * 24 * 3_600_000)
}
