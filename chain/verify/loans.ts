import type { Trail } from './trail.ts'

/** Subjects of an excess from here on are loans of power, by the lender's place (IQuotaMarket). */
const FIRST_LOAN = 16

/** Power that one home lent to another in a window of slots, by its event. */
export interface LoanTrail {
  readonly lender: string
  readonly borrower: string
  readonly period: number
  readonly fromSlot: number
  readonly untilSlot: number
  readonly amount: bigint
  /** The lender's. */
  readonly place: number
  readonly block: number
}

/** What loans add to a home's quota of power in a slot, or take from it. */
export function lentAt(trail: Trail, home: string, slot: number): bigint {
  let sum = 0n
  for (const loan of trail.loans) {
    if (!holds(loan, slot)) continue
    if (loan.lender === home) sum -= loan.amount
    if (loan.borrower === home) sum += loan.amount
  }
  return sum
}

/** The loan that is the subject of an excess; undefined when it is a whole period's, or nothing was lent. */
export function loanOf(trail: Trail, home: string, period: number, subject: number): LoanTrail | undefined {
  const place = subject - FIRST_LOAN
  return trail.loans.find((loan) => loan.lender === home && loan.period === period && loan.place === place)
}

/** What its lender lent after it over the same slot, which is cut first: by block, then by place. */
export function lentLater(trail: Trail, loan: LoanTrail, slot: number): bigint {
  const isLater = (other: LoanTrail): boolean =>
    other.block > loan.block || (other.block === loan.block && other.place > loan.place)
  return trail.loans
    .filter((other) => other.lender === loan.lender && holds(other, slot) && isLater(other))
    .reduce((sum, { amount }) => sum + amount, 0n)
}

const holds = ({ fromSlot, untilSlot }: LoanTrail, slot: number): boolean =>
  fromSlot <= slot && slot < untilSlot
