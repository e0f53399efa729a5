import type { SimulatedBlock } from './chain/chain.ts'
import type { HeardFact } from './chain/heard.ts'
import type { World } from './world.ts'

interface Checker {
  check(invariant: string, holds: boolean, text: () => string): void
}

interface Held {
  readonly bond: bigint
  readonly inside: bigint
}

/**
 * Follows every micro-SCT by the events alone, and holds it against what the contracts say that they
 * have.
 */
export class Money {
  readonly #world: World
  readonly #watch: Checker
  readonly #held = new Map<string, Held>()
  readonly #before = new Map<string, ReadonlyMap<string, Held | undefined>>()
  #inside = 0n

  constructor(world: World, watch: Checker) {
    this.#world = world
    this.#watch = watch
  }

  block(block: SimulatedBlock): void {
    const changed = new Map<string, Held | undefined>()
    for (const fact of block.facts) this.#follow(fact, changed)
    if (changed.size > 0) this.#before.set(block.header.hash, changed)
    this.#before.delete(this.#world.chain.blockAt(block.header.number - 64)?.header.hash ?? '')
    this.#compare(block.header.number)
  }

  undone(block: SimulatedBlock): void {
    for (const [id, before] of this.#before.get(block.header.hash) ?? []) {
      this.#inside += (before?.inside ?? 0n) - (this.#held.get(id)?.inside ?? 0n)
      if (before === undefined) this.#held.delete(id)
      else this.#held.set(id, before)
    }
    this.#before.delete(block.header.hash)
  }

  #follow({ told }: HeardFact, changed: Map<string, Held | undefined>): void {
    switch (told.name) {
      case 'OfferMade':
        return this.#put(told.id, { bond: told.bond, inside: told.bond }, changed)
      case 'BidReceived':
        return this.#move(told.id, this.#held.get(told.id)?.bond ?? 0n, changed)
      case 'Refunded':
      case 'ForfeitShared':
        return this.#move(told.id, -told.amount, changed)
      case 'ExchangeConfirmed': {
        const auction = this.#world.chain.contracts.trading.auction(told.id)
        if (auction === undefined) return
        const held = this.#world.chain.contracts.trading.heldFor(auction.lowest)
        const [amount, got] = [BigInt(auction.amount), BigInt(told.delivered)]
        const missing = amount - got
        const out = told.paid + (held * got) / amount + told.penalty + (auction.second * missing) / amount
        return this.#move(told.id, -out, changed)
      }
    }
  }

  #move(id: string, by: bigint, changed: Map<string, Held | undefined>): void {
    const held = this.#held.get(id)
    if (held !== undefined) this.#put(id, { ...held, inside: held.inside + by }, changed)
  }

  #put(id: string, held: Held, changed: Map<string, Held | undefined>): void {
    const before = this.#held.get(id)
    if (!changed.has(id)) changed.set(id, before)
    this.#held.set(id, held)
    this.#inside += held.inside - (before?.inside ?? 0n)
    this.#watch.check(
      'no auction pays out more than it holds',
      held.inside >= 0n,
      () => `${id}: ${held.inside}`,
    )
  }

  #compare(number: number): void {
    const { contracts } = this.#world.chain
    const { token, trading, delegations } = contracts
    const held = token.held()
    this.#watch.check('I1 supply is what all hold', held === token.supply.get(), () => {
      return `block ${number}: ${held} of ${token.supply.get()}`
    })
    const owed = trading.credits() + this.#inside
    const has = token.balanceOf(this.#world.addressOf('trading'))
    this.#watch.check(
      'I3 the market holds what it owes',
      has === owed,
      () => `block ${number}: ${has} of ${owed}`,
    )
    const rewards = token.balanceOf(this.#world.addressOf('monitoring'))
    this.#watch.check('I3 rewards are held until they are paid', rewards === delegations.escrow(), () => {
      return `block ${number}: ${rewards} of ${delegations.escrow()}`
    })
  }
}
