import type { Point } from '../../protocols/crypto/group.ts'
import type { PerQuantity } from '../../protocols/crypto/points.ts'
import type { ChainRecord } from '../../protocols/messages/record.ts'
import type { DelegationTrail } from './delegation-trail.ts'
import type { LoanTrail } from './loans.ts'
import type { MarketTrail } from './market-trail.ts'

/** A record as the chain's own history tells it. */
export interface KeptRecord extends ChainRecord {
  readonly delegation: number
  /** keccak256 as the contract keeps it, 0x hexadecimal. */
  readonly digest: string
  /** Import, export, water, peak; null when one of them is not on the curve. */
  readonly points: PerQuantity<Point> | null
}

/** The last record of a billing period, kept for ever. */
export interface KeptAnchor {
  readonly period: number
  readonly record: KeptRecord
  /** The period of the record that came next; the anchor stands up to the one before it. */
  readonly nextPeriod: number
}

/** All that a home did, in order. */
export interface HomeTrail {
  readonly home: string
  admitted: boolean
  keyed: boolean
  readonly records: KeptRecord[]
  /** What follows from the readings. */
  readonly anchors: KeptAnchor[]
  /** What the contract told. */
  readonly anchorEvents: { period: number; slot: number; digest: string }[]
  readonly voided: Set<number>
}

/** The community's keys of one epoch; null where the bytes announced are no point. */
export interface EpochKeys {
  readonly operation: Point | null
  readonly delegationBase: Point | null
  /** Key id of the operation key, lower-case. */
  readonly keyId: string | null
}

/** A division of the community contract. */
export interface Revision {
  readonly contracted: Quotas
  readonly parts: Map<string, Quotas>
  readonly fromPeriod: number
  closed: boolean
}

/** Wh, W, mL. */
export type Quotas = readonly [bigint, bigint, bigint]

/** What the chain's history amounts to; nothing in it comes from a contract's answer. */
export interface Trail {
  readonly chainId: number
  /** Lower-case addresses. */
  readonly monitoring: string
  readonly slotsPerBilling: number
  community: string | null
  readonly epochs: Map<number, EpochKeys>
  readonly homes: Map<string, HomeTrail>
  readonly totals: Map<number, TotalTrail>
  readonly revisions: Map<number, Revision>
  readonly moves: { from: string; to: string; period: number; resource: number; amount: bigint }[]
  readonly loans: LoanTrail[]
  /** In the order in which they were registered. */
  readonly delegations: Map<number, DelegationTrail>
  readonly market: MarketTrail
}

/** A published total, as its event has it. */
export interface TotalTrail {
  readonly homes: readonly string[]
  readonly totals: Quotas
  readonly blindings: Quotas
}

/** The trail of a home, begun when it is first met. */
export function homeOf(trail: Trail, home: string): HomeTrail {
  const known = trail.homes.get(home)
  if (known !== undefined) return known
  const begun: HomeTrail = {
    home,
    admitted: false,
    keyed: false,
    records: [],
    anchors: [],
    anchorEvents: [],
    voided: new Set(),
  }
  trail.homes.set(home, begun)
  return begun
}

/** The billing period of a slot. */
export const periodIn = (trail: Trail, slot: number): number => Math.floor(slot / trail.slotsPerBilling)

/**
 * The anchor that stands for a period: the last one at or before it that is not void. Undefined when the home
 * has none, or has not begun a later period yet.
 */
export function standingAnchor(home: HomeTrail, period: number): KeptAnchor | undefined {
  const upTo = home.anchors.filter((anchor) => anchor.period <= period)
  const last = upTo.at(-1)
  if (last === undefined || period >= last.nextPeriod) return undefined
  return upTo.findLast((anchor) => !home.voided.has(anchor.record.slot))
}
