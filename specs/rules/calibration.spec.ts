import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { calibrated, channelOf, channelsOf, FACTORY, measuredOf } from '../../protocols/rules/calibration.ts'
import { comfortFrame, powerFrame, waterFrame } from './board-model.ts'
import { faultOf } from './thrown.ts'

const codeThrown = (work: () => unknown) => faultOf(work)?.code

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

  it('is of the comfort board its temperature and humidity, and of the water board nothing', () => {
    const frame = comfortFrame({ temperatureCentiC: 2_130, humidityPermille: 440 })
    expect(measuredOf(frame, 'temperature')).toBe(2_130)
    expect(measuredOf(frame, 'humidity')).toBe(440)
    expect(measuredOf(frame, 'power')).toBeNull()
    expect(measuredOf(powerFrame(), 'humidity')).toBeNull()
    expect(measuredOf(waterFrame(), 'power')).toBeNull()
  })
})

describe('the channels of a board', () => {
  it('are those that its firmware knows, in their order', () => {
    const shownOf = (kind: Parameters<typeof channelsOf>[0]) =>
      channelsOf(kind).map(({ quantity, channel, unit }) => `${channel} ${quantity} ${unit}`)
    expect(shownOf('power')).toEqual(['0 voltage mV', '1 current mA', '2 power mW'])
    expect(shownOf('comfort')).toEqual(['0 temperature 0.01 °C', '1 humidity ‰'])
    expect(shownOf('water')).toEqual([])
  })
})

describe('a calibration that is refused', () => {
  it('names the field and says what to do', () => {
    const wrong = faultOf(() => channelOf('comfort', 'power'))
    expect(wrong?.facts).toEqual({ field: 'quantity', fix: 'choose temperature, humidity' })
    expect(wrong?.message).toContain('the comfort board measures no power; choose temperature, humidity')
    expect(faultOf(() => channelOf('water', 'power'))?.facts['fix']).toBe('it has nothing to calibrate')

    const small = faultOf(() => calibrated('power', 'current', FACTORY, 999, 2_000))
    expect(small?.facts).toEqual({ field: 'reference', fix: 'calibrate with at least 1000 mA flowing' })
    expect(small?.message).toContain('current: measured 999 mA, the reference 2000;')

    const far = faultOf(() => calibrated('power', 'voltage', FACTORY, 200_000, 100_000))
    const fix = 'check the reference and how the sensor is mounted'
    expect(far?.facts).toEqual({ field: 'reference', fix })
    expect(far?.message).toBe(
      `voltage: too far from the reference (200000 mV measured against 100000); ${fix}`,
    )
    const cold = faultOf(() => calibrated('comfort', 'temperature', FACTORY, 2_601, 2_100))
    expect(cold?.message).toContain(
      'temperature: too far from the reference (501 0.01 °C measured against 0)',
    )
  })

  it('is of an offset beyond five degrees or fifteen percent, either way', () => {
    const offset = (quantity: 'temperature' | 'humidity', step: number) =>
      calibrated('comfort', quantity, FACTORY, 3_000, 3_000 + step).offset
    expect([offset('temperature', 500), offset('temperature', -500)]).toEqual([500, -500])
    expect([offset('humidity', 150), offset('humidity', -150)]).toEqual([150, -150])
    for (const step of [151, -151]) {
      expect(codeThrown(() => offset('humidity', step))).toBe('reference-far-off')
    }
    for (const step of [501, -501]) {
      expect(codeThrown(() => offset('temperature', step))).toBe('reference-far-off')
    }
  })

  it('keeps the offset of a channel whose gain it sets', () => {
    const before = { gainPpm: 1_000_000, offset: 12 }
    expect(calibrated('power', 'power', before, 500_000, 550_000)).toEqual({ gainPpm: 1_100_000, offset: 12 })
  })
})
