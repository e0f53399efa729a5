import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { calibrated, channelOf, FACTORY, measuredOf } from '../../protocols/rules/calibration.ts'
import { codeOf } from '../../protocols/rules/fault.ts'
import { powerFrame } from './board-model.ts'

const codeThrown = (work: () => unknown): string => {
  try {
    work()
    return 'nothing thrown'
  } catch (thrown) {
    return codeOf(thrown)
  }
}

/** What a board shows of a true value, as its firmware computes it. */
const shown = (raw: number, { gainPpm, offset }: typeof FACTORY): number =>
  Math.round((raw * gainPpm) / 1_000_000) + offset

describe('the setting of a channel', () => {
  it('makes the board show what the reference shows, whatever it was set to before', () => {
    const raw = fc.integer({ min: 150_000, max: 280_000 })
    const before = fc.integer({ min: 900_000, max: 1_100_000 })
    const error = fc.integer({ min: 950, max: 1_050 })
    fc.assert(
      fc.property(raw, before, error, (voltage, gainPpm, permille) => {
        const setting = { gainPpm, offset: 0 }
        const reference = Math.round((voltage * permille) / 1_000)
        const next = calibrated('power', 'voltage', setting, shown(voltage, setting), reference)
        expect(Math.abs(shown(voltage, next) - reference)).toBeLessThanOrEqual(2)
      }),
    )
  })

  it('is an offset where there is no gain, and adds up', () => {
    const first = calibrated('comfort', 'temperature', FACTORY, 2_140, 2_100)
    expect(first).toEqual({ gainPpm: 1_000_000, offset: -40 })
    expect(calibrated('comfort', 'temperature', first, 2_100, 2_110)).toEqual({ ...first, offset: -30 })
  })

  it('is refused while too little flows to tell a gain from noise, at the bound exactly', () => {
    expect(codeThrown(() => calibrated('power', 'current', FACTORY, 999, 1_000))).toBe('load-too-small')
    expect(codeThrown(() => calibrated('power', 'current', FACTORY, 1_000, 999))).toBe('load-too-small')
    expect(calibrated('power', 'current', FACTORY, 1_000, 1_000)).toEqual(FACTORY)
    expect(codeThrown(() => calibrated('power', 'power', FACTORY, -900_000, 900_000))).toBe('load-too-small')
  })

  it('is refused beyond a fifth down or a quarter up, however many steps lead there', () => {
    expect(calibrated('power', 'voltage', FACTORY, 200_000, 160_000).gainPpm).toBe(800_000)
    expect(codeThrown(() => calibrated('power', 'voltage', FACTORY, 200_000, 159_999))).toBe(
      'reference-far-off',
    )
    expect(calibrated('power', 'voltage', FACTORY, 200_000, 250_000).gainPpm).toBe(1_250_000)
    expect(codeThrown(() => calibrated('power', 'voltage', FACTORY, 200_000, 250_001))).toBe(
      'reference-far-off',
    )
    const low = calibrated('power', 'voltage', FACTORY, 200_000, 170_000)
    expect(codeThrown(() => calibrated('power', 'voltage', low, 170_000, 150_000))).toBe('reference-far-off')
    expect(codeThrown(() => calibrated('comfort', 'humidity', FACTORY, 500, 651))).toBe('reference-far-off')
  })

  it('is of a quantity that the board measures', () => {
    expect(channelOf('power', 'power').channel).toBe(2)
    expect(codeThrown(() => channelOf('water', 'voltage'))).toBe('no-such-channel')
    expect(codeThrown(() => channelOf('comfort', 'power'))).toBe('no-such-channel')
  })
})

describe('what a frame says of a quantity', () => {
  it('is in the unit of the channel, and nothing for another board', () => {
    const frame = powerFrame({ powerW: -1_240, voltageMv: 230_400, currentMa: 5_390 })
    expect(measuredOf(frame, 'power')).toBe(-1_240_000)
    expect(measuredOf(frame, 'voltage')).toBe(230_400)
    expect(measuredOf(frame, 'current')).toBe(5_390)
    expect(measuredOf(frame, 'temperature')).toBeNull()
  })
})
