import { keyIdOf } from '../crypto.ts'
import { Table } from '../ledger.ts'
import type { Word } from '../transport.ts'
import type { CommunityGateway } from './community.ts'
import type { HeardFact } from './gateway.ts'

interface Given {
  readonly id: number
  readonly delegatee: string
}

interface Watched {
  readonly id: number
  readonly delegator: string
  readonly delegatee: string
  readonly fromSlot: number
  readonly untilSlot: number
}

/** The community's part in delegations: it gives numbers and keys, and witnesses which slots were watched. */
export class WitnessDesk {
  readonly #community: CommunityGateway
  readonly #numbers: Table<string, Given>
  readonly #watched: Table<number, Watched>
  /** Slots that each delegatee acknowledged. */
  readonly #acknowledged: Table<number, number>

  constructor(community: CommunityGateway) {
    this.#community = community
    this.#numbers = new Table(community.store.ledger)
    this.#acknowledged = new Table(community.store.ledger)
    this.#watched = new Table(community.heard.ledger)
  }

  async hear(from: string, word: Word): Promise<Word> {
    if (word.kind === 'number') return this.#number(from, word)
    if (word.kind === 'witness') return this.#witness(from, word.delegation)
    return { kind: 'not-yet' }
  }

  apply(facts: readonly HeardFact[]): void {
    for (const { told } of facts) {
      if (told.name === 'DelegationRegistered') {
        const { id, delegator, delegatee, fromSlot, untilSlot } = told
        this.#watched.set(id, { id, delegator, delegatee, fromSlot, untilSlot })
      } else if (told.name === 'DelegationEnded') {
        const kept = this.#watched.get(told.id)
        if (kept !== undefined) this.#watched.set(told.id, { ...kept, untilSlot: told.untilSlot })
      }
    }
  }

  looked(): void {
    return undefined
  }

  async #number(from: string, { negotiation, delegatee }: Word & { kind: 'number' }): Promise<Word> {
    if (from !== delegatee) return { kind: 'not-yet' }
    const { store, life } = this.#community
    const id = await store.transaction(life, () => {
      const known = this.#numbers.get(negotiation)
      if (known !== undefined) return known.id
      const next = 1 + this.#numbers.size
      this.#numbers.set(negotiation, { id: next, delegatee })
      return next
    })
    return { kind: 'number-given', id, epoch: 0, keyId: watchKeyOf(id) }
  }

  /** Every slot that the delegation lasted counts, once its delegatee says that it watched to the end. */
  async #witness(from: string, delegation: number): Promise<Word> {
    const kept = this.#watched.get(delegation)
    const { time, times } = this.#community.world
    const over = kept !== undefined && time.nowMs() >= kept.untilSlot * times.sampleMs
    if (kept === undefined || kept.delegatee !== from || !over) return { kind: 'not-yet' }
    const { store, life } = this.#community
    const lasted = kept.untilSlot - kept.fromSlot
    const count = await store.transaction(life, () => {
      const known = this.#acknowledged.get(delegation)
      if (known === undefined) this.#acknowledged.set(delegation, lasted)
      return known ?? lasted
    })
    return { kind: 'witness-given', count }
  }
}

/** The key of a delegation: what the delegatee and the community open its readings with. */
export const watchKeyOf = (delegation: number): string => keyIdOf(`delegation:${delegation}:0`)
