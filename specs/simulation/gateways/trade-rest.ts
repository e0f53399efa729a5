import { phaseOf } from '../../../actors/auction/signals.ts'
import type { Sight } from './market-desk.ts'

/**
 * Until when time alone brings nothing new to who was told all of an auction as it is, in ms; null when any
 * block may. The next block's time counts, so that a phase ends one block before its end.
 */
export function restsInPhase(sight: Sight): number | null {
  const { auction, blockMs } = sight
  const phase = phaseOf(sight)
  if (phase === 'bids') return auction.commit_end_ms - blockMs
  return phase === 'reveals' && auction.reveal_end_ms !== null ? auction.reveal_end_ms - blockMs : null
}
