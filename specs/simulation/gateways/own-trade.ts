export type TradeStage = 'determination' | 'negotiation' | 'payment' | 'over'

/** A trade of this home, as its disk has it. */
export interface OwnTrade {
  readonly subject: string
  readonly role: 'buyer' | 'seller'
  readonly auction: string | null
  readonly stage: TradeStage
  readonly round: number
  readonly order: TradeOrder | null
  /** What is sealed, micro-SCT. */
  readonly value: string | null
  readonly salt: string | null
  readonly bond: string | null
}

export interface TradeOrder {
  readonly resource: number
  readonly period: number
  readonly amount: number
  readonly maxPriceMicroSct: string
}

export const NEW_TRADE = {
  auction: null,
  stage: 'determination',
  round: 0,
  order: null,
  value: null,
  salt: null,
  bond: null,
} as const
