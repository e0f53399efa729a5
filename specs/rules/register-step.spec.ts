import { describe, expect, it } from 'vitest'
import type { PhysicalLimits } from '../../protocols/rules/home-registers.ts'
import { mostPossible, stepAcrossRestart, stepOn } from '../../protocols/rules/register-step.ts'

const LIMITS: PhysicalLimits = { maxImportW: 7_200, maxExportW: 3_600, maxFlowMlPerMin: 6_000, timeScale: 1 }
const WORD = 2 ** 32

describe('the most that a register can count', () => {
  it('is what the installation carries in the time, rounded up, and one unit more', () => {
    expect(mostPossible('importWh', 10_000, LIMITS)).toBe(20 + 1)
    expect(mostPossible('exportWh', 10_000, LIMITS)).toBe(10 + 1)
    expect(mostPossible('waterMl', 10_000, LIMITS)).toBe(1_000 + 1)
    expect(mostPossible('importWh', 10_001, LIMITS)).toBe(21 + 1)
    expect(mostPossible('waterMl', 10_001, LIMITS)).toBe(1_001 + 1)
  })

  it('is one unit in no time, and in a time that runs backwards', () => {
    for (const name of ['importWh', 'exportWh', 'waterMl'] as const) {
      expect(mostPossible(name, 0, LIMITS)).toBe(1)
      expect(mostPossible(name, -60_000, LIMITS)).toBe(1)
    }
  })

  it('is as many times more as time runs faster', () => {
    expect(mostPossible('importWh', 10_000, { ...LIMITS, timeScale: 60 })).toBe(1_200 + 1)
  })
})

describe('a register of a board that runs', () => {
  it('goes on by what it gained, as far as that is possible', () => {
    expect(stepOn(100, 100, 5)).toEqual({ kind: 'on', add: 0 })
    expect(stepOn(100, 105, 5)).toEqual({ kind: 'on', add: 5 })
    expect(stepOn(100, 106, 5)).toEqual({ kind: 'spike', possible: 5 })
  })

  it('rolls over when that is possible, and has gone back when it is not', () => {
    expect(stepOn(WORD - 2, 3, 5)).toEqual({ kind: 'on', add: 5 })
    expect(stepOn(WORD - 2, 4, 5)).toEqual({ kind: 'back', possible: 5 })
    expect(stepOn(100, 99, 5)).toEqual({ kind: 'back', possible: 5 })
  })
})

describe('a register across a restart', () => {
  const possible = { sinceLast: 50, sinceStart: 10 }

  it('is all new from zero, as far as it was possible since the start', () => {
    expect(stepAcrossRestart(8, 10, possible, 'from-zero')).toEqual({ kind: 'on', add: 10 })
    expect(stepAcrossRestart(8, 11, possible, 'from-zero')).toEqual({ kind: 'on', add: 3 })
  })

  it('goes on from what was stored', () => {
    expect(stepAcrossRestart(100, 150, possible, 'from-copy')).toEqual({ kind: 'on', add: 50 })
    expect(stepAcrossRestart(8, 10, possible, 'from-copy')).toEqual({ kind: 'on', add: 2 })
    expect(stepAcrossRestart(100, 151, possible, 'from-copy')).toEqual({ kind: 'spike', possible: 50 })
  })

  it('adds nothing when an older copy comes back', () => {
    expect(stepAcrossRestart(100, 90, possible, 'from-copy')).toEqual({ kind: 'on', add: 0 })
    expect(stepAcrossRestart(100, 90, possible, 'from-zero')).toEqual({ kind: 'on', add: 0 })
  })
})
