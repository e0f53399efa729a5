import { hexlify, Interface } from 'ethers'
import { z } from 'zod'
import type { ChainFact } from '../../actors/chain-fact.ts'
import { writeMeta } from '../../actors/storage/meta.ts'
import type { Trx } from '../../actors/storage/schema.ts'
import type { Store } from '../../actors/storage/store.ts'
import { monitoringAbi } from '../../chain/bindings/monitoring.gen.ts'
import type { PeerNode } from '../../protocols/p2p/node.ts'
import { bytesOfHex } from '../../protocols/p2p/peer-record.ts'

const PREFIX = 'peer:'
const face = new Interface(monitoringAbi)
const account = z.string().transform((text) => text.toLowerCase())
const admission = z.object({ home: account, peerKey: z.union([z.string(), z.instanceof(Uint8Array)]) })
const revocation = z.object({ home: account })

/** Events of the registry that every home hears, whomever they are about. */
export const REGISTRY_TOPICS: readonly string[] = ['HomeAdmitted', 'HomeRevoked'].map(
  (name) => face.getEvent(name)?.topicHash ?? name,
)

/** Who a home's neighbours are: their peers may speak to it on the community's topics. */
export class Neighbours {
  readonly #store: Store
  readonly #node: PeerNode
  readonly #own: string

  constructor(parts: { readonly store: Store; readonly node: PeerNode; readonly account: string }) {
    this.#store = parts.store
    this.#node = parts.node
    this.#own = parts.account
  }

  /** Those that were known before a restart. */
  async load(): Promise<void> {
    const rows = await this.#store.db
      .selectFrom('meta')
      .selectAll()
      .where('key', 'like', `${PREFIX}%`)
      .where('value', '!=', '')
      .execute()
    for (const { key, value } of rows) this.#admit(key.slice(PREFIX.length), value)
  }

  #admit(home: string, peerKey: string): void {
    this.#node.membership.admit({ peerKey: bytesOfHex(peerKey), account: home })
  }

  /** Keeps what the registry said, in the transaction that moves the cursor. */
  async heard(trx: Trx, facts: readonly ChainFact[]): Promise<void> {
    for (const { name, args } of facts) {
      if (name === 'HomeAdmitted') await this.#admitted(trx, admission.parse(args))
      if (name === 'HomeRevoked') await this.#revoked(trx, revocation.parse(args).home)
    }
  }

  async #admitted(trx: Trx, { home, peerKey }: z.output<typeof admission>): Promise<void> {
    if (home === this.#own) return
    const key = hexlify(peerKey)
    await writeMeta(trx, PREFIX + home, key)
    this.#store.afterCommit(trx, () => this.#admit(home, key))
  }

  async #revoked(trx: Trx, home: string): Promise<void> {
    await writeMeta(trx, PREFIX + home, '')
    this.#store.afterCommit(trx, () => {
      const peerKey = this.#node.membership.findByAccount(home)?.peerKey
      if (peerKey !== undefined && home !== this.#own) this.#node.membership.revoke(peerKey)
    })
  }
}
