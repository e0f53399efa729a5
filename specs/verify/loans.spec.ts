import { describe, expect, it } from 'vitest'
import { lentAt, lentLater, loanOf, type LoanTrail } from '../../chain/verify/loans.ts'
import { beginMarket } from '../../chain/verify/market-trail.ts'
import type { Trail } from '../../chain/verify/trail.ts'

const loan = (place: number, block: number, fromSlot: number, untilSlot: number): LoanTrail => ({
  lender: 'ann',
  borrower: 'bob',
  period: 3,
  fromSlot,
  untilSlot,
  amount: BigInt(100 * (place + 1)),
  place,
  block,
})

const trailOf = (...loans: LoanTrail[]): Trail => ({
  chainId: 1,
  monitoring: '0x',
  slotsPerBilling: 10,
  community: null,
  epochs: new Map(),
  homes: new Map(),
  totals: new Map(),
  revisions: new Map(),
  moves: [],
  loans,
  delegations: new Map(),
  market: beginMarket({
    trading: '0x',
    blockSeconds: 1,
    securityBps: 0,
    strict: false,
    decisionSeconds: 20,
    sampleMs: 1_000,
  }),
})

describe('loans of power, as verify follows them', () => {
  const trail = trailOf(loan(0, 8, 30, 34), loan(1, 7, 32, 36), loan(2, 8, 33, 34))

  it('take from the lender and give to the borrower in their window only', () => {
    const slots = [29, 30, 32, 33, 34, 36]
    expect(slots.map((slot) => lentAt(trail, 'ann', slot))).toEqual([0n, -100n, -300n, -600n, -200n, 0n])
    expect(slots.map((slot) => lentAt(trail, 'bob', slot))).toEqual([0n, 100n, 300n, 600n, 200n, 0n])
    expect(lentAt(trail, 'carol', 33)).toBe(0n)
  })

  it('are cut from the last award to the first: by block, then by place', () => {
    const [first, second, third] = trail.loans
    if (first === undefined || second === undefined || third === undefined) throw new Error('three loans')
    expect([second, first, third].map((each) => lentLater(trail, each, 33))).toEqual([400n, 300n, 0n])
    expect(lentLater(trail, second, 35)).toBe(0n)
  })

  it('are found by the subject of an excess', () => {
    expect(loanOf(trail, 'ann', 3, 17)).toBe(trail.loans[1])
    expect(loanOf(trail, 'ann', 3, 2)).toBeUndefined()
    expect(loanOf(trail, 'bob', 3, 17)).toBeUndefined()
  })
})
