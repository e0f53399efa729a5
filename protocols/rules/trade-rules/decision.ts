import type { Resource } from '../resource.ts'
import type { PowerWindow, TradeRule } from './rule.ts'
import { amountInWords, type Because, hoursInWords, listInWords, priceInWords } from './words.ts'

/**
 * A rule acts. A sale is a readiness: the home bids on lots of up to `amount` that its neighbours ask for. A
 * purchase is an auction to open now.
 */
export interface TradeAction {
  readonly rule: string
  readonly act: true
  readonly do: 'sell' | 'buy'
  readonly resource: Resource
  /** Wh, W or mL. */
  readonly amount: number
  /** Per kWh, per kW and hour, or per m³: sells for no less, buys for no more. */
  readonly unitMicroSct: number
  readonly window: PowerWindow | null
  /** The bond that the purchase takes from the free balance until it is decided; 0 for a sale. */
  readonly bondMicroSct: number
  /** What the purchase costs at most; 0 for a sale. */
  readonly costMicroSct: number
  readonly because: readonly Because[]
  readonly sentence: string
}

/** A rule does not act now. */
export interface TradeIdle {
  readonly rule: string
  readonly act: false
  readonly do: 'sell' | 'buy'
  readonly resource: Resource
  readonly because: readonly Because[]
  readonly sentence: string
}

export type TradeDecision = TradeAction | TradeIdle

const reasons = (because: readonly Because[]) => listInWords(because.map(({ says }) => says))

/** The decision not to act. */
export function idle(rule: TradeRule, because: readonly Because[]): TradeIdle {
  const { name, do: verb, resource } = rule
  const sentence = `Does not ${verb} ${resource}, because ${reasons(because)}.`
  return { rule: name, act: false, do: verb, resource, because, sentence }
}

function forWhen(window: PowerWindow | null): string {
  if (window === null) return ''
  return window === 'rest-of-period' ? ' for the rest of the period' : ` from ${hoursInWords(window)}`
}

type Terms = Pick<TradeAction, 'amount' | 'unitMicroSct' | 'bondMicroSct' | 'costMicroSct' | 'because'>

/** The decision to act on these terms. */
export function action(rule: TradeRule, terms: Terms): TradeAction {
  const { name, do: verb, resource, window } = rule
  const amount = amountInWords(resource, terms.amount)
  const price = priceInWords(resource, terms.unitMicroSct)
  const does =
    verb === 'sell'
      ? `Sells up to ${amount} for at least ${price}`
      : `Buys ${amount}${forWhen(window)} for at most ${price}`
  const sentence = `${does}, because ${reasons(terms.because)}.`
  return { rule: name, act: true, do: verb, resource, window, ...terms, sentence }
}
