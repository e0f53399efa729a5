import type { AuctionFailure } from '../../actors/auction/negotiation/machine.ts'

const FAILURE_WORDS: Readonly<Record<AuctionFailure, string>> = {
  none: 'for no reason',
  cancelled: 'cancelled, since nobody bid',
  'no-bids': 'nobody bid',
  'no-max-price': 'the buyer did not show its maximum price',
  'none-under-max': 'no bid was at or under the maximum price',
  'second-above-max': 'the second lowest bid was above the maximum price',
  'too-late': 'decided after the lot could be moved',
}

/** Why auctions failed, in words: "2 nobody bid, 1 no bid was …". */
export function failuresInWords(counts: Readonly<Record<string, number>>): string {
  return Object.entries(FAILURE_WORDS)
    .filter(([reason]) => counts[reason] !== undefined)
    .map(([reason, text]) => `${counts[reason] ?? 0} ${text}`)
    .join('; ')
}
