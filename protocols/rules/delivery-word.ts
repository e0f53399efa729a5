/** How the excess stands that decides a delivery, as the quota contract names it. */
export type WordStatus = 'none' | 'asserted' | 'demanded' | 'opened' | 'final' | 'void' | 'unproved'

/** What was stated of a delivery, beside what a party of the trade knows. */
export interface DeliveryWord {
  readonly status: WordStatus
  /** What the seller is said to have used above its quota. */
  readonly excess: number
  /** What the seller itself knows of that; null for a buyer, or where the seller cannot tell. */
  readonly own: number | null
  readonly isSeller: boolean
  /** The statement should have come: half of the time after which silence decides has passed. */
  readonly isLate: boolean
}

/**
 * Whether a party finds what is stated of a delivery fair; null while there is nothing to think about. A
 * seller does not let itself be charged with more than it used. A buyer cannot see the seller's readings:
 * it takes a statement that its author must be able to open, and forces one when none comes, before silence
 * would decide for the seller.
 */
export function isFair({ status, excess, own, isSeller, isLate }: DeliveryWord): boolean | null {
  if (status === 'asserted') return !isSeller || own === null || excess <= own
  if (status === 'none' || status === 'void') return !isSeller && isLate ? false : null
  return true
}
