import { describe, expect, it } from 'vitest'
import {
  elapsedSince,
  isCopy,
  isLater,
  leadAfter,
  orderFault,
  startedAfter,
} from '../../protocols/rules/board-clock.ts'
import type { Line } from '../../protocols/rules/home-registers.ts'

const WORD = 2 ** 32
const HALF = 2 ** 31
const SAMPLE_MS = 2_000
/** The last frame of a board that has run for ten seconds and sent ten frames. */
const LINE: Line = {
  sequence: 10,
  uptimeMs: 10_000,
  receivedAtMs: 1_000_000,
  registers: [5, 6],
  leadMs: 0,
}
/** A frame so much later, by the clocks of both and by its number. */
const after = (boardMs: number, gatewayMs = boardMs, sequences = 1, line = LINE): Line => ({
  ...line,
  sequence: (line.sequence + sequences) % WORD,
  uptimeMs: (line.uptimeMs + boardMs) % WORD,
  receivedAtMs: line.receivedAtMs + gatewayMs,
})
const faultOf = (now: Line, line = LINE) => orderFault(line, now, elapsedSince(line, now), SAMPLE_MS)

describe('the order of sequences', () => {
  it('is that of 32 bits which roll over: half of them lie ahead', () => {
    expect(isLater(11, 10)).toBe(true)
    expect(isLater(10, 10)).toBe(false)
    expect(isLater(9, 10)).toBe(false)
    expect(isLater(10 + HALF - 1, 10)).toBe(true)
    expect(isLater(10 + HALF, 10)).toBe(false)
    expect(isLater(0, WORD - 1)).toBe(true)
    expect(isLater(WORD - 1, 0)).toBe(false)
  })
})

describe('what passed between two frames', () => {
  it('is counted by both clocks and by sequences', () => {
    expect(elapsedSince(LINE, after(3_000, 2_500, 4))).toEqual({
      gatewayMs: 2_500,
      boardMs: 3_000,
      sequences: 4,
    })
  })

  it('is never less than nothing by the gateway’s clock', () => {
    expect(elapsedSince(LINE, after(1_000, -500)).gatewayMs).toBe(0)
  })

  it('counts each turn of the board’s 32 bits that passed in a long silence', () => {
    expect(elapsedSince(LINE, after(7, WORD + 7)).boardMs).toBe(WORD + 7)
    expect(elapsedSince(LINE, after(7, 3 * WORD)).boardMs).toBe(3 * WORD + 7)
    expect(elapsedSince(LINE, after(1_000, HALF - 1)).boardMs).toBe(1_000)
    expect(elapsedSince(LINE, after(WORD - 5, 1_000)).boardMs).toBe(WORD - 5)
  })
})

describe('the lead of a board’s clock', () => {
  const lead = (leadMs: number, boardMs: number, gatewayMs: number) =>
    leadAfter({ ...LINE, leadMs }, { boardMs, gatewayMs, sequences: 1 })

  it('grows by what the board counted more, and falls by what it counted less', () => {
    expect(lead(0, 90, 50)).toBe(40)
    expect(lead(30, 90, 50)).toBe(70)
    expect(lead(0, 50, 90)).toBe(-40)
  })

  it('fades by a hundredth of the time that passed, towards zero and not beyond', () => {
    expect(lead(500, 10_000, 10_000)).toBe(400)
    expect(lead(-500, 10_000, 10_000)).toBe(-400)
    expect(lead(60, 10_000, 10_000)).toBe(0)
    expect(lead(-60, 10_000, 10_000)).toBe(0)
    expect(lead(10, 199, 199)).toBe(9)
  })
})

describe('a frame that does not continue its line', () => {
  it('is none that comes in order and time', () => {
    expect(faultOf(after(1_000))).toBeUndefined()
  })

  it('is a duplicate with the same sequence, whatever else it says', () => {
    const facts = { sequence: 10, last: 10 }
    expect(faultOf(after(1_000, 1_000, 0))).toEqual({ ok: false, code: 'duplicate', facts })
  })

  it('is out of order with an earlier one', () => {
    const facts = { sequence: 9, last: 10 }
    expect(faultOf(after(1_000, 1_000, -1))).toEqual({ ok: false, code: 'out-of-order', facts })
  })

  it('has an uptime that stood still or went back, unless it turned in a long silence', () => {
    const facts = { uptimeMs: 9_999, last: 10_000 }
    expect(faultOf(after(-1, 1_000))).toEqual({ ok: false, code: 'uptime-back', facts })
    expect(faultOf(after(0, 1_000))?.code).toBe('uptime-back')
    expect(faultOf(after(1, 1_000))).toBeUndefined()
    expect(faultOf(after(0, WORD))).toBeUndefined()
    expect(faultOf(after(HALF + 5, HALF + 5))?.code).toBe('uptime-back')
  })

  it('jumps further than one frame each 50 ms, and 64 that may be lost', () => {
    expect(faultOf(after(1_000, 1_000, 84))).toBeUndefined()
    expect(faultOf(after(1_049, 1_049, 84))).toBeUndefined()
    expect(faultOf(after(1_000, 1_000, 85))).toEqual({
      ok: false,
      code: 'sequence-jump',
      facts: { sequence: 95, last: 10, most: 84 },
    })
  })

  it('has a clock that runs ahead by more than two sample periods', () => {
    expect(faultOf(after(5_011, 1_000))?.code).toBe('board-clock-ahead')
    expect(faultOf(after(5_010, 1_000))).toBeUndefined()
    expect(faultOf(after(4_000, 0))).toBeUndefined()
    expect(faultOf(after(4_001, 0))).toEqual({
      ok: false,
      code: 'board-clock-ahead',
      facts: { aheadMs: 4_001 },
    })
  })
})

describe('the very frame that a line ended with', () => {
  it('has its sequence, its uptime and all of its registers', () => {
    expect(isCopy(LINE, { ...LINE, receivedAtMs: 5 })).toBe(true)
    expect(isCopy(LINE, { ...LINE, sequence: 11 })).toBe(false)
    expect(isCopy(LINE, { ...LINE, uptimeMs: 10_001 })).toBe(false)
    expect(isCopy(LINE, { ...LINE, registers: [5, 7] })).toBe(false)
    expect(isCopy(LINE, { ...LINE, registers: [4, 6] })).toBe(false)
  })
})

describe('a board that started after its last frame was sent', () => {
  const started = (uptimeMs: number, leadMs = 0) =>
    startedAfter({ ...LINE, leadMs }, { ...after(0, 60_000), uptimeMs })

  it('has run no longer than passed since then', () => {
    expect(started(60_000)).toBe(true)
    expect(started(60_001)).toBe(false)
  })

  it('may have run longer by as much as that frame was late', () => {
    expect(started(60_300, -300)).toBe(true)
    expect(started(60_301, -300)).toBe(false)
    expect(started(60_001, 300)).toBe(false)
    expect(started(60_000, 300)).toBe(true)
  })
})
