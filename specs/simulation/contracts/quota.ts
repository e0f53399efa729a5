import type { Ledger } from '../ledger.ts'
import { Cell, Table } from '../ledger.ts'
import { type Caller, Refused } from './call.ts'
import type { Monitoring } from './monitoring.ts'

const MOST_ROUNDS = 3

interface Revision {
  readonly fromPeriod: number
  readonly contracted: readonly number[]
  readonly allocated: readonly number[]
  readonly closed: boolean
}

interface Exchanged {
  readonly bought: number
  readonly sold: number
  readonly locked: number
}

export type ExcessStatus = 'none' | 'asserted' | 'demanded' | 'opened' | 'final' | 'void' | 'unproved'

interface Excess {
  readonly amount: number
  readonly lastBlock: number
  readonly status: ExcessStatus
  readonly round: number
  readonly byMarket: boolean
}

/** A lot as the market hands it over. */
export interface Lot {
  readonly resource: number
  readonly period: number
  readonly amount: number
}

const NOTHING: Exchanged = { bought: 0, sold: 0, locked: 0 }
const NO_EXCESS: Excess = { amount: 0, lastBlock: 0, status: 'none', round: 0, byMarket: false }
const NO_PART = [0, 0, 0] as const

/** The quota contract: the division among the homes, what they exchanged, and what they used too much. */
export class Quota {
  readonly #monitoring: Monitoring
  readonly #windowBlocks: number
  readonly #revisions: Table<number, Revision>
  readonly #parts: Table<string, readonly number[]>
  readonly #exchanged: Table<string, Exchanged>
  readonly #excess: Table<string, Excess>
  readonly revisions: Cell<number>
  readonly #closed: Cell<readonly number[]>
  readonly #firstFree: Cell<number>

  constructor(ledger: Ledger, monitoring: Monitoring, windowBlocks: number) {
    this.#monitoring = monitoring
    this.#windowBlocks = windowBlocks
    this.#revisions = new Table(ledger)
    this.#parts = new Table(ledger)
    this.#exchanged = new Table(ledger)
    this.#excess = new Table(ledger)
    this.revisions = new Cell(ledger, 0)
    this.#closed = new Cell<readonly number[]>(ledger, [])
    this.#firstFree = new Cell(ledger, 0)
  }

  // ---- The division

  setContract(by: Caller, fromPeriod: number, contracted: readonly number[]): void {
    this.#monitoring.requireManager(by)
    this.#requireOpenPeriod(by, fromPeriod)
    const revision = this.revisions.get() + 1
    this.revisions.set(revision)
    this.#revisions.set(revision, { fromPeriod, contracted, allocated: NO_PART, closed: false })
    const [energyWh = 0, powerW = 0, waterMl = 0] = contracted
    by.tell('quota', { name: 'CommunityContractSet', revision, fromPeriod, energyWh, powerW, waterMl })
  }

  allocate(
    by: Caller,
    revision: number,
    homes: readonly string[],
    parts: readonly (readonly number[])[],
  ): void {
    this.#monitoring.requireManager(by)
    this.#open(revision)
    const wrong = parts.find((each) => each.length !== homes.length)
    if (wrong !== undefined) throw new Refused('quota', 'LengthsDiffer', [homes.length, wrong.length])
    homes.forEach((home, index) =>
      this.#give(
        by,
        revision,
        home,
        parts.map((each) => each[index] ?? 0),
      ),
    )
  }

  close(by: Caller, revision: number): void {
    this.#monitoring.requireManager(by)
    const open = this.#open(revision)
    this.#requireOpenPeriod(by, open.fromPeriod)
    open.allocated.forEach((sum, index) => {
      const contracted = open.contracted[index] ?? 0
      if (sum !== contracted) throw new Refused('quota', 'SumsDiffer', [index + 1, sum, contracted])
    })
    this.#revisions.set(revision, { ...open, closed: true })
    this.#closed.set([...this.#closed.get(), revision])
    by.tell('quota', { name: 'AllocationClosed', revision })
  }

  revisionAt(period: number): number {
    return this.#closed.get().findLast((each) => (this.#revisions.get(each)?.fromPeriod ?? 0) <= period) ?? 0
  }

  contractAt(period: number): readonly number[] {
    return this.#revisions.get(this.revisionAt(period))?.contracted ?? NO_PART
  }

  partOf(home: string, period: number, resource: number): number {
    return this.#parts.get(`${this.revisionAt(period)}:${home}`)?.[resource - 1] ?? 0
  }

  quotaOf(home: string, period: number, resource: number): number {
    const { bought, sold } = this.exchangedOf(home, period, resource)
    return this.partOf(home, period, resource) + bought - sold
  }

  freeOf(home: string, period: number, resource: number): number {
    return this.quotaOf(home, period, resource) - this.exchangedOf(home, period, resource).locked
  }

  exchangedOf(home: string, period: number, resource: number): Exchanged {
    return this.#exchanged.get(`${home}:${period}:${resource}`) ?? NOTHING
  }

  // ---- The market's own calls

  admitOffer(by: Caller, buyer: string, lot: Lot): number {
    const current = this.#monitoring.currentPeriod(by)
    if (lot.period !== current && lot.period !== current + 1) {
      throw new Refused('quota', 'PeriodNotOpen', [lot.period, current])
    }
    if (lot.period >= this.#firstFree.get()) this.#firstFree.set(lot.period + 1)
    return this.partOf(buyer, lot.period, lot.resource)
  }

  lock(by: Caller, seller: string, { resource, period, amount }: Lot): number {
    const free = this.freeOf(seller, period, resource)
    if (free < amount) throw new Refused('quota', 'QuotaTooSmall', [seller, resource, free, amount])
    this.#change(seller, period, resource, { locked: amount })
    by.tell('quota', { name: 'QuotaLocked', home: seller, period, resource, amount })
    return this.partOf(seller, period, resource)
  }

  release(by: Caller, seller: string, { resource, period, amount }: Lot): void {
    this.#change(seller, period, resource, { locked: -amount })
    by.tell('quota', { name: 'QuotaReleased', home: seller, period, resource, amount })
  }

  /** Moves what was locked; gives what the seller has sold up to and with it. */
  move(by: Caller, seller: string, buyer: string, { resource, period, amount }: Lot): number {
    this.#change(seller, period, resource, { locked: -amount, sold: amount })
    this.#change(buyer, period, resource, { bought: amount })
    by.tell('quota', { name: 'QuotaMoved', seller, buyer, period, resource, amount })
    return this.exchangedOf(seller, period, resource).sold
  }

  // ---- Excesses

  excessOf(home: string, period: number, subject: number, height: number): Excess {
    const kept = this.#excess.get(`${home}:${period}:${subject}`) ?? NO_EXCESS
    return { ...kept, status: statusOf(kept, height) }
  }

  metered(home: string, period: number): boolean {
    const anchor = this.#monitoring.anchorOf(home, period)
    return (
      anchor !== undefined && Math.floor(anchor.slot / this.#monitoring.settings.slotsPerBilling) === period
    )
  }

  assertForMarket(by: Caller, home: string, period: number, subject: number, amount: number): void {
    this.#requireMetered(home, period)
    if (this.revisionAt(period) === 0) throw new Refused('quota', 'NoQuota', [period])
    const before = this.excessOf(home, period, subject, by.height)
    if (before.status !== 'none' && before.status !== 'void') throw wrongStatus(before.status, 'none')
    if (before.round === MOST_ROUNDS) throw new Refused('quota', 'TooManyRounds', [home, period, subject])
    const lastBlock = by.height + this.#windowBlocks
    const round = before.round + 1
    this.#keep(home, period, subject, { amount, lastBlock, status: 'asserted', round, byMarket: false })
    by.tell('quota', { name: 'ExcessAsserted', home, period, subject, amount })
  }

  demandForMarket(by: Caller, home: string, period: number, subject: number): void {
    this.#requireMetered(home, period)
    const before = this.excessOf(home, period, subject, by.height)
    const undecided = before.status === 'none' || before.status === 'void' || before.status === 'asserted'
    if (!undecided && (before.status !== 'demanded' || before.byMarket)) {
      throw wrongStatus(before.status, 'asserted')
    }
    const amount = before.status === 'void' ? 0 : before.amount
    this.#demand(by, home, period, subject, { ...before, amount, byMarket: true })
  }

  demandForHome(by: Caller, home: string, period: number, subject: number): void {
    const kept = this.#excess.get(`${home}:${period}:${subject}`) ?? NO_EXCESS
    if (kept.status === 'asserted' && by.height > kept.lastBlock) {
      throw new Refused('quota', 'WindowOver', [kept.lastBlock])
    }
    if (statusOf(kept, by.height) !== 'asserted') throw wrongStatus(statusOf(kept, by.height), 'asserted')
    this.#demand(by, home, period, subject, kept)
  }

  /** The opening of a commitment, which in the simulation shows its number itself. */
  open(by: Caller, home: string, period: number, resource: number, value: number): void {
    if (by.sender !== home) this.#monitoring.requireManager(by)
    const kept = this.#excess.get(`${home}:${period}:${resource}`) ?? NO_EXCESS
    if (kept.status === 'demanded' && by.height > kept.lastBlock) {
      throw new Refused('quota', 'WindowOver', [kept.lastBlock])
    }
    if (statusOf(kept, by.height) !== 'demanded') throw wrongStatus(statusOf(kept, by.height), 'demanded')
    const [start, end] = [period - 1, period].map((each) => this.#monitoring.anchorOf(home, each))
    const place = resource === 1 ? 0 : 2
    const used = (end?.values[place] ?? 0) - (start?.values[place] ?? 0)
    if (start === undefined || end === undefined || used !== value) throw new Refused('quota', 'DoesNotOpen')
    const shown = Math.max(0, value - this.quotaOf(home, period, resource))
    if (!kept.byMarket && shown !== kept.amount) {
      throw new Refused('quota', 'ExcessDiffers', [kept.amount, shown])
    }
    this.#keep(home, period, resource, { ...kept, amount: shown, status: 'opened' })
    by.tell('quota', { name: 'ExcessOpened', home, period, subject: resource, amount: shown })
  }

  // ---- Steps

  #demand(by: Caller, home: string, period: number, subject: number, before: Excess): void {
    const lastBlock = by.height + this.#windowBlocks
    this.#keep(home, period, subject, { ...before, status: 'demanded', lastBlock })
    by.tell('quota', { name: 'OpeningDemanded', home, period, subject, amount: before.amount })
  }

  #keep(home: string, period: number, subject: number, excess: Excess): void {
    this.#excess.set(`${home}:${period}:${subject}`, excess)
  }

  #requireMetered(home: string, period: number): void {
    if (!this.metered(home, period)) throw new Refused('quota', 'PeriodNotClosed', [home, period])
  }

  #change(home: string, period: number, resource: number, by: Partial<Exchanged>): void {
    const { bought, sold, locked } = this.exchangedOf(home, period, resource)
    this.#exchanged.set(`${home}:${period}:${resource}`, {
      bought: bought + (by.bought ?? 0),
      sold: sold + (by.sold ?? 0),
      locked: locked + (by.locked ?? 0),
    })
  }

  #open(revision: number): Revision {
    const open = this.#revisions.get(revision)
    const newest = this.revisions.get()
    if (open === undefined || revision !== newest || open.closed) {
      throw new Refused('quota', 'RevisionNotOpen', [revision, newest])
    }
    return open
  }

  #give(by: Caller, revision: number, home: string, part: readonly number[]): void {
    const key = `${revision}:${home}`
    if (this.#parts.has(key)) throw new Refused('quota', 'AlreadyAllocated', [revision, home])
    this.#parts.set(key, part)
    const open = this.#open(revision)
    const allocated = open.allocated.map((sum, index) => sum + (part[index] ?? 0))
    allocated.forEach((sum, index) => {
      const contracted = open.contracted[index] ?? 0
      if (sum > contracted) throw new Refused('quota', 'SumsDiffer', [index + 1, sum, contracted])
    })
    this.#revisions.set(revision, { ...open, allocated })
    const [energyWh = 0, powerW = 0, waterMl = 0] = part
    by.tell('quota', { name: 'QuotaAllocated', revision, home, energyWh, powerW, waterMl })
  }

  #requireOpenPeriod(by: Caller, period: number): void {
    const last = this.#closed.get().at(-1)
    const closed = last === undefined ? 0 : (this.#revisions.get(last)?.fromPeriod ?? 0)
    const earliest = Math.max(this.#monitoring.currentPeriod(by), this.#firstFree.get(), closed)
    if (period < earliest) throw new Refused('quota', 'PeriodTooEarly', [period, earliest])
  }
}

function statusOf({ status, lastBlock, byMarket }: Excess, height: number): ExcessStatus {
  if (height <= lastBlock) return status
  if (status === 'asserted') return 'final'
  if (status === 'demanded') return byMarket ? 'unproved' : 'void'
  return status
}

const wrongStatus = (is: ExcessStatus, expected: ExcessStatus): Refused =>
  new Refused('quota', 'WrongStatus', [is, expected])
