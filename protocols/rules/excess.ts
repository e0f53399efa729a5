import type { Allowance } from './divide.ts'
import { useOf } from './quota-use.ts'

/** The metered resources; the quota contract numbers them from 1 in this order. */
export const METERED = ['energy', 'power', 'water'] as const
export type MeteredResource = (typeof METERED)[number]

/** The number of a resource in the quota contract. */
export const resourceNumber = (resource: MeteredResource): number => METERED.indexOf(resource) + 1

/** What the quota contract told of one excess: one home, one period, one resource. In the chain's order. */
export type ExcessEvent =
  | {
      readonly kind: 'asserted'
      readonly block: number
      readonly amount: number
      readonly lastBlock: number
    }
  | { readonly kind: 'demanded'; readonly block: number; readonly lastBlock: number }
  /** The other party of a trade demands the opening, whether or not something was asserted. */
  | { readonly kind: 'forced'; readonly block: number; readonly lastBlock: number }
  | { readonly kind: 'opened'; readonly block: number; readonly amount: number; readonly value: number }
  | { readonly kind: 'final' | 'void' | 'unproved'; readonly block: number }

export type ExcessState =
  | 'asserted'
  | 'demanded'
  | 'forced'
  | 'opened'
  | 'final'
  | 'withdrawn'
  | 'void'
  /** Nobody opened what the other party of a trade had demanded: the home delivered nothing. */
  | 'unproved'

/** How an excess stands. `lastBlock` is the last one in which the next step of its dispute can be taken. */
export interface Excess {
  readonly state: ExcessState
  /** What was asserted: Wh, W or mL above the quota. */
  readonly amount: number
  readonly lastBlock: number
  /** What the home used, once it is opened. */
  readonly value: number | null
}

function after(before: Excess | null, event: ExcessEvent): Excess | null {
  if (event.kind === 'asserted') {
    return { state: 'asserted', amount: event.amount, lastBlock: event.lastBlock, value: null }
  }
  if (event.kind === 'forced') return forced(before, event.lastBlock)
  if (before === null) return null
  switch (event.kind) {
    case 'demanded':
      return { ...before, state: 'demanded', lastBlock: event.lastBlock }
    case 'opened':
      return { ...before, state: 'opened', amount: event.amount, value: event.value }
    case 'final':
    case 'unproved':
      return { ...before, state: event.kind }
    case 'void':
      // Time alone voids an assertion only after the last block; before it, its author took it back.
      return { ...before, state: event.block <= before.lastBlock ? 'withdrawn' : 'void' }
  }
}

/** What an assertion that was taken back had said does not count any more. */
function forced(before: Excess | null, lastBlock: number): Excess {
  const stood = before !== null && before.state !== 'withdrawn' && before.state !== 'void'
  return { state: 'forced', amount: stood ? before.amount : 0, lastBlock, value: null }
}

/**
 * How an excess stands at the block `head`, by what the contract told of it: an assertion is final once its
 * window passed in silence, and void once a demanded opening did not come. Null when none was asserted.
 */
export function excessAt(events: readonly ExcessEvent[], head: number): Excess | null {
  const told = events.reduce(after, null)
  if (told === null || head <= told.lastBlock) return told
  if (told.state === 'asserted') return { ...told, state: 'final' }
  if (told.state === 'demanded') return { ...told, state: 'void' }
  if (told.state === 'forced') return { ...told, state: 'unproved' }
  return told
}

/** Whether an excess may still change by what its two parties do. */
export const isOpen = ({ state }: Excess): boolean =>
  state === 'asserted' || state === 'demanded' || state === 'forced'

/** What a home used of a resource in a period, for the quotas: Wh, W at most, mL. */
export type Used = Readonly<Record<MeteredResource, number | null>>

/** By how much each use exceeds its quota; null where the use cannot be shown. */
export function excessOver(used: Used, quota: Allowance): Record<MeteredResource, number | null> {
  const over = (value: number | null, allowed: number): number | null =>
    value === null ? null : useOf(value, allowed).excess
  return {
    energy: over(used.energy, quota.energyWh),
    power: over(used.power, quota.powerW),
    water: over(used.water, quota.waterMl),
  }
}

/** Why an assertion is taken back. */
export type WhyWithdrawn = 'cannot-be-shown' | 'amount-differs' | 'contract-refused'

/** What the community gateway does about an assertion of its own. */
export type Answer =
  | { readonly do: 'nothing' }
  | { readonly do: 'open' }
  | { readonly do: 'withdraw'; readonly why: WhyWithdrawn }

/**
 * The answer to an excess as it stands. `due` is what the readings show above the quota now, null where they
 * show nothing; `refused` says that the contract found the opening wrong. Only what is right and demanded is
 * opened; what is not right is withdrawn, asked for or not. What a trade demands to see is opened, whatever
 * it shows.
 */
export function answerTo(excess: Excess, due: number | null, refused: boolean): Answer {
  if (!isOpen(excess)) return { do: 'nothing' }
  if (excess.state === 'forced') return { do: due === null ? 'nothing' : 'open' }
  if (due === null) return { do: 'withdraw', why: 'cannot-be-shown' }
  if (due !== excess.amount) return { do: 'withdraw', why: 'amount-differs' }
  if (refused) return { do: 'withdraw', why: 'contract-refused' }
  return excess.state === 'demanded' ? { do: 'open' } : { do: 'nothing' }
}
