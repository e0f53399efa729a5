import { badField } from './fault.ts'

/**
 * Fewer homes than this in a community total would show a home by difference: a configured value only warns.
 */
export const LEAST_HOMES_IN_TOTAL = 5

/** A home's anchors: the billing periods at whose end its registers are known on chain. */
export interface AnchoredHome {
  readonly account: string
  readonly periods: readonly number[]
}

export type TotalRefusal =
  | { readonly code: 'too-few-homes'; readonly homes: number; readonly least: number }
  | { readonly code: 'differs-by-few'; readonly differing: number; readonly least: number }
  | { readonly code: 'already-published'; readonly period: number }

export type TotalHomes =
  | { readonly ok: true; readonly homes: readonly string[]; readonly warning: 'below-five' | null }
  | { readonly ok: false; readonly refused: TotalRefusal }

/** The homes present at both ends of a period: with an anchor of it and one of the period before. */
export function homesPresent(period: number, homes: readonly AnchoredHome[]): string[] {
  const present = homes.filter(({ periods }) => periods.includes(period) && periods.includes(period - 1))
  return present.map(({ account }) => account).sort()
}

/** How many homes are in one set but not in the other. */
export function differenceOf(one: readonly string[], other: readonly string[]): number {
  const a = new Set(one)
  const b = new Set(other)
  return one.filter((home) => !b.has(home)).length + other.filter((home) => !a.has(home)).length
}

export interface TotalInput {
  readonly period: number
  readonly homes: readonly AnchoredHome[]
  /** Periods whose total is published already, with their homes. */
  readonly published: ReadonlyMap<number, readonly string[]>
  /** Configured minimum; below five it is allowed but warned of. */
  readonly least?: number
}

/**
 * Which homes count in a period's public total (eq. 9). Present at both ends, at least `least` of them, one
 * total a period. Against differencing: two totals of one period whose homes differ by few would show those
 * few, so a period is published once and never again, whoever joined since.
 */
export function homesInTotal({
  period,
  homes,
  published,
  least = LEAST_HOMES_IN_TOTAL,
}: TotalInput): TotalHomes {
  if (!Number.isSafeInteger(least) || least < 1) {
    throw badField('least homes in a total', 'an integer from 1 up', least)
  }
  const present = homesPresent(period, homes)
  const earlier = published.get(period)
  if (earlier !== undefined) {
    const differing = differenceOf(earlier, present)
    return differing > 0 && differing < least
      ? { ok: false, refused: { code: 'differs-by-few', differing, least } }
      : { ok: false, refused: { code: 'already-published', period } }
  }
  if (present.length < least) {
    return { ok: false, refused: { code: 'too-few-homes', homes: present.length, least } }
  }
  return { ok: true, homes: present, warning: present.length < LEAST_HOMES_IN_TOTAL ? 'below-five' : null }
}
