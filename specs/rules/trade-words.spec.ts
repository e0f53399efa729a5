import { describe, expect, it } from 'vitest'
import {
  amountInWords,
  hoursInWords,
  listInWords,
  minuteInWords,
  percentInWords,
  priceInWords,
  sctInWords,
  weekdayInWords,
} from '../../protocols/rules/trade-rules/words.ts'

describe('words of a trade', () => {
  it('say amounts in the unit that people use', () => {
    expect(amountInWords('energy', 1_500)).toBe('1.5 kWh')
    expect(amountInWords('power', 2_000)).toBe('2 kW')
    expect(amountInWords('water', 999_999)).toBe('999.999 L')
    expect(amountInWords('water', 1_000_000)).toBe('1 m³')
    expect(amountInWords('water', 1_250_000)).toBe('1.25 m³')
  })

  it('say prices by the unit of the resource', () => {
    expect(sctInWords(150_000)).toBe('0.15 SCT')
    expect(priceInWords('energy', 1)).toBe('0.000001 SCT per kWh')
    expect(priceInWords('power', 2_000_000)).toBe('2 SCT per kW and hour')
    expect(priceInWords('water', 2_000_000)).toBe('2 SCT per m³')
  })

  it('say a part in percent with one decimal, rounded down, and nothing of nothing', () => {
    expect(percentInWords(1, 3)).toBe('33.3 %')
    expect(percentInWords(2, 3)).toBe('66.6 %')
    expect(percentInWords(3, 3)).toBe('100 %')
    expect(percentInWords(3, 0)).toBe('0 %')
  })

  it('say times of a day with two digits, the day’s end as its begin', () => {
    expect([0, 65, 1439, 1440, 1505].map(minuteInWords)).toEqual([
      '00:00',
      '01:05',
      '23:59',
      '00:00',
      '01:05',
    ])
    expect(hoursInWords({ fromMinute: 540, untilMinute: 690 })).toBe('09:00 to 11:30')
    expect(weekdayInWords('saturday')).toBe('Saturday')
  })

  it('put several things into one sentence', () => {
    expect(listInWords([])).toBe('')
    expect(listInWords(['a'])).toBe('a')
    expect(listInWords(['a', 'b'])).toBe('a and b')
    expect(listInWords(['a', 'b', 'c'])).toBe('a, b and c')
  })
})
