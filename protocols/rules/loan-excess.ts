/** A loan of power over a window of slots; `place` is how the contract knows it at its lender. */
export interface PowerLoan {
  readonly amountW: number
  readonly fromSlot: number
  readonly untilSlot: number
  readonly lentAtBlock: number
  readonly place: number
}

/** All that a home lent and borrowed in a billing period, beside its part of the contract. */
export interface HomeLoans {
  readonly partW: number
  readonly lent: readonly PowerLoan[]
  readonly borrowed: readonly Pick<PowerLoan, 'amountW' | 'fromSlot' | 'untilSlot'>[]
}

const holds = ({ fromSlot, untilSlot }: Pick<PowerLoan, 'fromSlot' | 'untilSlot'>, slot: number): boolean =>
  fromSlot <= slot && slot < untilSlot

const sumAt = (loans: HomeLoans['borrowed'], slot: number): number =>
  loans.filter((loan) => holds(loan, slot)).reduce((sum, { amountW }) => sum + amountW, 0)

/** What was lent later is cut first: by block, then by place. */
const isLater = (loan: PowerLoan, than: PowerLoan): boolean =>
  loan.lentAtBlock > than.lentAtBlock || (loan.lentAtBlock === than.lentAtBlock && loan.place > than.place)

/** The power up to which a slot of the lender's takes nothing of this loan, W. */
export function coveredPower({ partW, lent, borrowed }: HomeLoans, loan: PowerLoan, slot: number): number {
  const earlier = lent.filter((each) => !isLater(each, loan))
  return partW + sumAt(borrowed, slot) - sumAt(earlier, slot)
}

/** The slot that takes most of a loan, and how much: the excess of the loan. Null without any reading. */
export function loanExcess(
  loans: HomeLoans,
  loan: PowerLoan,
  peaks: readonly { readonly slot: number; readonly peakW: number }[],
): { readonly slot: number; readonly excessW: number } | null {
  const each = peaks
    .filter(({ slot }) => holds(loan, slot))
    .map(({ slot, peakW }) => ({ slot, excessW: Math.max(0, peakW - coveredPower(loans, loan, slot)) }))
  return each.reduce<(typeof each)[number] | null>(
    (most, next) => (most === null || next.excessW > most.excessW ? next : most),
    null,
  )
}
