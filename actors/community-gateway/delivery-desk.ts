import type { Interface } from 'ethers'
import { excessAt, METERED, resourceNumber, type Excess } from '../../protocols/rules/excess.ts'
import { triesOf } from '../call-tries.ts'
import { subjectEvents, type ExcessSubject } from '../excess-events.ts'
import type { OutboxPort } from '../outbox-port.ts'
import type { AuctionTable } from '../storage/schema.ts'
import type { Store } from '../storage/store.ts'
import { isClosed } from './closed-periods.ts'
import { loanOpening } from './excess-calls.ts'
import { judgePeriod, type JudgeOptions } from './held-readings.ts'
import { FIRST_LOAN, isWindowKnown, judgeLoan, loanOf, type LoanJudgement } from './lent-power.ts'

/** Assertions of one excess that the contract takes. */
const MOST_ROUNDS = 3
/** A call that failed for a reason that may pass is sent so many times. */
const MOST_TRIES = 3
const POWER = resourceNumber('power')

export interface DeliveryDeskOptions extends JudgeOptions {
  readonly store: Store
  readonly outbox: OutboxPort
  readonly abi: { readonly trading: Interface; readonly quota: Interface }
  readonly trading: string
  readonly quota: string
  /** The newest block; null before the chain was seen. */
  readonly head: () => number | null
  readonly onFault: (thrown: unknown) => void
}

/**
 * States what was delivered of each award, once the facts are there: that the seller kept within its quota,
 * or by how much it took of the power that it had lent. Excesses of energy and water are the excess desk's,
 * and decide about deliveries just the same. It looks at the store alone, so that a crash changes nothing,
 * and every call it makes is an intent that is done once.
 */
export interface DeliveryDesk {
  /** An award, an anchor, a reading or a demand may have come. */
  wake(): void
  idle(): Promise<void>
}

export function createDeliveryDesk(options: DeliveryDeskOptions): DeliveryDesk {
  return new Desk(options)
}

const nameOf = ({ home, period, subject }: ExcessSubject): string => `${period}:${home}:${subject}`

class Desk implements DeliveryDesk {
  readonly #options: DeliveryDeskOptions
  #running: Promise<void> = Promise.resolve()
  #waiting = false

  constructor(options: DeliveryDeskOptions) {
    this.#options = options
  }

  wake(): void {
    if (this.#waiting) return
    this.#waiting = true
    const turn = (): Promise<void> => {
      this.#waiting = false
      return this.#look()
    }
    this.#running = this.#running.then(turn).catch(this.#options.onFault)
  }

  idle(): Promise<void> {
    return this.#running
  }

  async #look(): Promise<void> {
    const { store, head: headOf } = this.#options
    const head = headOf()
    if (head === null) return
    const awards = await store.db.selectFrom('auction').selectAll().where('state', '=', 'awarded').execute()
    const seen = new Set<string>()
    for (const award of awards) {
      const { winner: home, period, resource } = award
      if (home === null) continue
      if (resource === POWER) await this.#power(award, head)
      // What a home sold of a resource in a period is all decided by the one excess.
      const subject = { home, period, subject: resource }
      if (resource === POWER || seen.has(nameOf(subject))) continue
      seen.add(nameOf(subject))
      await this.#metered(award, subject, head)
    }
  }

  async #metered(award: AuctionTable, subject: ExcessSubject, head: number): Promise<void> {
    const { db } = this.#options.store
    const { home, period } = subject
    const resource = METERED[subject.subject - 1]
    if (resource === undefined || !(await isClosed(db, { home, period }, this.#options.slotsPerBilling)))
      return
    const { isDue, round } = await this.#stand(subject, head)
    if (!isDue) return
    const due = await judgePeriod(db, home, period, this.#options)
    // What nothing shows is not stated: silence decides by what the contract knows.
    if (due[resource] === 0) await this.#assert(award, subject, { excess: 0, number: 0, round })
  }

  /** Whether a statement is due, and which one it would be. */
  async #stand(subject: ExcessSubject, head: number): Promise<{ isDue: boolean; round: number }> {
    const events = await subjectEvents(this.#options.store.db, subject)
    const round = events.filter(({ kind }) => kind === 'asserted').length + 1
    const excess = excessAt(events, head)
    const isFree = excess === null || excess.state === 'withdrawn' || excess.state === 'void'
    return { isDue: isFree && round <= MOST_ROUNDS, round }
  }

  async #assert(
    { id: auction }: AuctionTable,
    subject: ExcessSubject,
    { excess, number, round }: { excess: number; number: number; round: number },
  ): Promise<void> {
    const { abi, trading: to } = this.#options
    const data = abi.trading.encodeFunctionData('assertDelivery', [auction, excess, number])
    await this.#send(`delivery:${nameOf(subject)}:${round}:`, { kind: 'delivery', to, data })
  }

  async #send(name: string, call: { kind: string; to: string; data: string }): Promise<void> {
    const { store, outbox } = this.#options
    const { stands, count } = await triesOf(store, name)
    if (stands || count >= MOST_TRIES) return
    await store.transaction((trx) => outbox.enqueue(trx, { id: `${name}${count + 1}`, ...call }))
  }

  async #power(award: AuctionTable, head: number): Promise<void> {
    const { db } = this.#options.store
    const lent = await loanOf(db, award)
    if (lent === null || !(await isWindowKnown(db, lent))) return
    const { home, period, loan } = lent
    const subject = { home, period, subject: FIRST_LOAN + loan.place }
    const excess = excessAt(await subjectEvents(db, subject), head)
    const { isDue, round } = await this.#stand(subject, head)
    if (!isDue && excess?.state !== 'demanded') return
    const judged = await judgeLoan(db, lent, this.#options)
    if (judged === null) return
    if (isDue) await this.#assert(award, subject, { ...judged, excess: judged.excessW, round })
    else if (excess !== null) await this.#open(subject, loan.place, judged, excess)
  }

  /** Shows the slot that was stated, when the lender asks. */
  async #open(subject: ExcessSubject, place: number, judged: LoanJudgement, excess: Excess): Promise<void> {
    const { abi, quota: to } = this.#options
    if (judged.excessW !== excess.amount) return
    const data = loanOpening(abi.quota, { ...subject, place }, judged.reading)
    if (data !== null)
      await this.#send(`opening:${nameOf(subject)}:${excess.lastBlock}:`, { kind: 'opening', to, data })
  }
}
