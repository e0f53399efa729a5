/** What a home used of a resource in each of its newest slots, oldest first, in Wh or mL. */
export interface UseHistory {
  readonly uses: readonly number[]
  readonly slotsLeft: number
}

/** Added to what the mean says: a home that sells itself short pays a penalty. */
const MARGIN_PERMILLE = 100

/**
 * What a home will likely use until the period's end: the mean of its newest slots for every slot left, and a
 * tenth more, rounded up. A home without a history will likely use nothing that is known of: 0.
 */
export function likelyUse({ uses, slotsLeft }: UseHistory): number {
  if (uses.length === 0 || slotsLeft <= 0) return 0
  const sum = uses.reduce((total, each) => total + each, 0)
  return Math.ceil((sum * slotsLeft * (1_000 + MARGIN_PERMILLE)) / (uses.length * 1_000))
}

/** The peak still to come: the highest of the newest slots, and a tenth more, in W. */
export function likelyPeak(peaks: readonly number[]): number {
  const highest = peaks.reduce((most, each) => Math.max(most, each), 0)
  return Math.ceil((highest * (1_000 + MARGIN_PERMILLE)) / 1_000)
}
