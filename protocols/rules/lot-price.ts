import { badField } from './fault.ts'
import type { Resource } from './resource.ts'

/**
 * What is traded: Wh, W or mL of one billing period. Power is lent for a window of `slots` sample periods of
 * `sampleMs`; energy and water have no window, and both are 0.
 */
export interface LotSize {
  readonly resource: Resource
  readonly amount: number
  readonly slots: number
  readonly sampleMs: number
}

/** The largest amount of a lot that the market takes: 2^48 − 1. */
export const LOT_AMOUNT_MOST = 2 ** 48 - 1
/** The largest sum of money of the market, micro-SCT; 2^96 − 1 itself means none there. */
export const LOT_MONEY_MOST = 2n ** 96n - 2n
/** Parts of S, the paper's deposit factor. */
const BPS = 10_000n
const MS_PER_HOUR = 3_600_000n

/** What a lot is of, before its amount is known. */
export type LotShape = Omit<LotSize, 'amount'>

/**
 * One Wh, W or mL as a multiple of what prices are for (1 kWh, 1 kW for an hour, 1 m³), as a fraction of
 * integers.
 */
function partOf({ resource, slots, sampleMs }: LotShape): { times: bigint; per: bigint } {
  switch (resource) {
    case 'energy':
      return { times: 1n, per: 1_000n }
    case 'water':
      return { times: 1n, per: 1_000_000n }
    case 'power': {
      if (slots < 1) throw badField('slots', 'a window of at least one slot', slots)
      return { times: BigInt(slots) * BigInt(sampleMs), per: 1_000n * MS_PER_HOUR }
    }
  }
}

function unitsOf(lot: LotSize): { times: bigint; per: bigint } {
  if (!Number.isSafeInteger(lot.amount) || lot.amount < 1 || lot.amount > LOT_AMOUNT_MOST) {
    throw badField('amount', `an integer from 1 to ${LOT_AMOUNT_MOST}`, lot.amount)
  }
  const { times, per } = partOf(lot)
  return { times: times * BigInt(lot.amount), per }
}

const up = (dividend: bigint, divisor: bigint) => (dividend + divisor - 1n) / divisor

/**
 * The bond of a lot: the lot at the public ceiling price, rounded up; the same for buyer and sellers.
 * `ceilingMicroSct` is per kWh, per kW and hour, or per m³. Money is in micro-SCT.
 */
export function bondOf(lot: LotSize, ceilingMicroSct: number | bigint): bigint {
  return leastPriceOf(lot, ceilingMicroSct)
}

/** What a seller asks for a lot at least, when it asks `unitMicroSct` a unit: rounded up, never below. */
export function leastPriceOf(lot: LotSize, unitMicroSct: number | bigint): bigint {
  const { times, per } = unitsOf(lot)
  return withinMarket(up(times * BigInt(unitMicroSct), per))
}

/** What a buyer pays for a lot at most, when it pays `unitMicroSct` a unit: rounded down, never above. */
export function mostPriceOf(lot: LotSize, unitMicroSct: number | bigint): bigint {
  const { times, per } = unitsOf(lot)
  return withinMarket((times * BigInt(unitMicroSct)) / per)
}

/** What one unit of a lot costs, micro-SCT, rounded down: what pages show, and what weights are made of. */
export function unitPriceOf(lot: LotSize, lotMicroSct: bigint): bigint {
  const { times, per } = unitsOf(lot)
  return (lotMicroSct * per) / times
}

/** The largest amount whose price at `unitMicroSct` a unit, rounded up, is within the money; 0: none. */
export function amountWithin(shape: LotShape, unitMicroSct: number, microSct: number): number {
  if (microSct <= 0) return 0
  const { times, per } = partOf(shape)
  const most = (BigInt(microSct) * per) / (times * BigInt(unitMicroSct))
  return most > BigInt(LOT_AMOUNT_MOST) ? LOT_AMOUNT_MOST : Number(most)
}

/** S · bid, rounded up: what of the winner's bond stays until delivery. `securityBps` is S in 1/10,000. */
export function heldOf(bidMicroSct: bigint, securityBps: number): bigint {
  return up(bidMicroSct * BigInt(securityBps), BPS)
}

/** What an account gets when a lot was delivered, micro-SCT; no part is rounded up. */
export interface Payment {
  /** Of the price, to the seller. */
  readonly paid: bigint
  /** Of the seller's deposit, back to the seller. */
  readonly returned: bigint
  /** Of the seller's deposit, to the buyer. */
  readonly penalty: bigint
  /** Of the price, back to the buyer. */
  readonly spared: bigint
}

/**
 * Pro rata: the seller gets as much of the price and of its deposit as it delivered of the lot, the buyer the
 * rest of both. Each part is rounded down; what rounding leaves, at most 2 micro-SCT, stays in the contract.
 */
export function paymentOf(
  lot: { readonly amount: bigint; readonly priceMicroSct: bigint; readonly heldMicroSct: bigint },
  delivered: bigint,
): Payment {
  const { amount, priceMicroSct: price, heldMicroSct: held } = lot
  if (delivered < 0n || delivered > amount) throw badField('delivered', `0 to ${amount}`, delivered)
  const missing = amount - delivered
  return {
    paid: (price * delivered) / amount,
    returned: (held * delivered) / amount,
    penalty: (held * missing) / amount,
    spared: (price * missing) / amount,
  }
}

function withinMarket(money: bigint): bigint {
  if (money > LOT_MONEY_MOST) throw badField('lot price', `at most ${LOT_MONEY_MOST} micro-SCT`, money)
  return money
}
