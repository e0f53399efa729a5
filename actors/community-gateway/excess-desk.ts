import type { Interface } from 'ethers'
import {
  answerTo,
  isOpen,
  METERED,
  resourceNumber,
  type Excess,
  type MeteredResource,
  type WhyWithdrawn,
} from '../../protocols/rules/excess.ts'
import { triesOf } from '../call-tries.ts'
import { disputable, storedExcess, type ExcessKey } from '../excess-events.ts'
import type { OutboxPort, WantedCall } from '../outbox-port.ts'
import type { JudgementTable, Trx } from '../storage/schema.ts'
import type { Store } from '../storage/store.ts'
import { closedPeriods, isClosed } from './closed-periods.ts'
import { assertionCall, differenceOpening, peakOpening, withdrawalCall } from './excess-calls.ts'
import {
  heldReading,
  judgePeriod,
  periodEnds,
  recordNumber,
  type Due,
  type JudgeOptions,
} from './held-readings.ts'

/** Assertions of one excess that the contract takes. */
const MOST_ROUNDS = 3
/** An opening that failed for a reason that may pass is sent so many times. */
const MOST_TRIES = 3
/** The contract's errors that say that an assertion cannot be opened as it stands. */
const WRONG = new Set([
  'AnchorDoesNotStand',
  'BlindingOutOfRange',
  'DoesNotOpen',
  'ExcessDiffers',
  'ReadingIsVoid',
  'RecordDiffers',
  'SlotOutsidePeriod',
])

/** An assertion that the gateway took back, and why. */
export interface Withdrawn extends ExcessKey {
  readonly why: WhyWithdrawn
}

export interface ExcessDeskOptions extends JudgeOptions {
  readonly store: Store
  readonly outbox: OutboxPort
  readonly abi: Interface
  readonly quota: string
  /** The newest block; null before the chain was seen. */
  readonly head: () => number | null
  readonly onWithdrawn: (withdrawn: Withdrawn) => void
  /** After each look: how many openings are demanded and not settled. */
  readonly onLooked: (demanded: number) => void
  readonly onFault: (thrown: unknown) => void
}

/**
 * Judges each home's period once its anchor is on the chain, asserts what is above a quota, opens what a home
 * demands to see, and takes back what turns out wrong. It looks at the store alone, so that a crash changes
 * nothing, and every call it makes is an intent that is done once.
 */
export interface ExcessDesk {
  /** An anchor, an excess or a reading may have changed. */
  wake(): void
  idle(): Promise<void>
}

export function createExcessDesk(options: ExcessDeskOptions): ExcessDesk {
  return new Desk(options)
}

const nameOf = ({ home, period, resource }: ExcessKey): string => `${period}:${home}:${resource}`

type Own = Pick<JudgementTable, 'amount' | 'slot' | 'round' | 'why'>

class Desk implements ExcessDesk {
  readonly #options: ExcessDeskOptions
  #running: Promise<void> = Promise.resolve()
  #waiting = false

  constructor(options: ExcessDeskOptions) {
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
    const { store, head: headOf, slotsPerBilling, onLooked } = this.#options
    const head = headOf()
    if (head === null) return
    for (const { home, period } of await closedPeriods(store.db, slotsPerBilling))
      await this.#judge(home, period)
    let demanded = 0
    for (const key of await disputable(store.db, head)) {
      const excess = await storedExcess(store.db, key, head)
      if (excess === null || !isOpen(excess)) continue
      if (excess.state !== 'asserted') demanded += 1
      await this.#answer(key, excess)
    }
    for (const { key, excess } of await this.#withdrawn(head)) await this.#assertAgain(key, excess)
    onLooked(demanded)
  }

  async #judge(home: string, period: number): Promise<void> {
    const { store } = this.#options
    const due = await judgePeriod(store.db, home, period, this.#options)
    const calls = await Promise.all(
      METERED.map((resource) => this.#assertion({ home, period, resource }, due, 1)),
    )
    await store.transaction(async (trx) => {
      for (const [index, resource] of METERED.entries()) {
        const slot = resource === 'power' ? due.peakSlot : null
        const row = { amount: due[resource] ?? 0, slot, round: 1, why: null }
        await trx
          .insertInto('judgement')
          .values({ home, period, resource: resourceNumber(resource), ...row })
          .onConflict((conflict) => conflict.doNothing())
          .execute()
        await this.#enqueue(trx, calls[index] ?? null)
      }
    })
  }

  /** The call that asserts what is due; null when nothing is. */
  async #assertion(key: ExcessKey, due: Due, round: number): Promise<WantedCall | null> {
    const { store, abi, quota } = this.#options
    const amount = due[key.resource] ?? 0
    if (amount === 0) return null
    const slot = key.resource === 'power' ? due.peakSlot : null
    const record = slot === null ? 0 : await recordNumber(store.db, key.home, slot)
    const data = assertionCall(abi, key, amount, record)
    return { id: `excess:${nameOf(key)}:${round}`, kind: 'excess', to: quota, data }
  }

  async #enqueue(trx: Trx, call: WantedCall | null): Promise<void> {
    if (call !== null) await this.#options.outbox.enqueue(trx, call)
  }

  #own({ home, period, resource }: ExcessKey): Promise<Own | undefined> {
    return this.#options.store.db
      .selectFrom('judgement')
      .select(['amount', 'slot', 'round', 'why'])
      .where('home', '=', home)
      .where('period', '=', period)
      .where('resource', '=', resourceNumber(resource))
      .executeTakeFirst()
  }

  async #answer(key: ExcessKey, excess: Excess): Promise<void> {
    const own = await this.#own(key)
    // A gateway that still reads the chain or opens readings, after a fork too, knows nothing yet.
    if (own === undefined || !(await isClosed(this.#options.store.db, key, this.#options.slotsPerBilling)))
      return
    const opening = await triesOf(this.#options.store, `opening:${nameOf(key)}:${own.round}:`)
    const due = await judgePeriod(this.#options.store.db, key.home, key.period, this.#options, own.slot)
    const refused = opening.failed && WRONG.has(opening.error ?? '')
    const answer = answerTo(excess, due[key.resource], refused)
    if (answer.do === 'withdraw') return this.#withdraw(key, own, answer.why)
    if (answer.do === 'nothing' || opening.stands || opening.count >= MOST_TRIES) return
    const data = await this.#opening(key, due)
    if (data === null && excess.state === 'forced') return
    if (data === null) return this.#withdraw(key, own, 'cannot-be-shown')
    const id = `opening:${nameOf(key)}:${own.round}:${opening.count + 1}`
    await this.#options.store.transaction((trx) =>
      this.#enqueue(trx, { id, kind: 'opening', to: this.#options.quota, data }),
    )
  }

  async #opening(key: ExcessKey, { peakSlot }: Due): Promise<string | null> {
    const { store, abi } = this.#options
    if (key.resource === 'power') {
      const peak = peakSlot === null ? null : await heldReading(store.db, key.home, peakSlot)
      return peak === null ? null : peakOpening(abi, key, peak)
    }
    const ends = await periodEnds(store.db, key.home, key.period)
    return ends === null ? null : differenceOpening(abi, key, ends)
  }

  async #withdraw(key: ExcessKey, own: Own, why: WhyWithdrawn): Promise<void> {
    const { store, abi, quota, onWithdrawn } = this.#options
    const before = await triesOf(store, `withdrawal:${nameOf(key)}:${own.round}:`)
    if (before.stands || before.count >= MOST_TRIES) return
    const id = `withdrawal:${nameOf(key)}:${own.round}:${before.count + 1}`
    await store.transaction(async (trx) => {
      await trx
        .updateTable('judgement')
        .set({ why })
        .where('home', '=', key.home)
        .where('period', '=', key.period)
        .where('resource', '=', resourceNumber(key.resource))
        .execute()
      await this.#enqueue(trx, { id, kind: 'withdrawal', to: quota, data: withdrawalCall(abi, key) })
      store.afterCommit(trx, () => onWithdrawn({ ...key, why }))
    })
  }

  /** Excesses whose assertion was taken back, by the chain's own word. */
  async #withdrawn(head: number): Promise<{ key: ExcessKey; excess: Excess }[]> {
    const { db } = this.#options.store
    const rows = await db
      .selectFrom('judgement')
      .select(['home', 'period', 'resource'])
      .where('why', 'is not', null)
      .where('round', '<', MOST_ROUNDS)
      .execute()
    const found: { key: ExcessKey; excess: Excess }[] = []
    for (const { home, period, resource } of rows) {
      const name: MeteredResource | undefined = METERED[resource - 1]
      if (name === undefined) continue
      const key = { home, period, resource: name }
      const excess = await storedExcess(db, key, head)
      if (excess?.state === 'withdrawn') found.push({ key, excess })
    }
    return found
  }

  /** What is due by now is asserted anew when it is not what was taken back. */
  async #assertAgain(key: ExcessKey, before: Excess): Promise<void> {
    const { store } = this.#options
    const own = await this.#own(key)
    const due = await judgePeriod(store.db, key.home, key.period, this.#options)
    const amount = due[key.resource] ?? 0
    if (own === undefined || amount === 0 || amount === before.amount) return
    const round = own.round + 1
    const call = await this.#assertion(key, due, round)
    const slot = key.resource === 'power' ? due.peakSlot : null
    await store.transaction(async (trx) => {
      await trx
        .updateTable('judgement')
        .set({ amount, slot, round, why: null })
        .where('home', '=', key.home)
        .where('period', '=', key.period)
        .where('resource', '=', resourceNumber(key.resource))
        .execute()
      await this.#enqueue(trx, call)
    })
  }
}
