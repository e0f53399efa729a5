import type { OwnTradeTable } from '../storage/market-tables.ts'
import type { DeterminationActor } from './determination/live.ts'
import type { NegotiationActor } from './negotiation/live.ts'
import type { PaymentActor } from './payment/live.ts'
import { callId, type DeskOptions } from './ports.ts'
import { refusedCalls, type RefusedIntent } from './refused-calls.ts'
import { negotiationSignals, paymentSignals, phaseOf, type Signal } from './signals.ts'
import type { MarketSight } from './sights.ts'

/** A number that was taken is given up for the next one, at most so often. */
const MOST_OFFERS = 5

/** The machine of the stage that a trade is in. */
export type StageActor = { readonly round: number } & (
  | { readonly stage: 'determination'; readonly actor: DeterminationActor }
  | { readonly stage: 'negotiation'; readonly actor: NegotiationActor }
  | { readonly stage: 'payment'; readonly actor: PaymentActor }
)

/** A machine as far as it is told things. */
interface Listener<E> {
  snapshot(): { readonly value: unknown; can(event: E): boolean }
  send(event: E, id?: string): Promise<void>
}

/**
 * Tells the machines of a home's trades what the chain says. A fact is told for as long as it is true and the
 * machine can take it, once in each state: what comes before its time, or is lost in a crash, comes again.
 */
export class Hearing {
  readonly #options: DeskOptions
  readonly #told = new Map<string, { readonly state: string; readonly names: Set<string> }>()
  readonly #decidedSince = new Map<string, number>()

  constructor(options: DeskOptions) {
    this.#options = options
  }

  /** Another machine takes over the trade. */
  forget(subject: string): void {
    this.#told.delete(subject)
    this.#decidedSince.delete(subject)
  }

  async hear(own: OwnTradeTable, staged: StageActor, sight: MarketSight | null): Promise<void> {
    const { store } = this.#options
    const { subject } = own
    if (staged.stage === 'determination') return this.#hearDetermination(own, staged.actor, sight)
    const { refusals } = staged.actor.snapshot().context
    if (sight !== null && staged.stage === 'negotiation') {
      await this.#tellAll(subject, staged.actor, negotiationSignals(sight))
    } else if (sight !== null && staged.stage === 'payment') {
      await this.#hearPayment(subject, staged.actor, sight)
    }
    for (const { id: intent, call, reason } of await refusedCalls(store, own, refusals)) {
      const told = { id: `refused:${intent}`, event: { type: 'CALL_REFUSED', call, reason } } as const
      // The outbox says it for ever: it counts once.
      if (staged.stage === 'negotiation') await this.#tell(subject, staged.actor, told, told.id)
      else await this.#tell(subject, staged.actor, told, told.id)
    }
  }

  async #hearDetermination(
    own: OwnTradeTable,
    actor: DeterminationActor,
    sight: MarketSight | null,
  ): Promise<void> {
    if (own.role === 'buyer' && (sight === null || !this.#isOwn(own, sight))) {
      return this.#hearOffer(own, actor)
    }
    if (sight === null) return
    if (own.role === 'buyer') {
      const event = { type: 'OFFERED', auctionId: sight.auction.id } as const
      await this.#tell(own.subject, actor, { id: 'offered', event })
    } else if (phaseOf(sight) !== 'bids') {
      await this.#tell(own.subject, actor, { id: 'closed', event: { type: 'BIDS_CLOSED' } })
    }
  }

  /** Another device of the same home may have made an offer under the number. */
  #isOwn({ value, salt }: OwnTradeTable, { auction }: MarketSight): boolean {
    if (value === null || salt === null) return false
    return auction.seal === this.#options.seals.maxPrice(auction.id, BigInt(value), salt)
  }

  async #hearOffer(own: OwnTradeTable, actor: DeterminationActor): Promise<void> {
    const refused = await refusedCalls(this.#options.store, own, own.attempts)
    const latest = refused.find(({ id }) => id === callId('offer', own.subject, own.attempts))
    if (latest === undefined) return
    const again = await this.#mayOfferAgain(own, latest)
    const event = { type: 'OFFER_REFUSED', reason: latest.reason, again } as const
    await this.#tell(own.subject, actor, { id: `refused:${latest.id}`, event }, `refused:${latest.id}`)
  }

  /** The number is taken: the next one is asked for. */
  async #mayOfferAgain({ subject, attempts }: OwnTradeTable, { reason }: RefusedIntent): Promise<boolean> {
    if (!reason.startsWith('OfferNumber') || attempts >= MOST_OFFERS) return false
    await this.#options.store.transaction(async (trx) => {
      await trx
        .updateTable('own_trade')
        .set({ auction: null, salt: null, bond: null, attempts: attempts + 1 })
        .where('subject', '=', subject)
        .execute()
    })
    return true
  }

  async #hearPayment(subject: string, actor: PaymentActor, sight: MarketSight): Promise<void> {
    const { auction, head } = sight
    const options = this.#options
    // The contract answers only while the award is not settled; a home may come back later.
    const judging = auction.state === 'awarded' && actor.snapshot().matches('judging')
    if (judging && !this.#decidedSince.has(subject) && (await options.reads.isDecided(auction.id))) {
      this.#decidedSince.set(subject, head.number)
    }
    const nothing = { fair: null, challenged: false }
    const stated = judging ? await options.delivery(auction.id) : nothing
    const decidedSince = this.#decidedSince.get(subject) ?? null
    const known = { ...sight, ...stated, closesAtMs: options.closesAtMs(auction), decidedSince }
    await this.#tellAll(subject, actor, paymentSignals(known))
  }

  async #tellAll<E>(subject: string, actor: Listener<E>, signals: readonly Signal<E>[]): Promise<void> {
    for (const signal of signals) await this.#tell(subject, actor, signal)
  }

  async #tell<E>(
    subject: string,
    actor: Listener<E>,
    { id: name, event }: Signal<E>,
    once?: string,
  ): Promise<void> {
    const snapshot = actor.snapshot()
    if (!snapshot.can(event)) return
    const state = JSON.stringify(snapshot.value)
    const before = this.#told.get(subject)
    const told = before?.state === state ? before : { state, names: new Set<string>() }
    this.#told.set(subject, told)
    if (told.names.has(name)) return
    await actor.send(event, once)
    told.names.add(name)
  }
}
