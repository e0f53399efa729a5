import { clear } from '../../protocols/rules/clear.ts'
import { bondOf, heldOf, paymentOf } from '../../protocols/rules/lot-price.ts'
import { resourceOf } from '../../protocols/rules/resource.ts'
import type { SimulatedBlock } from './chain/chain.ts'
import { REASON } from './contracts/auction.ts'
import type { HeardFact } from './chain/heard.ts'
import { sellLimitOf } from './gateways/trade-rules.ts'
import type { World } from './world.ts'

interface Checker {
  check(invariant: string, holds: boolean, text: () => string): void
}

interface Shown {
  readonly seller: string
  readonly index: number
  readonly value: bigint
}

/** From an offer to the end of its bids. */
const BIDDING_S = 300
const PER_UNIT = { 1: 1_000n, 3: 1_000_000n } as const

/** Holds every auction on the chain against the written rules, and against the same in other words. */
export class Market {
  readonly #world: World
  readonly #watch: Checker
  readonly #bids = new Map<string, Map<string, number>>()
  readonly #shown = new Map<string, Shown[]>()

  constructor(world: World, watch: Checker) {
    this.#world = world
    this.#watch = watch
  }

  block({ facts }: SimulatedBlock): void {
    for (const fact of facts) this.#follow(fact)
  }

  undone({ facts }: SimulatedBlock): void {
    for (const { told } of facts) {
      if (told.name === 'BidRevealed') {
        const kept = this.#shown.get(told.id) ?? []
        this.#shown.set(
          told.id,
          kept.filter(({ seller }) => seller !== told.seller),
        )
      }
      if (told.name === 'BidReceived') this.#bids.get(told.id)?.delete(told.seller)
    }
  }

  #follow({ told }: HeardFact): void {
    switch (told.name) {
      case 'OfferMade':
        return this.#offered(told)
      case 'BidReceived': {
        const bids = this.#bids.get(told.id) ?? new Map<string, number>()
        this.#bids.set(told.id, bids.set(told.seller, told.index))
        return
      }
      case 'BidRevealed': {
        const index = this.#bids.get(told.id)?.get(told.seller) ?? 0
        const { seller, value } = told
        this.#shown.set(told.id, [...(this.#shown.get(told.id) ?? []), { seller, index, value }])
        return this.#limitKept(told.id, seller, value)
      }
      case 'AuctionAwarded':
        return this.#decided(told.id, told.winner, told.price)
      case 'AuctionFailed':
        if (told.reason === 4) this.#decided(told.id, null, null)
        return
      case 'BondsForfeited':
        return this.#forfeited(told.id)
      case 'ExchangeConfirmed':
        return this.#paid(told)
    }
  }

  #offered({ id, resource, amount, bond }: HeardFact['told'] & { name: 'OfferMade' }): void {
    const ceiling = resource === 1 ? this.#world.money.ceilings[1] : this.#world.money.ceilings[3]
    const rule = bondOf({ resource: resourceOf(resource), amount, slots: 0, sampleMs: 0 }, ceiling)
    this.#watch.check(
      'a bond is the lot at the ceiling price',
      rule === bond,
      () => `${id}: ${rule} and ${bond}`,
    )
  }

  #limitKept(id: string, seller: string, value: bigint): void {
    const auction = this.#world.chain.contracts.trading.auction(id)
    const home = this.#world.homeOf(seller)
    if (auction === undefined || home === undefined) return
    const resource = auction.resource === 1 ? 'energy' : 'water'
    const per = auction.resource === 1 ? PER_UNIT[1] : PER_UNIT[3]
    const least = BigInt(auction.amount) * BigInt(sellLimitOf(home.index, resource))
    this.#watch.check(
      'nobody sells below its limit',
      value * per >= least,
      () => `${seller} bid ${value} in ${id}`,
    )
  }

  #decided(id: string, winner: string | null, price: bigint | null): void {
    const auction = this.#world.chain.contracts.trading.auction(id)
    if (auction === undefined) return
    const shown = [...(this.#shown.get(id) ?? [])].sort((a, b) => a.index - b.index)
    const offers = shown.map(({ seller, value }) => ({ id: seller, price: value }))
    const rule = clear(offers, auction.maxPrice)
    this.#watch.check(
      'the rule clears as the contract does',
      rule.winner === winner && rule.price === price,
      () => {
        return `${id}: ${rule.winner} at ${rule.price}, the contract ${winner} at ${price}`
      },
    )
    const [first, second] = [...shown].sort((a, b) =>
      a.value === b.value ? a.index - b.index : a.value < b.value ? -1 : 1,
    )
    const wins = first !== undefined && first.value <= auction.maxPrice ? first.seller : null
    const pays =
      wins === null
        ? null
        : second !== undefined && second.value < auction.maxPrice
          ? second.value
          : auction.maxPrice
    this.#watch.check('the lowest wins at the second price', wins === winner && pays === price, () => {
      return `${id}: ${winner} at ${price}, it should be ${wins} at ${pays}`
    })
  }

  /** A bond is lost only by who was kept from its call. */
  #forfeited(id: string): void {
    const { chain, faults } = this.#world
    const auction = chain.contracts.trading.auction(id)
    if (auction === undefined) return
    const sinceMs = (auction.commitEnd - BIDDING_S) * 1000
    const late = auction.reason === REASON.noMaxPrice ? [auction.buyer] : this.#silent(id)
    for (const account of late) {
      const home = this.#world.homeOf(account)
      const excused = home === undefined || faults.wasDisturbed(home, sinceMs)
      this.#watch.check(
        'nobody loses a bond without a reason',
        excused,
        () => `${home?.name ?? account} in ${id}`,
      )
    }
  }

  #silent(id: string): string[] {
    const shown = this.#shown.get(id) ?? []
    const sellers = [...(this.#bids.get(id)?.keys() ?? [])]
    return sellers.filter((seller) => !shown.some((each) => each.seller === seller))
  }

  #paid({ id, delivered, paid, penalty }: HeardFact['told'] & { name: 'ExchangeConfirmed' }): void {
    const { trading } = this.#world.chain.contracts
    const auction = trading.auction(id)
    if (auction === undefined) return
    const held = heldOf(auction.lowest, trading.settings.securityBps)
    this.#watch.check(
      'a deposit is its part of the bid',
      held === trading.heldFor(auction.lowest),
      () => `${id}: ${held}`,
    )
    const lot = { amount: BigInt(auction.amount), priceMicroSct: auction.second, heldMicroSct: held }
    const rule = paymentOf(lot, BigInt(delivered))
    const same = rule.paid === paid && rule.penalty === penalty
    const whole = rule.paid + rule.spared <= auction.second && rule.returned + rule.penalty <= held
    this.#watch.check('what is paid follows what was delivered', same && whole, () => {
      return `${id}: ${paid} and ${penalty}, by the rule ${rule.paid} and ${rule.penalty}`
    })
  }
}
