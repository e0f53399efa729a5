/**
 * What the quota contract told of an excess: of every home at the community gateway, at a home of its own.
 */
export interface ExcessEventTable {
  block: number
  log_index: number
  home: string
  period: number
  /** As the contract numbers it: 1 energy, 2 power, 3 water, from 16 on a loan of power by its place. */
  resource: number
  kind: 'asserted' | 'demanded' | 'forced' | 'opened' | 'final' | 'void' | 'unproved'
  /** What was asserted or settled: Wh, W or mL; 0 where the event names none. */
  amount: number
  last_block: number
  /** What the home used, of an opening; else 0. */
  value: number
}

/**
 * Community: how a home's use of a resource was judged at the end of a period; one with an amount is
 * asserted.
 */
export interface JudgementTable {
  home: string
  period: number
  resource: number
  /** What is asserted above the quota; 0 where there is no excess. */
  amount: number
  /** The slot whose peak is asserted; null for energy and water, which the period's anchors show. */
  slot: number | null
  /** Counts the assertions, from 1. */
  round: number
  /** Why the assertion of this round was taken back. */
  why: string | null
}
