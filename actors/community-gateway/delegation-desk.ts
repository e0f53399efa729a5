import { getBytes, type Interface } from 'ethers'
import {
  signRegistration,
  type RegistrationDomain,
  type TypedDataSigner,
} from '../../protocols/crypto/registration.ts'
import type { DeskReply, DeskRequest } from '../../protocols/messages/delegation-desk.ts'
import { watchedTyped } from '../../protocols/messages/delegation-terms.ts'
import type { Clock } from '../../protocols/rules/clock.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import { triesOf } from '../call-tries.ts'
import type { OutboxPort } from '../outbox-port.ts'
import type { DelegationTable, Trx } from '../storage/schema.ts'
import type { Store } from '../storage/store.ts'
import { giveNumber } from './delegation-numbers.ts'
import { takeAcknowledgement, watchedOf, type Verdict } from './watched-slots.ts'

export interface DelegationDeskOptions {
  readonly store: Store
  readonly clock: Clock
  readonly outbox: OutboxPort
  readonly abi: Interface
  /** The community's account, which witnesses what was watched. */
  readonly signer: TypedDataSigner
  readonly domain: RegistrationDomain
  /** The slot of the newest block; null before the chain was seen. */
  readonly currentSlot: () => number | null
  /** Slots that an acknowledgement may be late, as the contract lets readings be. */
  readonly graceSlots: () => Promise<number>
}

/** What the community gateway does for the delegatee of a delegation. */
export interface DelegationDesk {
  /**
   * Throws `chain-away`, `delegation-unknown`, `not-the-delegatee`, `delegation-not-over`, and what
   * `giveNumber` throws.
   */
  answer(request: DeskRequest, account: string): Promise<DeskReply>
  /**
   * Ends a delegation by the community's own word, from the slot after the block that holds it; asked again
   * while that is on its way it changes nothing. Throws `delegation-unknown`, `delegation-over`.
   */
  end(delegation: number): Promise<void>
}

type Asked<Kind extends DeskRequest['kind']> = Extract<DeskRequest, { kind: Kind }>

export function createDelegationDesk(options: DelegationDeskOptions): DelegationDesk {
  const desk = new Desk(options)
  return {
    answer: (request, account) => desk.answer(request, account.toLowerCase()),
    end: (delegation) => desk.end(delegation),
  }
}

class Desk implements DelegationDesk {
  readonly #options: DelegationDeskOptions

  constructor(options: DelegationDeskOptions) {
    this.#options = options
  }

  async answer(request: DeskRequest, account: string): Promise<DeskReply> {
    switch (request.kind) {
      case 'number':
        return this.#number(request, account)
      case 'acknowledge':
        return this.#acknowledge(request, account)
      case 'witness':
        return this.#witness(request, account)
    }
  }

  async end(delegation: number): Promise<void> {
    const { store, outbox, abi, domain } = this.#options
    const currentSlot = this.#currentSlot()
    const name = `end-delegation:${delegation}:`
    const tries = await triesOf(store, name)
    const data = abi.encodeFunctionData('endDelegation', [delegation])
    await store.transaction(async (trx) => {
      const { until_slot: untilSlot } = await known(trx, delegation)
      if (currentSlot + 1 >= untilSlot) {
        const message = `delegation ${delegation} is over: it lasts until slot ${untilSlot}`
        throw new Fault('delegation-over', message, { delegation, untilSlot })
      }
      if (tries.stands) return
      const call = { id: `${name}${tries.count}`, kind: 'end-delegation', to: domain.monitoring, data }
      await outbox.enqueue(trx, call)
    })
  }

  async #number(request: Asked<'number'>, account: string): Promise<DeskReply> {
    const { store, clock } = this.#options
    const id = await store.transaction((trx) => giveNumber(trx, request, account, clock.nowMs()))
    return { kind: 'number', id }
  }

  async #acknowledge({ delegation, slots }: Asked<'acknowledge'>, account: string): Promise<DeskReply> {
    const { store, clock } = this.#options
    const currentSlot = this.#currentSlot()
    const graceSlots = await this.#options.graceSlots()
    return store.transaction(async (trx) => {
      const window = await ownWindow(trx, delegation, account)
      const verdicts: { slot: number; verdict: Verdict }[] = []
      for (const given of slots) {
        const times = { currentSlot, graceSlots, nowMs: clock.nowMs() }
        verdicts.push({ slot: given.slot, verdict: await takeAcknowledgement(trx, window, given, times) })
      }
      const slotsOf = (wanted: Verdict): number[] =>
        verdicts.filter(({ verdict }) => verdict === wanted).map(({ slot }) => slot)
      const { count } = await watchedOf(trx, window)
      return { kind: 'acknowledged', count, taken: slotsOf('taken'), refused: slotsOf('refused') }
    })
  }

  async #witness({ delegation }: Asked<'witness'>, account: string): Promise<DeskReply> {
    const { store, signer, domain } = this.#options
    const currentSlot = this.#currentSlot()
    const watched = await store.transaction(async (trx) => {
      const window = await ownWindow(trx, delegation, account)
      if (currentSlot >= window.until_slot) return watchedOf(trx, window)
      const message = `delegation ${delegation}: it lasts until slot ${window.until_slot}`
      throw new Fault('delegation-not-over', message, { delegation, untilSlot: window.until_slot })
    })
    const signature = await signRegistration(signer, domain, watchedTyped(watched))
    return {
      kind: 'witness',
      count: watched.count,
      root: getBytes(watched.root),
      signature: getBytes(signature),
    }
  }

  #currentSlot(): number {
    const slot = this.#options.currentSlot()
    if (slot !== null) return slot
    throw new Fault('chain-away', 'delegation: the community gateway has not seen the chain yet')
  }
}

/** A delegation on the chain. */
async function known(trx: Trx, delegation: number): Promise<DelegationTable> {
  const row = await trx.selectFrom('delegation').selectAll().where('id', '=', delegation).executeTakeFirst()
  if (row !== undefined) return row
  throw new Fault('delegation-unknown', `delegation ${delegation} is not on the chain`, { delegation })
}

/** A delegation on the chain whose delegatee asks. */
async function ownWindow(trx: Trx, delegation: number, account: string): Promise<DelegationTable> {
  const row = await known(trx, delegation)
  if (row.delegatee === account) return row
  throw new Fault('not-the-delegatee', `delegation ${delegation} has another delegatee`, { delegation })
}
