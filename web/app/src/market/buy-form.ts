import type { BuyRequest } from '../../../market-messages.ts'
import type { MarketResource, MarketResourceView, WalletView } from '../../../market-model.ts'
import type { PeriodView } from '../../../read-model.ts'
import { bondMicroSct, sizeOf } from '../model/lot.ts'
import { duration } from '../words/format.ts'
import { LOT_UNITS, lotText, sct } from '../words/money.ts'
import { partsOf, problemOf, readWritten } from '../words/written.ts'
import { momentOf } from './window.ts'

/** A buy form as it is filled in. */
export interface BuyDraft {
  readonly resource: MarketResource
  readonly amount: string
  readonly maxPrice: string
  /** The window of power, as the device's own clock shows it. */
  readonly from: string
  readonly until: string
}

export type BuyField = Exclude<keyof BuyDraft, 'resource'>

/** What a form is checked against. */
export interface BuyFacts {
  readonly of: MarketResourceView
  readonly wallet: WalletView
  readonly period: PeriodView
  readonly sampleMs: number
  readonly leadMs: number
  readonly nowMs: number
}

/** What was understood of a form, and what is wrong with it, field by field. */
export interface CheckedBuy {
  readonly amount: number | null
  readonly maxPriceMicroSct: number | null
  /** Null while the window of power is wrong. */
  readonly window: { readonly fromMs: number; readonly untilMs: number } | null
  readonly bondMicroSct: number | null
  readonly problems: Readonly<Record<BuyField | 'form', string | null>>
}

/** A million kWh, kW or m³: more than any community uses. */
const UNITS_MOST = 1_000_000
/** 999,999,999.999999 SCT. */
const MICRO_MOST = 999_999_999_999_999
/** What of the wallet an offer can bind: tokens, and credit that is free in the market. */
export const fundsOf = ({ balanceMicroSct, creditMicroSct }: WalletView): number =>
  balanceMicroSct + creditMicroSct

/** Reads and checks a form, so that nothing is sent that would be refused. */
export function checkBuy(draft: BuyDraft, facts: BuyFacts): CheckedBuy {
  const { of, sampleMs } = facts
  const amount = readAmount(draft)
  const price = readPrice(draft)
  const { window, from, until } = checkWindow(draft, facts)
  const parts = partsOf(amount)
  const size =
    parts === null || window === null
      ? null
      : sizeOf({ resource: draft.resource, amount: parts, ...window }, sampleMs)
  const bond = size === null ? null : bondMicroSct(size, of)
  const problems = {
    amount: problemOf(amount) ?? bondProblem(bond, facts),
    maxPrice: problemOf(price) ?? priceProblem(partsOf(price), bond),
    from,
    until,
    form: formProblem(facts),
  }
  return { amount: parts, maxPriceMicroSct: partsOf(price), window, bondMicroSct: bond, problems }
}

/** The request of a form without a problem; null while there is one. */
export function requestOf(draft: BuyDraft, checked: CheckedBuy, requestId: string): BuyRequest | null {
  const { amount, maxPriceMicroSct, window, problems } = checked
  if (amount === null || maxPriceMicroSct === null || window === null) return null
  if (Object.values(problems).some((problem) => problem !== null)) return null
  const lent = draft.resource === 'power' ? window : { fromMs: null, untilMs: null }
  return { requestId, resource: draft.resource, amount, maxPriceMicroSct, ...lent }
}

function readAmount({ resource, amount }: BuyDraft) {
  const { decimals, amount: unit } = LOT_UNITS[resource]
  const most = UNITS_MOST * 10 ** decimals
  return readWritten(amount, {
    decimals,
    most,
    tooMuch: `At most ${lotText(resource, most)} can be asked for.`,
    empty: `Write how many ${unit} you need.`,
  })
}

function readPrice({ maxPrice }: BuyDraft) {
  return readWritten(maxPrice, {
    decimals: 6,
    most: MICRO_MOST,
    tooMuch: `At most ${sct(MICRO_MOST)} can be offered.`,
    empty: 'Write the most that you would pay for all of it.',
  })
}

function bondProblem(bond: number | null, { wallet }: BuyFacts): string | null {
  const funds = fundsOf(wallet)
  if (bond === null || bond <= funds) return null
  return `This locks a bond of ${sct(bond)} and ${sct(funds)} are free. Ask for less, or buy SCT first.`
}

function priceProblem(price: number | null, bond: number | null): string | null {
  if (price === null || bond === null || price <= bond) return null
  return `No lot of this size may cost more than ${sct(bond)}: write at most that.`
}

function formProblem({ of, period, leadMs, nowMs }: BuyFacts): string | null {
  if (of.ceilingMicroSctPerUnit === null) {
    return 'The community has set no ceiling price yet, so nothing can be asked for.'
  }
  if (of.resource === 'power' || nowMs + leadMs <= period.endsAtMs) return null
  return `An auction takes ${duration(leadMs)}, and the period ends sooner. Ask again in the next one.`
}

interface CheckedWindow {
  readonly window: CheckedBuy['window']
  readonly from: string | null
  readonly until: string | null
}

function checkWindow({ resource, from, until }: BuyDraft, facts: BuyFacts): CheckedWindow {
  const { period, sampleMs, leadMs, nowMs } = facts
  const { startsAtMs, endsAtMs } = period
  if (resource !== 'power') {
    return { window: { fromMs: startsAtMs, untilMs: endsAtMs }, from: null, until: null }
  }
  const fromMs = momentOf(from)
  const untilMs = momentOf(until)
  const wrong = (problem: { from?: string; until?: string }): CheckedWindow => ({
    ...{ window: null, from: null, until: null },
    ...problem,
  })
  if (fromMs === null) return wrong({ from: 'Write the day and the time it begins.' })
  if (untilMs === null) return wrong({ until: 'Write the day and the time it ends.' })
  if (fromMs < nowMs + leadMs) {
    return wrong({ from: `Begin later: the auction itself takes ${duration(leadMs)}.` })
  }
  if (untilMs <= fromMs) return wrong({ until: 'End later than it begins.' })
  const nextEndMs = endsAtMs + (endsAtMs - startsAtMs)
  const within = untilMs <= endsAtMs || (fromMs >= endsAtMs && untilMs <= nextEndMs)
  if (!within) {
    return wrong({ until: 'Begin and end within this billing period, or both within the next one.' })
  }
  const window = {
    fromMs: Math.floor(fromMs / sampleMs) * sampleMs,
    untilMs: Math.ceil(untilMs / sampleMs) * sampleMs,
  }
  return { window, from: null, until: null }
}
