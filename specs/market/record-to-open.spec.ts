import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { recordNumberOf } from '../../bin/host/market/record-to-open.ts'

describe('the record of lent power that a buyer has opened', () => {
  it('is the seller’s record of the window’s last slot', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1_000_000 }),
        fc.integer({ min: 1, max: 10_000 }),
        fc.nat(9_999),
        (first, count, place) => {
          const records = { count, newestSlot: first + count - 1 }
          const number = place % count
          expect(recordNumberOf(records, first + number)).toBe(number)
        },
      ),
    )
  })

  it('is the newest one while the window’s end has none, and the first of all when all are later', () => {
    expect(recordNumberOf({ count: 5, newestSlot: 100 }, 107)).toBe(4)
    expect(recordNumberOf({ count: 5, newestSlot: 100 }, 2)).toBe(0)
  })
})
