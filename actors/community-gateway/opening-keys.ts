import { equalBytes } from '@noble/curves/utils.js'
import { keyPair, type KeyPair } from '../../protocols/crypto/group.ts'
import { codeOf } from '../../protocols/rules/fault.ts'
import type { EnvelopeTable } from '../storage/schema.ts'
import type { Store } from '../storage/store.ts'
import type { Keyring } from './keyring.ts'
import type { RecoveryPool } from './recovery/pool.ts'

/** What an envelope says of the key that it was sealed to; delegation 0: the community's own. */
export type SealedTo = Pick<EnvelopeTable, 'epoch' | 'delegation'>

/** The keys that open what homes send: X_cg, and x_dl·m_sg of each delegation (eqs 6 and 7 merged). */
export interface OpeningKeys {
  /**
   * The key that a record was sealed to, given to the recovery threads before it is answered; null when it is
   * erased, or is not the one that the chain has.
   */
  keyOf(record: SealedTo): Promise<KeyPair | null>
  /** Gives the recovery threads the keys of all epochs that are kept, and takes the others from them. */
  useKept(): Promise<void>
}

export interface OpeningKeysOptions {
  readonly store: Store
  readonly keyring: Keyring
  readonly pool: Pick<RecoveryPool, 'setKeys'>
}

export function createOpeningKeys(options: OpeningKeysOptions): OpeningKeys {
  return new Keys(options)
}

interface Held {
  readonly epoch: number
  readonly pair: KeyPair
}

const nameOf = ({ epoch, delegation }: SealedTo): string => `${epoch}/${delegation}`

class Keys implements OpeningKeys {
  readonly #options: OpeningKeysOptions
  readonly #held = new Map<string, Held>()

  constructor(options: OpeningKeysOptions) {
    this.#options = options
  }

  async keyOf(record: SealedTo): Promise<KeyPair | null> {
    const held = this.#held.get(nameOf(record))
    if (held !== undefined) return held.pair
    const pair = await this.#derive(record)
    if (pair !== null) {
      this.#held.set(nameOf(record), { epoch: record.epoch, pair })
      this.#give()
    }
    return pair
  }

  async useKept(): Promise<void> {
    const { keyring, store } = this.#options
    const kept = await keyring.kept()
    for (const [name, { epoch }] of this.#held) if (!kept.includes(epoch)) this.#held.delete(name)
    const delegated = await store.db
      .selectFrom('delegation_epoch_key')
      .select(['epoch', 'delegation'])
      .where('epoch', 'in', kept)
      .execute()
    for (const record of [...kept.map((epoch) => ({ epoch, delegation: 0 })), ...delegated]) {
      const pair = this.#held.get(nameOf(record))?.pair ?? (await this.#derive(record))
      if (pair !== null) this.#held.set(nameOf(record), { epoch: record.epoch, pair })
    }
    this.#give()
  }

  #give(): void {
    this.#options.pool.setKeys([...this.#held.values()].map(({ pair }) => pair))
  }

  async #derive(record: SealedTo): Promise<KeyPair | null> {
    try {
      if (record.delegation !== 0) return await this.#delegated(record)
      return (await this.#options.keyring.keysOf(record.epoch)).operation
    } catch (thrown) {
      if (codeOf(thrown) === 'epoch-unknown') return null
      throw thrown
    }
  }

  /** The chain's own word is compared: a key that only looks like it would make whole readings faulty. */
  async #delegated({ epoch, delegation }: SealedTo): Promise<KeyPair | null> {
    const { store, keyring } = this.#options
    const published = await store.db
      .selectFrom('delegation_epoch_key')
      .innerJoin('delegation', 'delegation.id', 'delegation_epoch_key.delegation')
      .select(['delegation.delegatee', 'delegation_epoch_key.key'])
      .where('delegation_epoch_key.delegation', '=', delegation)
      .where('delegation_epoch_key.epoch', '=', epoch)
      .executeTakeFirst()
    if (published === undefined) return null
    const pair = keyPair(await keyring.secretOf(epoch, { home: published.delegatee, delegation }))
    return equalBytes(pair.bytes, published.key) ? pair : null
  }
}
