import { describe, expect, it } from 'vitest'
import { firmwareBench, last } from './workbench.ts'

describe('the comfort board', () => {
  it.each([
    { celsius: -5, humidity: 90 },
    { celsius: 21.4, humidity: 47 },
    { celsius: 38, humidity: 12 },
  ])('tells $celsius C within 0.3 C and $humidity % within 1 %', ({ celsius, humidity }) => {
    const bench = firmwareBench('comfort', { celsius, humidity }).authorise(800)
    bench.live(4)
    const frame = last(bench.heard.reportsOf('comfort'))
    expect(Math.abs(frame.temperatureCentiC / 100 - celsius)).toBeLessThan(0.3)
    expect(Math.abs(frame.humidityPermille / 10 - humidity)).toBeLessThan(1)
    expect(frame.sensorFault).toBe(false)
  })

  it('says that its sensor failed when the wire is cut, and keeps the last value', () => {
    const bench = firmwareBench('comfort', { celsius: 21 }).authorise(800)
    bench.live(2)
    const before = last(bench.heard.reportsOf('comfort'))
    bench.board.setSensorWire(true)
    bench.live(2)
    const after = last(bench.heard.reportsOf('comfort'))
    expect(after.sensorFault).toBe(true)
    expect(Math.abs(after.temperatureCentiC - before.temperatureCentiC)).toBeLessThan(100)
  })
})
