import { keptKeys } from '../../../actors/smart-gateway/joining.ts'
import type { Store } from '../../../actors/storage/store.ts'
import { decodeScalar, keyPair } from '../../../protocols/crypto/group.ts'
import type { OpeningKey } from '../../../protocols/crypto/recover-reading.ts'

const nameOf = (delegation: number, epoch: number): string => `${delegation}:${epoch}`

/** The keys with which this home reads its neighbours', as long as it cares for them. */
export class WatchKeyring {
  readonly #store: Store
  readonly #account: string
  readonly #keys = new Map<string, OpeningKey>()

  constructor(store: Store, account: string) {
    this.#store = store
    this.#account = account
  }

  /** Takes in what the store has of a delegation. */
  async load(delegation: number): Promise<void> {
    for (const [epoch, secret] of await keptKeys(this.#store, this.#account, delegation)) {
      this.#keys.set(nameOf(delegation, epoch), keyPair(decodeScalar(secret, 'operationKey')))
    }
  }

  keyOf(delegation: number, epoch: number): OpeningKey | null {
    return this.#keys.get(nameOf(delegation, epoch)) ?? null
  }

  forget(delegation: number): void {
    for (const name of [...this.#keys.keys()]) {
      if (name.startsWith(nameOf(delegation, 0).slice(0, -1))) this.#keys.delete(name)
    }
  }
}
