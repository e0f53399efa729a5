/** Home: a rule in the form that its people wrote it, JSON. */
export interface TradeRuleTable {
  id: string
  position: number
  enabled: number
  form: string
}

/** Home: what a rule decided, and why, in words; a decision that did not change is kept once. */
export interface TradeDecisionTable {
  at_ms: number
  rule: string
  resource: string
  acted: number
  text: string
}

/** Quota that changed hands: sold for a period, or lent for a window of slots. */
export interface QuotaExchangeTable {
  block: number
  log_index: number
  giver: string
  taker: string
  period: number
  resource: number
  amount: number
  from_slot: number
  until_slot: number
  /** Of a loan: the place that the contract knows it by at who gave it; else 0. */
  giver_place: number
}
