import { describe, expect, it } from 'vitest'
import { loanExcess, type HomeLoans, type PowerLoan } from '../../protocols/rules/loan-excess.ts'

const loan = (amountW: number, lentAtBlock: number, place = 0): PowerLoan => {
  return { amountW, fromSlot: 10, untilSlot: 20, lentAtBlock, place }
}
const first = loan(3_000, 100)
const loans = (lent: readonly PowerLoan[], borrowed: HomeLoans['borrowed'] = []): HomeLoans => {
  return { partW: 10_000, lent, borrowed }
}
const at = (slot: number, peakW: number) => ({ slot, peakW })

describe('the excess of a loan of power', () => {
  it('is nothing up to what the lender kept, and what lies above it in its window', () => {
    expect(loanExcess(loans([first]), first, [at(12, 7_000)])?.excessW).toBe(0)
    expect(loanExcess(loans([first]), first, [at(12, 7_001)])?.excessW).toBe(1)
    expect(loanExcess(loans([first]), first, [at(12, 7_500), at(14, 8_200)])).toEqual({
      slot: 14,
      excessW: 1_200,
    })
  })

  it('does not see the slots beside its window: the last one is excluded', () => {
    expect(loanExcess(loans([first]), first, [at(9, 99_000), at(20, 99_000)])).toBeNull()
    expect(loanExcess(loans([first]), first, [at(10, 7_001), at(19, 7_002)])).toEqual({
      slot: 19,
      excessW: 2,
    })
  })

  it('leaves to what was lent later what that has to bear: by block, then by place', () => {
    const later = loan(2_000, 101)
    const both = loans([first, later])
    expect(loanExcess(both, first, [at(12, 7_000)])?.excessW).toBe(0)
    expect(loanExcess(both, later, [at(12, 7_000)])?.excessW).toBe(2_000)
    const beside = loan(2_000, 100, 1)
    expect(loanExcess(loans([first, beside]), first, [at(12, 7_000)])?.excessW).toBe(0)
    expect(loanExcess(loans([first, beside]), beside, [at(12, 7_000)])?.excessW).toBe(2_000)
  })

  it('counts what was borrowed in the same slot', () => {
    const lender = loans([first], [{ amountW: 500, fromSlot: 12, untilSlot: 13 }])
    expect(loanExcess(lender, first, [at(12, 7_500)])?.excessW).toBe(0)
    expect(loanExcess(lender, first, [at(13, 7_500)])?.excessW).toBe(500)
  })

  it('is earlier by its block, whatever its place', () => {
    const early = loan(3_000, 100, 5)
    const later = loan(2_000, 101)
    const both = loans([early, later])
    expect(loanExcess(both, early, [at(12, 7_000)])?.excessW).toBe(0)
    expect(loanExcess(both, later, [at(12, 7_000)])?.excessW).toBe(2_000)
  })

  it('is that of the slot which takes most, of several the first', () => {
    const found = loanExcess(loans([first]), first, [at(12, 8_200), at(13, 7_500), at(14, 8_200)])
    expect(found).toEqual({ slot: 12, excessW: 1_200 })
    expect(loanExcess(loans([first]), first, [at(12, 10), at(13, 20)])).toEqual({ slot: 12, excessW: 0 })
  })
})
