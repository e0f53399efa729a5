import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { StallWatch } from '../../bin/host/stall-watch.ts'

const PERIOD_MS = 1_000
const PATIENCE_MS = 8_000

let missing: string[] = []
let told: string[][] = []

function watch(): StallWatch {
  return new StallWatch({
    blockPeriodMs: PERIOD_MS,
    patienceMs: PATIENCE_MS,
    missing: () => [...missing],
    tell: (who) => void told.push([...who]),
  })
}

beforeEach(() => {
  vi.useFakeTimers()
  missing = []
  told = []
})
afterEach(() => vi.useRealTimers())

describe('The alarm of a stalled chain', () => {
  it('waits until it is known who is missing, all of them, and comes once', () => {
    watch().changed('stalled')
    vi.advanceTimersByTime(3 * PERIOD_MS)
    expect(told).toEqual([])
    missing = ['0xaa']
    vi.advanceTimersByTime(PERIOD_MS)
    missing = ['0xaa', '0xbb']
    vi.advanceTimersByTime(60 * PERIOD_MS)
    expect(told).toEqual([['0xaa', '0xbb']])
  })

  it('comes without a name where nobody is missing', () => {
    watch().changed('stalled')
    vi.advanceTimersByTime(PATIENCE_MS)
    expect(told).toEqual([])
    vi.advanceTimersByTime(3 * PERIOD_MS)
    expect(told).toEqual([[]])
  })

  it('does not come when blocks come again before, nor after its gateway stopped', () => {
    const of = watch()
    of.changed('stalled')
    of.changed('following')
    vi.advanceTimersByTime(60 * PERIOD_MS)
    of.changed('stalled')
    of.stop()
    vi.advanceTimersByTime(60 * PERIOD_MS)
    expect(told).toEqual([])
  })
})
