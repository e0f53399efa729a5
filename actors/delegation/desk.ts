import { hexlify } from 'ethers'
import PQueue from 'p-queue'
import type { DelegationMessage } from '../../protocols/messages/delegation.ts'
import { delegationTyped } from '../../protocols/messages/delegation-terms.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import type { CareDesk } from '../caring/desk.ts'
import type { DelegationTable, OwnDelegationTable } from '../storage/schema.ts'
import { DelegationHearing, delegationSignals, refusedCalls, type ChainMoment } from './hearing.ts'
import { startDelegation, type Beginning, type DelegationActor } from './live.ts'
import type { DelegationContext, DelegationEvent, OfferedTerms } from './machine.ts'
import { keepState, OVER, ownDelegation, ownDelegations, registeredAs } from './own-delegations.ts'
import type { DelegationPorts, OwnDelegation } from './ports.ts'
import { agreedTerms } from './words.ts'

/** Delegations that are over and still shown. */
const SHOWN_MOST = 40
/** Negotiations that one neighbour may keep open here. */
const OPEN_WITH_ONE_MOST = 4

export interface DelegationDeskOptions extends DelegationPorts {
  /** The watch over the homes that this one cares for. */
  readonly care: CareDesk
  /** Looks at once whether the chain has something new. */
  readonly look: () => void
  /** Something changed that a page shows. */
  readonly onChange: () => void
}

/** A delegation of this home as it stands. */
export interface DelegationStand {
  readonly own: OwnDelegationTable
  readonly state: ReturnType<DelegationActor['snapshot']>
}

/** All delegations of a home, in both roles. */
export interface HomeDelegationDesk {
  /** A block, after its facts were applied. */
  block(head: ChainMoment): void
  /** A word of another home; throws what that one is told. */
  take(message: DelegationMessage): Promise<void>
  /** Proposes under a name that no other proposal has; asked twice, it is done once. */
  propose(own: OwnDelegation, beginning: Beginning): Promise<void>
  /** What a person wants. Throws `delegation-unknown`, `not-now`. */
  person(negotiation: string, event: DelegationEvent): Promise<void>
  stands(): readonly DelegationStand[]
  /** Resolves when everything heard so far is done. */
  idle(): Promise<void>
  stop(): Promise<void>
}

/** Opens the desk: every delegation goes on where it stopped. */
export async function openDelegationDesk(options: DelegationDeskOptions): Promise<HomeDelegationDesk> {
  const desk = new Desk(options)
  await desk.open()
  return desk
}

/** The machine's state in one word, as lists have it. */
export function stateName({ value }: { readonly value: unknown }): string {
  return typeof value === 'object' && value !== null ? (Object.keys(value)[0] ?? '') : String(value)
}

const termsOf = ({ offer }: Extract<DelegationMessage, { kind: 'propose' | 'counter' }>): OfferedTerms => ({
  ...offer,
})

class Desk implements HomeDelegationDesk {
  readonly #options: DelegationDeskOptions
  readonly #actors = new Map<string, DelegationActor>()
  readonly #rows = new Map<string, OwnDelegationTable>()
  /** Those of which nothing is left to follow. */
  readonly #done = new Set<string>()
  readonly #hearing = new DelegationHearing()
  readonly #works = new PQueue({ concurrency: 1 })
  readonly #closing = new AbortController()
  #head: ChainMoment | null = null
  #looking = false

  constructor(options: DelegationDeskOptions) {
    this.#options = options
  }

  async open(): Promise<void> {
    for (const own of await ownDelegations(this.#options.store, SHOWN_MOST)) await this.#take(own)
  }

  block(head: ChainMoment): void {
    this.#head = head
    if (this.#looking) return
    this.#looking = true
    const look = async (): Promise<void> => {
      this.#looking = false
      await this.#look()
    }
    this.#works.add(look).catch((thrown: unknown) => this.#options.onFault(thrown, 'delegations'))
  }

  idle(): Promise<void> {
    return this.#works.onIdle()
  }

  async stop(): Promise<void> {
    this.#closing.abort()
    await this.#works.onIdle()
    await Promise.all([...this.#actors.values()].map((actor) => actor.stop()))
    await this.#options.care.stop()
  }

  stands(): readonly DelegationStand[] {
    return [...this.#actors].flatMap(([negotiation, actor]) => {
      const own = this.#rows.get(negotiation)
      return own === undefined ? [] : [{ own, state: actor.snapshot() }]
    })
  }

  propose(own: OwnDelegation, beginning: Beginning): Promise<void> {
    return this.#works.add(() => this.#begin(own, beginning))
  }

  async person(negotiation: string, event: DelegationEvent): Promise<void> {
    const actor = this.#actors.get(negotiation)
    if (actor === undefined) {
      throw new Fault('delegation-unknown', 'There is no such delegation.', {
        field: 'negotiation',
        fix: 'Reload the page.',
      })
    }
    if (!actor.snapshot().can(event)) {
      throw new Fault('not-now', 'That cannot be done with this delegation any more, or not yet.', {
        field: 'negotiation',
        fix: 'Reload the page.',
      })
    }
    await actor.send(event)
  }

  async take(message: DelegationMessage): Promise<void> {
    const negotiation = hexlify(message.negotiation).slice(2)
    const sender = message.sender.toLowerCase()
    if (message.kind === 'propose') {
      await this.#works.add(() => this.#proposed(negotiation, sender, message))
      return
    }
    const actor = this.#actors.get(negotiation)
    if (actor === undefined) {
      throw new Fault('negotiation-unknown', 'delegation: there is no such negotiation here', { negotiation })
    }
    const { context } = actor.snapshot()
    if (context.peer !== sender) {
      throw new Fault('not-a-party', 'delegation: the negotiation is with another home', { negotiation })
    }
    if (message.kind === 'end') this.#options.look()
    else await actor.send(this.#eventOf(message, context))
  }

  #eventOf(
    message: Exclude<DelegationMessage, { kind: 'propose' | 'end' }>,
    context: DelegationContext,
  ): DelegationEvent {
    const { round } = message
    switch (message.kind) {
      case 'counter':
        return {
          type: 'PEER_OFFERED',
          round,
          terms: termsOf(message),
          answerByMs: message.expiresMs,
        }
      case 'agree':
        return { type: 'PEER_AGREED', round }
      case 'decline':
        return { type: 'PEER_DECLINED', because: message.reason }
      case 'consent':
        return { type: 'PEER_CONSENTED', round, consent: this.#checked(message, context) }
    }
  }

  /** Consent that counts: signed by the neighbour, for these very terms. Throws `bad-signature`. */
  #checked(message: Extract<DelegationMessage, { kind: 'consent' }>, context: DelegationContext) {
    const { account, requireSignature } = this.#options
    const { id, key } = message
    const signature = hexlify(message.signature)
    if (message.round === context.round) {
      requireSignature(delegationTyped(agreedTerms(account, context, id)), signature, context.peer)
    }
    return {
      id,
      signature,
      epoch: key.epoch,
      key: hexlify(key.key33),
      keySignature: hexlify(key.signature),
      proof: hexlify(key.proof),
    }
  }

  async #proposed(
    negotiation: string,
    sender: string,
    message: Extract<DelegationMessage, { kind: 'propose' }>,
  ): Promise<void> {
    const known = await ownDelegation(this.#options.store, negotiation)
    if (known !== undefined && (known.peer !== sender || known.role !== 'delegatee')) {
      throw new Fault('not-a-party', 'delegation: the negotiation is with another home', { negotiation })
    }
    if (known !== undefined) return
    const { untilSlot } = message.offer
    if (this.#head !== null && untilSlot <= this.#head.slot) {
      throw new Fault('window-out-of-range', 'The time that you propose is over already.', { untilSlot })
    }
    const open = this.stands().filter(({ own, state }) => own.peer === sender && state.status === 'active')
    if (open.length >= OPEN_WITH_ONE_MOST) {
      throw new Fault('delegation-busy', 'There are other proposals of yours to answer first.', {})
    }
    const own = { negotiation, role: 'delegatee', peer: sender } as const
    await this.#begin(own, { terms: termsOf(message), answerByMs: message.expiresMs })
  }

  async #begin(own: OwnDelegation, beginning: Beginning): Promise<void> {
    if (this.#actors.has(own.negotiation)) return
    await this.#start(own, beginning)
  }

  async #take(row: OwnDelegationTable): Promise<void> {
    const { negotiation, role, peer } = row
    await this.#start({ negotiation, role, peer })
  }

  async #start(own: OwnDelegation, beginning?: Beginning): Promise<void> {
    const { negotiation } = own
    const { onFault } = this.#options
    const actor = await startDelegation(this.#options, own, this.#closing.signal, beginning)
    this.#actors.set(negotiation, actor)
    const keep = (): void => {
      this.#keep(negotiation, actor).catch((thrown: unknown) => onFault(thrown, `delegation ${negotiation}`))
    }
    actor.subscribe(keep)
    await this.#keep(negotiation, actor)
  }

  async #keep(negotiation: string, actor: DelegationActor): Promise<void> {
    const { store, clock, onChange } = this.#options
    const state = stateName(actor.snapshot())
    const before = await ownDelegation(store, negotiation)
    if (before === undefined) return
    if (before.state !== state) {
      const overAtMs = OVER.includes(state) ? clock.nowMs() : null
      await keepState(store, negotiation, state, overAtMs)
      if (this.#head !== null) this.block(this.#head)
    }
    this.#rows.set(negotiation, { ...before, state })
    onChange()
  }

  async #look(): Promise<void> {
    const head = this.#head
    if (head === null || this.#closing.signal.aborted) return
    for (const [negotiation, actor] of this.#actors) {
      // What is wrong with one delegation holds up no other.
      await this.#follow(negotiation, actor, head).catch((thrown: unknown) =>
        this.#options.onFault(thrown, `delegation ${negotiation}`),
      )
    }
  }

  async #follow(negotiation: string, actor: DelegationActor, head: ChainMoment): Promise<void> {
    const { store, claimMs, sampleMs } = this.#options
    if (this.#done.has(negotiation)) return
    const own = await ownDelegation(store, negotiation)
    if (own === undefined) return
    this.#rows.set(negotiation, own)
    const row = await registeredAs(store, own.delegation)
    const isWatched = own.role === 'delegator' || row === null || (await this.#care(actor, row, head))
    if (actor.snapshot().status !== 'active') {
      this.#done.add(negotiation)
      return
    }
    const { terms } = actor.snapshot().context
    const claimSlots = Math.ceil(claimMs / sampleMs)
    const sight = { row, head, agreedUntilSlot: terms.untilSlot, isWatched, claimSlots }
    await this.#hearing.tell(actor, delegationSignals(sight))
    await this.#hearing.tell(actor, await refusedCalls(store, negotiation))
  }

  /** Goes on with the care for a neighbour's home; true when nothing is left to watch. */
  async #care(actor: DelegationActor, row: DelegationTable, head: ChainMoment): Promise<boolean> {
    const { care } = this.#options
    const now = actor.snapshot()
    // A delegation may come from its end to being paid at once, or while this gateway is away.
    if (now.status === 'active' && !now.matches('ended')) return care.follow(row, head)
    await care.end(row)
    return true
  }
}
