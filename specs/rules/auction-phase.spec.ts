import { describe, expect, it } from 'vitest'
import {
  auctionPhase,
  type AuctionTimes,
  GAP_BLOCKS,
  phaseEndMs,
} from '../../protocols/rules/auction-phase.ts'

const BLOCK_MS = 1_000
const AUCTION: AuctionTimes = {
  commitEndMs: 100_000,
  showEndMs: 200_000,
  revealEndMs: null,
  bids: 2,
  reveals: 0,
  newestBidBlock: 90,
  decided: false,
}
const shown = { ...AUCTION, revealEndMs: 300_000 }

const phase = (auction: AuctionTimes, timestampMs: number, number = 1_000) =>
  auctionPhase(auction, { number, timestampMs }, BLOCK_MS)

describe('the phase that the next block finds an auction in', () => {
  it('takes bids while the next block is within their time', () => {
    expect(phase(AUCTION, 99_000)).toBe('bids')
    expect(phase(AUCTION, 99_001)).toBe('gap')
  })

  it('pauses for three blocks of time and three blocks after the last bid', () => {
    expect(phase(AUCTION, 102_999)).toBe('gap')
    expect(phase(AUCTION, 103_000)).toBe('show')
    expect(phase(AUCTION, 103_000, 90 + GAP_BLOCKS - 1)).toBe('gap')
    expect(phase(AUCTION, 103_000, 90 + GAP_BLOCKS)).toBe('show')
  })

  it('is over without an award when nothing was shown in time', () => {
    expect(phase(AUCTION, 199_000)).toBe('show')
    expect(phase(AUCTION, 199_001)).toBe('check')
    expect(phase(AUCTION, 199_001, 90)).toBe('check')
  })

  it('takes reveals until their end, or until all have revealed', () => {
    expect(phase(shown, 50_000)).toBe('reveals')
    expect(phase(shown, 299_000)).toBe('reveals')
    expect(phase(shown, 299_001)).toBe('check')
    expect(phase({ ...shown, reveals: 1 }, 250_000)).toBe('reveals')
    expect(phase({ ...shown, reveals: 2 }, 250_000)).toBe('check')
  })

  it('is decided once it is, whatever the time', () => {
    expect(phase({ ...shown, decided: true }, 0)).toBe('decided')
  })
})

describe('the end of a phase', () => {
  it('is the time that the auction set for it, and none where only a call ends it', () => {
    const end = (...of: Parameters<typeof phaseEndMs>) => phaseEndMs(...of)
    expect(end(shown, 'bids', BLOCK_MS)).toBe(100_000)
    expect(end(shown, 'gap', BLOCK_MS)).toBe(103_000)
    expect(end(shown, 'show', BLOCK_MS)).toBe(200_000)
    expect(end(shown, 'reveals', BLOCK_MS)).toBe(300_000)
    expect(end(shown, 'check', BLOCK_MS)).toBeNull()
    expect(end(shown, 'decided', BLOCK_MS)).toBeNull()
  })
})
