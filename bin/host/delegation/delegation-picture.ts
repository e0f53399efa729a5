import type { CaringActor } from '../../../actors/caring/live.ts'
import type { DelegationStand } from '../../../actors/delegation/desk.ts'
import { registeredAs } from '../../../actors/delegation/own-delegations.ts'
import type { Store } from '../../../actors/storage/store.ts'
import type { PeerNode } from '../../../protocols/p2p/node.ts'
import { DELEGATION_LIST_LIMIT, type DelegationsView } from '../../../web/delegation-model.ts'
import { careViewOf, delegationViewOf } from './delegation-view.ts'

/** As many neighbours as a page offers. */
const NEIGHBOURS_MOST = 1_024

export interface DelegationPictureOptions {
  readonly store: Store
  readonly node: PeerNode
  readonly account: string
  readonly sampleMs: number
  readonly stands: () => readonly DelegationStand[]
  readonly carings: () => ReadonlyMap<number, CaringActor>
  readonly onChange: () => void
  readonly onFault: (thrown: unknown) => void
}

/** What a home's pages show of its delegations, kept in memory and renewed when something changed. */
export class DelegationPicture {
  readonly #options: DelegationPictureOptions
  #view: DelegationsView = { neighbours: [], list: [], caring: [] }
  #refreshing = false
  #again = false

  constructor(options: DelegationPictureOptions) {
    this.#options = options
  }

  view(): DelegationsView {
    return this.#view
  }

  changed(): void {
    this.#again = true
    if (this.#refreshing) return
    this.#refreshing = true
    this.#refresh()
      .catch(this.#options.onFault)
      .finally(() => (this.#refreshing = false))
  }

  async #refresh(): Promise<void> {
    while (this.#again) {
      this.#again = false
      this.#view = await this.#look()
      this.#options.onChange()
    }
  }

  async #look(): Promise<DelegationsView> {
    const { store, sampleMs, stands, carings } = this.#options
    const newest = [...stands()].sort((a, b) => b.own.began_at_ms - a.own.began_at_ms)
    const list: DelegationsView['list'] = []
    const caring: DelegationsView['caring'] = []
    for (const stand of newest.slice(0, DELEGATION_LIST_LIMIT)) {
      const row = await registeredAs(store, stand.own.delegation)
      list.push(await delegationViewOf(store, stand, row, sampleMs))
      const actor = row === null ? undefined : carings().get(row.id)
      if (row === null || actor === undefined) continue
      caring.push(await careViewOf(store, actor, row, stand.own.negotiation, sampleMs))
    }
    return { neighbours: this.#neighbours(), list, caring }
  }

  #neighbours(): string[] {
    const { node, account } = this.#options
    return node.membership
      .list()
      .flatMap(({ role, account: each }) => (role === 'home' && each !== null ? [each.toLowerCase()] : []))
      .filter((each) => each !== account)
      .slice(0, NEIGHBOURS_MOST)
  }
}
