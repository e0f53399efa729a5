import { phaseOf } from '../../../actors/auction/signals.ts'
import type { Sight } from './market-desk.ts'

/** A bid is heard of so many blocks after the last one that takes bids, at the latest. */
const LAST_BID_BLOCKS = 2

/**
 * Until when time alone brings nothing new to who was told all of an auction as it is, in ms; null when any
 * block may. The next block's time counts, so that a phase ends one block before its end.
 */
export function restsInPhase(sight: Sight): number | null {
  const { auction, head, blockMs } = sight
  const phase = phaseOf(sight)
  if (phase === 'bids') return auction.commit_end_ms - blockMs
  const allAreIn = head.timestampMs > auction.commit_end_ms + LAST_BID_BLOCKS * blockMs
  return phase === 'reveals' && allAreIn && auction.reveal_end_ms !== null
    ? auction.reveal_end_ms - blockMs
    : null
}
