import { describe, expect, it } from 'vitest'
import { verifyBoardMac } from '../../hardware/board/mac.ts'
import { RECORD_KEY, LINK_KEY, firmwareBench, last } from './workbench.ts'

const near = (value: number, truth: number, part: number): void => {
  expect(Math.abs(value - truth), `${value} for ${truth}`).toBeLessThanOrEqual(Math.abs(truth) * part)
}

describe('the power board measures what flows', () => {
  it.each([
    { volts: 230, amperes: 0.5, factor: 1 },
    { volts: 230, amperes: 6.5, factor: 0.9 },
    { volts: 215, amperes: 20, factor: 0.7 },
    { volts: 245, amperes: 40, factor: 0.98 },
  ])(
    'W, V, A and power factor within 1 % at $volts V, $amperes A, pf $factor',
    ({ volts, amperes, factor }) => {
      const bench = firmwareBench('power', { volts, amperes, lag: Math.acos(factor) }).authorise(4000)
      bench.live(8.2)
      const frame = last(bench.heard.reportsOf('power'))
      const watts = volts * amperes * factor
      near(frame.powerW, watts, 0.01)
      near(frame.peakPowerW, watts, 0.015)
      near(frame.voltageMv, volts * 1000, 0.01)
      if (amperes > 1) near(frame.currentMa, amperes * 1000, 0.01)
      if (amperes > 1) near(frame.powerFactorPermille, factor * 1000, 0.01)
      expect(frame.sensorFault).toBe(false)
    },
  )

  it('power given to the grid is negative, and counts in the export register alone', () => {
    const bench = firmwareBench('power', { amperes: 30, lag: Math.PI }).authorise(2000)
    bench.live(10)
    const frame = last(bench.heard.reportsOf('power'))
    near(frame.powerW, -6900, 0.01)
    near(frame.exportWh, (6900 * frame.uptimeMs) / 3_600_000, 0.08)
    expect(frame.importWh).toBe(0)
  })

  it('the register is the sum of power over time, fractions kept inside', () => {
    const bench = firmwareBench('power', { amperes: 40 }).authorise(2000)
    bench.live(25)
    const frame = last(bench.heard.reportsOf('power'))
    const blocksS = Math.floor(frame.uptimeMs / 400) * 0.4
    expect(Math.abs(frame.importWh - (9200 * blocksS) / 3600)).toBeLessThanOrEqual(
      1 + 9200 * 0.01 * (blocksS / 3600),
    )
  })

  it('without load it counts nothing, however noisy its input', () => {
    const bench = firmwareBench('power', { amperes: 0 }, { seed: 99 }).authorise(2000)
    bench.live(12)
    const frame = last(bench.heard.reportsOf('power'))
    expect(frame).toMatchObject({
      powerW: 0,
      peakPowerW: 0,
      importWh: 0,
      exportWh: 0,
      powerFactorPermille: 1000,
    })
  })

  it('the peak is the highest 0.4 s of the window', () => {
    let amperes = 2
    const world = {
      voltsAt: (ms: number) => Math.SQRT2 * 230 * Math.sin((Math.PI * ms) / 10),
      amperesAt: (ms: number) => Math.SQRT2 * amperes * Math.sin((Math.PI * ms) / 10),
      velocityAt: () => 0,
      celsiusAt: () => 20,
      humidityAt: () => 50,
    }
    const bench = firmwareBench('power', world).authorise(4000)
    bench.live(2.2)
    amperes = 20
    bench.live(0.8)
    amperes = 2
    bench.live(1.5)
    const frame = last(bench.heard.reportsOf('power'))
    near(frame.peakPowerW, 4600, 0.02)
    expect(frame.powerW).toBeGreaterThan(460)
    expect(frame.powerW).toBeLessThan(2000)
  })
})

describe('the relay', () => {
  it('cuts the load when it opens and gives it back when it closes; the frame says which', () => {
    const bench = firmwareBench('power', { amperes: 10 }).authorise(800)
    bench.live(2)
    near(last(bench.heard.reportsOf('power')).powerW, 2300, 0.01)
    bench.tell({ name: 'relay', closed: false })
    expect(bench.heard.lastAnswer.status).toBe('done')
    expect(bench.board.conducting).toBe(false)
    bench.live(2.4)
    expect(last(bench.heard.reportsOf('power'))).toMatchObject({ powerW: 0, relayClosed: false })
    bench.tell({ name: 'relay', closed: true })
    bench.live(2.4)
    const frame = last(bench.heard.reportsOf('power'))
    near(frame.powerW, 2300, 0.01)
    expect(frame.relayClosed).toBe(true)
  })
})

describe('a sensor that fails', () => {
  it('a cut sensor wire is told, measured as nothing, and forgotten once mended', () => {
    const bench = firmwareBench('power', { amperes: 10 }).authorise(800)
    bench.live(2)
    bench.board.setSensorWire(true)
    bench.live(2)
    expect(last(bench.heard.reportsOf('power'))).toMatchObject({ sensorFault: true, powerW: 0, voltageMv: 0 })
    const before = last(bench.heard.reportsOf('power')).importWh
    bench.live(5)
    expect(last(bench.heard.reportsOf('power')).importWh).toBe(before)
    bench.board.setSensorWire(false)
    bench.live(3)
    const frame = last(bench.heard.reportsOf('power'))
    expect(frame.sensorFault).toBe(false)
    near(frame.powerW, 2300, 0.01)
  })

  it('a current beyond the transformer is told, since the wave is clipped', () => {
    const bench = firmwareBench('power', { amperes: 70 }).authorise(800)
    bench.live(2)
    expect(last(bench.heard.reportsOf('power')).sensorFault).toBe(true)
  })

  it('no mains is told', () => {
    const bench = firmwareBench('power', { volts: 0 }).authorise(800)
    bench.live(2)
    expect(last(bench.heard.reportsOf('power')).sensorFault).toBe(true)
  })
})

describe('the MAC of a report', () => {
  it('is that of the record key, which the gateway does not have', () => {
    const bench = firmwareBench('power', { amperes: 3 }).authorise(800)
    bench.live(4)
    expect(bench.heard.reportBytes.length).toBeGreaterThan(3)
    for (const bytes of bench.heard.reportBytes) {
      expect(verifyBoardMac(RECORD_KEY, bytes)).toBe(true)
      expect(verifyBoardMac(LINK_KEY, bytes)).toBe(false)
    }
  })
})
