import { type LotTerms, Refused } from './call.ts'
import type { Lot } from './quota.ts'

export const GAP_BLOCKS = 3
export const LEAST_PHASE_BLOCKS = 10
export const MOST_PHASE_S = 7 * 86_400
export const BPS = 10_000n
export const NO_BID = 2n ** 96n - 1n
export const MOST_AMOUNT = 2 ** 48 - 1
export const TRADING_AT = '0x00000000000000000000000000000000000000c4'
/** Why an auction failed, by the contract's number. */
export const REASON = {
  cancelled: 1,
  noBids: 2,
  noMaxPrice: 3,
  noneUnderMax: 4,
  secondAboveMax: 5,
  tooLate: 6,
} as const
const STATES = ['none', 'open', 'shown', 'awarded', 'failed', 'settled'] as const
export type State = (typeof STATES)[number]

export interface TradingSettings {
  readonly blockSeconds: number
  readonly securityBps: number
  readonly decisionSeconds: number
  /** How values are sealed. */
  readonly bidSeal: (id: string, bidder: string, value: bigint, salt: string) => string
  readonly maxPriceSeal: (id: string, buyer: string, value: bigint, salt: string) => string
}

export interface Auction {
  readonly state: State
  readonly reason: number
  readonly buyer: string
  readonly resource: number
  readonly period: number
  readonly amount: number
  readonly bond: bigint
  readonly seal: string
  readonly commitEnd: number
  readonly showEnd: number
  readonly revealSeconds: number
  readonly revealEnd: number
  readonly bids: number
  readonly reveals: number
  readonly newestBidBlock: number
  readonly partiesPart: number
  readonly lowest: bigint
  readonly second: bigint
  readonly maxPrice: bigint
  readonly winner: string | null
  readonly winnerIndex: number
  readonly mark: number
  readonly buyerRefunded: boolean
}

export interface Bid {
  readonly seal: string
  readonly index: number
  readonly state: 'sealed' | 'revealed' | 'refunded'
}

export const ceilDiv = (a: bigint, b: bigint): bigint => (a + b - 1n) / b
const word = (id: bigint): string => `0x${id.toString(16).padStart(64, '0')}`

/** The number of a buyer's offer makes the auction's id. */
export const auctionIdOf = (buyer: string, number: number): string =>
  word((BigInt(buyer) << 64n) | BigInt(number))

export const NEW_AUCTION = {
  state: 'open',
  reason: 0,
  revealEnd: 0,
  bids: 0,
  reveals: 0,
  newestBidBlock: 0,
  lowest: 0n,
  second: 0n,
  maxPrice: 0n,
  winner: null,
  winnerIndex: 0,
  mark: 0,
  buyerRefunded: false,
} as const

export const lotOf = ({ resource, period, amount }: Auction): Lot => ({ resource, period, amount })

/** The two lowest are kept; equal ones go to the earlier seal. */
export function counted(kept: Auction, seller: string, bid: Bid, value: bigint): Auction {
  const { lowest, second } = kept
  const wins = value < lowest || (value === lowest && bid.index < kept.winnerIndex)
  if (value <= kept.maxPrice && wins) {
    const next = lowest < second ? lowest : second
    return { ...kept, second: next, winner: seller, lowest: value, winnerIndex: bid.index }
  }
  return value < second ? { ...kept, second: value } : kept
}

export function requireSeal(shown: string, kept: string): void {
  if (shown !== kept) throw new Refused('trading', 'WrongSeal', [shown, kept])
}

export const wrongState = (is: State, expected: State): Refused =>
  new Refused('trading', 'WrongState', [STATES.indexOf(is), STATES.indexOf(expected)])

/** When bids and showing end, as the terms say; refused where they are too short, or end after the period. */
export function phasesOf(nowS: number, terms: LotTerms, blockSeconds: number, latest: number) {
  const least = LEAST_PHASE_BLOCKS * blockSeconds
  for (const phase of ['commit', 'show', 'reveal'] as const) {
    const given = terms[`${phase}Seconds`]
    if (given < least || given > MOST_PHASE_S) {
      throw new Refused('trading', 'PhaseOutOfRange', [phase, given, least, MOST_PHASE_S])
    }
  }
  const gap = GAP_BLOCKS * blockSeconds
  const commitEnd = nowS + terms.commitSeconds
  const showEnd = commitEnd + gap + terms.showSeconds
  const last = showEnd + terms.revealSeconds + gap
  if (last > latest) throw new Refused('trading', 'EndsTooLate', [last, latest])
  return { commitEnd, showEnd }
}

/** What the parties of a decided auction lost for good. */
export function forfeitOf({ state, reason, bond, revealEnd, bids, reveals }: Auction): bigint {
  if (state === 'open' || state === 'shown') return 0n
  if (reason === REASON.noMaxPrice) return bond
  return revealEnd === 0 ? 0n : BigInt(bids - reveals) * bond
}
