import type { ChainBlock } from '../../../chain/proxy/block.ts'
import { excessOver } from '../../../protocols/rules/excess.ts'
import { resourceOf } from '../../../protocols/rules/resource.ts'
import { Table } from '../ledger.ts'
import type { CommunityGateway } from './community.ts'
import type { HeardFact } from './gateway.ts'

interface Awarded {
  readonly id: string
  readonly seller: string
  readonly resource: number
  readonly period: number
}

/** States what was delivered of the awards of a closed period, and shows it when it is asked to. */
export class DeliveryDesk {
  readonly #community: CommunityGateway
  readonly #offers: Table<string, { resource: number; period: number }>
  readonly #awards: Table<string, Awarded>
  readonly #demanded: Table<string, { home: string; period: number; resource: number }>

  constructor(community: CommunityGateway) {
    const { ledger } = community.heard
    this.#community = community
    this.#offers = new Table(ledger)
    this.#awards = new Table(ledger)
    this.#demanded = new Table(ledger)
  }

  apply(facts: readonly HeardFact[]): void {
    for (const { told } of facts) {
      if (told.name === 'OfferMade') {
        this.#offers.set(told.id, { resource: told.resource, period: told.period })
      } else if (told.name === 'AuctionAwarded') {
        const offer = this.#offers.get(told.id)
        if (offer !== undefined) this.#awards.set(told.id, { id: told.id, seller: told.winner, ...offer })
      } else if (told.name === 'ExchangeConfirmed') this.#awards.delete(told.id)
      else if (told.name === 'OpeningDemanded') {
        const { home, period, subject: resource } = told
        this.#demanded.set(`${home}:${period}:${resource}`, { home, period, resource })
      }
    }
  }

  undone(): void {
    return undefined
  }

  looked(block: ChainBlock): void {
    const { world } = this.#community
    const { sampleMs, slotsPerBilling } = world.times
    const period = Math.floor(block.timestampMs / sampleMs / slotsPerBilling)
    for (const award of this.#awards.values()) if (award.period < period) this.#state(award)
    for (const demand of this.#demanded.values()) this.#show(demand)
  }

  /** One statement for a seller, a period and a resource, whatever it sold. */
  #state({ id, seller, resource, period }: Awarded): void {
    const name = `delivery:${seller}:${period}:${resource}`
    if (this.#community.store.intents.has(name)) return
    const used = this.#community.useOf(seller, period)
    const quota = this.#community.quotaOf(seller, period)
    if (used === null || quota === null) return
    const over = excessOver({ energy: used.energyWh, power: null, water: used.waterMl }, quota)
    const excess = over[resourceOf(resource)] ?? 0
    this.#community.world.watch.delivery({ seller, period, resource, used, quota, excess })
    void this.#community.askNow(name, 'assertDelivery', {
      contract: 'trading',
      name: 'assertDelivery',
      id,
      excess,
    })
  }

  #show({ home, period, resource }: { home: string; period: number; resource: number }): void {
    const used = this.#community.useOf(home, period)
    const name = `opening:${home}:${period}:${resource}`
    if (used === null || this.#community.store.intents.has(name)) return
    const value = resource === 1 ? used.energyWh : used.waterMl
    const call = { contract: 'quota', name: 'openExcess', home, period, resource, value } as const
    void this.#community.askNow(name, 'openExcess', call)
  }
}
