import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LITRES_PER_MINUTE_PER_M_PER_S } from '../../hardware/board/sensors.ts'
import { firmwareBench, last } from './workbench.ts'

const velocityOf = (litresPerMinute: number): number => litresPerMinute / LITRES_PER_MINUTE_PER_M_PER_S

describe('the water board measures what flows', () => {
  it.each([{ litresPerMinute: 3 }, { litresPerMinute: 10 }, { litresPerMinute: 28 }])(
    'volume within 2 % and flow within 3 % at $litresPerMinute L/min',
    ({ litresPerMinute }) => {
      const bench = firmwareBench('water', { velocity: velocityOf(litresPerMinute) }).authorise(10_000)
      bench.live(30)
      const frame = last(bench.heard.reportsOf('water'))
      const truth = (litresPerMinute * Math.floor(frame.uptimeMs / 400) * 400) / 60
      expect(Math.abs(frame.volumeMl - truth) / truth).toBeLessThan(0.02)
      expect(Math.abs(frame.flowMlPerMin / 1000 - litresPerMinute) / litresPerMinute).toBeLessThan(0.03)
      expect(frame.sensorFault).toBe(false)
    },
  )

  it('with no flow the register stands still, whatever the noise', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), (seed) => {
        const bench = firmwareBench('water', { velocity: 0 }, { seed }).authorise(2000)
        bench.live(15)
        expect(last(bench.heard.reportsOf('water'))).toMatchObject({ volumeMl: 0, flowMlPerMin: 0 })
      }),
      { numRuns: 4 },
    )
  })

  it('water that flows back is shown, and never takes from the register', () => {
    const bench = firmwareBench('water', { velocity: -2 }).authorise(2000)
    bench.live(6)
    const frame = last(bench.heard.reportsOf('water'))
    expect(frame.volumeMl).toBe(0)
    expect(frame.flowMlPerMin).toBeLessThan(-9000)
  })

  it('the valve shuts and opens the flow; the frame says which', () => {
    const bench = firmwareBench('water', { velocity: 2 }).authorise(800)
    bench.live(2)
    bench.tell({ name: 'valve', open: false })
    bench.live(2.4)
    const shut = last(bench.heard.reportsOf('water'))
    expect(shut).toMatchObject({ flowMlPerMin: 0, valveOpen: false })
    bench.live(2.4)
    expect(last(bench.heard.reportsOf('water')).volumeMl).toBe(shut.volumeMl)
    bench.tell({ name: 'valve', open: true })
    bench.live(2.4)
    expect(last(bench.heard.reportsOf('water')).flowMlPerMin).toBeGreaterThan(9000)
  })

  it('without an echo it says that its sensor failed', () => {
    const bench = firmwareBench('water', { velocity: 2 }).authorise(800)
    bench.board.setSensorWire(true)
    bench.live(3)
    expect(last(bench.heard.reportsOf('water'))).toMatchObject({ sensorFault: true, flowMlPerMin: 0 })
  })

  it('a zero that is off is calibrated away', () => {
    const drifting = velocityOf(1.2)
    const bench = firmwareBench('water', { velocity: drifting }).authorise(800)
    bench.tell({ name: 'calibrate', channel: 0, gainPpm: 1_000_000, offset: Math.round(-drifting * 1000) })
    bench.live(2)
    const before = last(bench.heard.reportsOf('water')).volumeMl
    bench.live(10)
    expect(last(bench.heard.reportsOf('water')).volumeMl).toBe(before)
  })
})
