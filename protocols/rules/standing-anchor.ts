/**
 * The last record of a home within a billing period, kept on the chain; before its first one, the baseline.
 */
export interface Anchor {
  readonly period: number
  readonly slot: number
}

/** Void anchors in a row that the contract steps over. */
export const MOST_VOID_ANCHORS = 16

/**
 * The anchor that stands for the end of `period`: the last one at or before it that is not void. `anchors`
 * are a home's, newest first. Null when there is none, or more void ones in a row than the contract steps
 * over.
 */
export function standingAnchor(
  anchors: readonly Anchor[],
  period: number,
  isVoid: (slot: number) => boolean,
): Anchor | null {
  const upTo = anchors.filter((anchor) => anchor.period <= period)
  const stepped = upTo.findIndex(({ slot }) => !isVoid(slot))
  return stepped > MOST_VOID_ANCHORS ? null : (upTo[stepped] ?? null)
}
