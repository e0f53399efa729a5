import { describe, expect, it } from 'vitest'
import { householdWorld } from '../../hardware/board/household.ts'
import type { HomeProfile } from '../../hardware/board/profiles.ts'
import { firmwareBench, last } from './workbench.ts'

const START_MS = 1_800_000_000_000
const SAMPLE_MS = 4_000
const STEP_MS = 900_000
const PROFILE: HomeProfile = {
  home: 'H',
  loadMw: [1_500_000, 3_000_000, 500_000],
  pvMw: [0, 0, 2_500_000],
  waterUl: [90_000_000, 0, 45_000_000],
}
const world = (): ReturnType<typeof householdWorld> =>
  householdWorld({ profile: PROFILE, stepMs: STEP_MS, sampleMs: SAMPLE_MS, startMs: START_MS })

describe('the firmware in a home whose rows last one sample period', () => {
  it('measures load minus photovoltaics, row by row', () => {
    const bench = firmwareBench('power', world(), { startMs: START_MS }).authorise(400)
    const watts: number[] = []
    for (let row = 1; row <= 3; row++) {
      bench.board.advance(START_MS + row * SAMPLE_MS - 300)
      watts.push(last(bench.heard.reportsOf('power')).powerW)
    }
    ;[1500, 3000, -2000].forEach((truth, row) => {
      expect(Math.abs((watts[row] ?? 0) - truth), String(watts[row])).toBeLessThanOrEqual(
        Math.abs(truth) * 0.01,
      )
    })
  })

  it('draws the litres of the rows, scaled to the sample period', () => {
    const bench = firmwareBench('water', world(), { startMs: START_MS }).authorise(2000)
    const rounds = 4
    bench.live((rounds * 3 * SAMPLE_MS) / 1000)
    const truthMl = rounds * 135_000 * (SAMPLE_MS / STEP_MS)
    const { volumeMl } = last(bench.heard.reportsOf('water'))
    expect(Math.abs(volumeMl - truthMl) / truthMl, `${volumeMl} of ${truthMl}`).toBeLessThan(0.03)
  })

  it('keeps draws too short to be a tap until they are one', () => {
    const around = householdWorld({
      profile: { ...PROFILE, waterUl: [1_000_000] },
      stepMs: STEP_MS,
      sampleMs: SAMPLE_MS,
      startMs: START_MS,
    })
    let ml = 0
    let longest = 0
    for (let ms = 0; ms < SAMPLE_MS * 90; ms++) {
      const velocity = around.velocityAt(START_MS + ms)
      if (velocity > 0) longest++
      ml += (velocity * 4.712389 * 1000) / 60_000
    }
    expect(Math.abs(ml - 400)).toBeLessThan(42)
    expect(longest).toBeGreaterThan(1000)
  })
})
