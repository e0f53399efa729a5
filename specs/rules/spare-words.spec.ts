import { describe, expect, it } from 'vitest'
import type { Forecast } from '../../protocols/rules/forecast.ts'
import { spareInWords } from '../../protocols/rules/spare-words.ts'

const FORECAST: Forecast = { likely: 4_500, usual: 3_000, marginPpm: 500_000, stretches: 7 }
const energy = (forecast: Forecast | null, offered = 0) =>
  spareInWords('energy', { left: 9_000, offered, forecast })
const USUAL = '9 kWh of your quota is left, and you usually use 3 kWh more by the period’s end'

describe('why a home can spare what it can spare', () => {
  it('is what is left of its quota, what it usually uses, and what is kept on top of it', () => {
    expect(energy(FORECAST)).toBe(`${USUAL}; 50 % more is kept, because that was enough nine times of ten.`)
    expect(energy({ ...FORECAST, marginPpm: 500_001 })).toContain('; 51 % more is kept')
  })

  it('says so when the margin is a fixed one', () => {
    expect(energy({ ...FORECAST, stretches: 0 })).toBe(
      `${USUAL}; 50 % more is kept, since little is known of your use yet.`,
    )
    expect(energy({ ...FORECAST, stretches: 0, marginPpm: 0 })).toContain('; 0 % more is kept')
  })

  it('is silent of a margin of nothing', () => {
    expect(energy({ ...FORECAST, marginPpm: 0 })).toBe(`${USUAL}.`)
    expect(energy({ ...FORECAST, usual: 0 })).toBe(
      '9 kWh of your quota is left, and you usually use 0 kWh more by the period’s end.',
    )
  })

  it('names what is locked in bids', () => {
    expect(energy({ ...FORECAST, marginPpm: 0 }, 2_000)).toBe(`${USUAL}. 2 kWh of it is locked in your bids.`)
  })

  it('is of power the limit and the highest draw', () => {
    const power = (offered: number) =>
      spareInWords('power', { left: 5_000, offered, forecast: { ...FORECAST, likely: 3_200 } })
    expect(power(0)).toBe('Your limit is 5 kW, and you drew up to 3.2 kW before.')
    expect(power(1_000)).toBe(
      'Your limit is 5 kW, and you drew up to 3.2 kW before. 1 kW of it is locked in your bids.',
    )
  })

  it('is nothing while nothing is known', () => {
    expect(energy(null)).toBe('Nothing is known of your use yet, so nothing is offered.')
  })
})
