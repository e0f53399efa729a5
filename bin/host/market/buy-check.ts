import type { TradeOrder } from '../../../actors/auction/ports.ts'
import type { Allowance } from '../../../protocols/rules/divide.ts'
import { Fault } from '../../../protocols/rules/fault.ts'
import { bondOf, LOT_AMOUNT_MOST } from '../../../protocols/rules/lot-price.ts'
import { resourceNumber, type Resource } from '../../../protocols/rules/resource.ts'
import { amountInWords, sctInWords } from '../../../protocols/rules/trade-rules/words.ts'
import { periodOf } from '../../../protocols/rules/units.ts'
import type { BuyRequest } from '../../../web/market-messages.ts'
import { periodSpan, type MarketTimes } from './market-times.ts'
import { quotaOf } from './trade-facts.ts'

/** What a wish to buy is held against. */
export interface BuyFacts {
  readonly times: MarketTimes
  readonly leadMs: number
  readonly nowMs: number
  readonly own: Allowance | null
  /** What the whole community may use. */
  readonly community: Allowance | null
  readonly ceilingMicroSct: number | null
  /** What may go into bonds: tokens, and credit that no call on its way will take. */
  readonly freeMicroSct: bigint
}

interface Window {
  readonly period: number
  readonly fromSlot: number
  readonly untilSlot: number
}

const tooLate = (field: string | null): Fault =>
  new Fault('too-late', 'The auction would not be over in time.', {
    ...(field === null ? {} : { field }),
    fix: field === null ? 'Ask again in the next billing period.' : 'Begin later.',
  })

function windowOf({ resource, fromMs, untilMs }: BuyRequest, facts: BuyFacts): Window {
  const { times, leadMs, nowMs } = facts
  const { sampleMs, slotsPerBilling } = times
  const current = periodOf(Math.floor(nowMs / sampleMs), slotsPerBilling)
  if (resource !== 'power' || fromMs === null || untilMs === null) {
    if (nowMs + leadMs > periodSpan(current, times).untilMs) throw tooLate(null)
    return { period: current, fromSlot: 0, untilSlot: 0 }
  }
  if (fromMs < nowMs + leadMs) throw tooLate('fromMs')
  const fromSlot = Math.floor(fromMs / sampleMs)
  const untilSlot = Math.ceil(untilMs / sampleMs)
  const period = periodOf(fromSlot, slotsPerBilling)
  if (period > current + 1 || periodOf(untilSlot - 1, slotsPerBilling) !== period) {
    throw new Fault('window-outside-period', 'A window lies within this billing period or the next one.', {
      field: 'untilMs',
      fix: 'Begin and end within one of them.',
    })
  }
  return { period, fromSlot, untilSlot }
}

/** Nobody can sell what the neighbours have no quota for. */
function checkAmount(resource: Resource, amount: number, { own, community }: BuyFacts): void {
  if (own === null || community === null) {
    throw new Fault('no-quota', 'Quotas were not allocated yet.', { fix: 'Try again in a moment.' })
  }
  const others = Math.max(0, quotaOf(community, resource) - quotaOf(own, resource))
  if (amount >= 1 && amount <= Math.min(others, LOT_AMOUNT_MOST)) return
  const words = amountInWords(resource, others)
  throw new Fault('above-quota', `All neighbours together may use ${words} in a billing period.`, {
    field: 'amount',
    expected: `from 1 to ${others}`,
    fix: 'Ask for less.',
  })
}

/** A person's wish as an order, or the named fault that says what is wrong with it; nothing is signed yet. */
export function orderFrom(request: BuyRequest, facts: BuyFacts): TradeOrder {
  const { resource, amount, maxPriceMicroSct } = request
  const window = windowOf(request, facts)
  checkAmount(resource, amount, facts)
  if (facts.ceilingMicroSct === null) {
    throw new Fault('no-ceiling', 'The community has set no ceiling price yet.', {
      fix: 'Ask its manager to set one.',
    })
  }
  const slots = window.untilSlot - window.fromSlot
  const lot = { resource, amount, slots, sampleMs: facts.times.sampleMs }
  const bond = bondOf(lot, facts.ceilingMicroSct)
  checkPrice('maxPriceMicroSct', maxPriceMicroSct, bond)
  checkFunds('amount', bond, facts.freeMicroSct)
  const number = resourceNumber(resource)
  return { resource: number, ...window, amount, maxPriceMicroSct: String(maxPriceMicroSct), because: '' }
}

/** A price of a lot is never above its bond: that is the lot at the ceiling price. */
export function checkPrice(field: string, microSct: number, bond: bigint): void {
  if (microSct >= 1 && BigInt(microSct) <= bond) return
  const most = sctInWords(Number(bond))
  throw new Fault('price-out-of-range', `No lot of this size may cost more than ${most}.`, {
    field,
    expected: `from 1 to ${bond} micro-SCT`,
    fix: 'Write at most that.',
  })
}

/** The bond must be there before anything is signed. */
export function checkFunds(field: string, bond: bigint, free: bigint): void {
  if (free >= bond) return
  const has = sctInWords(Number(free < 0n ? 0n : free))
  throw new Fault(
    'not-enough-balance',
    `This locks a bond of ${sctInWords(Number(bond))}, and ${has} are free.`,
    {
      field,
      expected: `a bond of at most ${free} micro-SCT`,
      fix: 'Buy SCT in the wallet first.',
    },
  )
}
