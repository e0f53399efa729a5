/** What of an auction decides in which phase it is; times in ms since the Unix epoch, in block time. */
export interface AuctionTimes {
  readonly commitEndMs: number
  readonly showEndMs: number
  /** Null until the maximum price is shown. */
  readonly revealEndMs: number | null
  readonly bids: number
  readonly reveals: number
  readonly newestBidBlock: number
  readonly decided: boolean
}

/** The newest block. */
export interface BlockMoment {
  readonly number: number
  readonly timestampMs: number
}

/** The phases of the contract, with the pause between the last bid and the first thing shown. */
export type AuctionPhase = 'bids' | 'gap' | 'show' | 'reveals' | 'check' | 'decided'

/** Blocks, and block periods, between the last bid and the first thing shown. */
export const GAP_BLOCKS = 3

/**
 * The phase that the next block finds an auction in (DESIGN §8; the times of `ITradingEnabler`). Reveals end
 * early when all have revealed.
 */
export function auctionPhase(auction: AuctionTimes, head: BlockMoment, blockMs: number): AuctionPhase {
  if (auction.decided) return 'decided'
  const nextMs = head.timestampMs + blockMs
  if (auction.revealEndMs !== null) {
    return auction.reveals === auction.bids || nextMs > auction.revealEndMs ? 'check' : 'reveals'
  }
  if (nextMs <= auction.commitEndMs) return 'bids'
  if (nextMs > auction.showEndMs) return 'check'
  const gapIsOver =
    head.timestampMs >= auction.commitEndMs + GAP_BLOCKS * blockMs &&
    head.number >= auction.newestBidBlock + GAP_BLOCKS
  return gapIsOver ? 'show' : 'gap'
}

/** When the phase ends at the latest, for a countdown; null when only a call ends it. */
export function phaseEndMs(auction: AuctionTimes, phase: AuctionPhase, blockMs: number): number | null {
  switch (phase) {
    case 'bids':
      return auction.commitEndMs
    case 'gap':
      return auction.commitEndMs + GAP_BLOCKS * blockMs
    case 'show':
      return auction.showEndMs
    case 'reveals':
      return auction.revealEndMs
    default:
      return null
  }
}
