import type { RandomSource } from '../../protocols/rules/clock.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import type { KeyPair } from '../../protocols/crypto/group.ts'
import {
  communityKeys,
  homomorphicConstant,
  mergedSecret,
  nextChainKey,
  operationKey,
  ownerBytes,
  type CommunityKeys,
  type EpochContext,
  type KeyOwner,
} from '../../protocols/crypto/keys.ts'
import { proveConstant } from '../../protocols/crypto/proofs.ts'
import { scrubSecrets } from '../storage/scrub.ts'
import type { Store } from '../storage/store.ts'

const CHAIN_KEY = 'chain-key'
const STORED_RANDOM_BYTES = 32

const randomPurpose = (delegation: number): string => `constant-random:${delegation}`

/** An operation key as it is issued: k*_sg and the proof that the community gateway can follow it. */
export interface IssuedKey {
  readonly pair: KeyPair
  readonly proof: Uint8Array
}

/**
 * The community gateway's keys: it alone holds the chain keys ck_e, and derives everything else on demand.
 */
export interface Keyring {
  /** X_cg and X_dl of an epoch. Throws `epoch-unknown`. */
  keysOf(epoch: number): Promise<CommunityKeys>
  /** Issues (or issues again, the same) the operation key of a home; `delegation` 0 is its own (eq. 4). */
  issue(epoch: number, owner: KeyOwner): Promise<IssuedKey>
  /** x_dl·m_sg of an issued key, which opens what was sealed to it (eqs 6 and 7 merged). */
  secretOf(epoch: number, owner: KeyOwner): Promise<bigint>
  /** Derives ck_{e+1}; the newest epoch is kept, older ones until `forget`. */
  advance(epoch: number): Promise<void>
  /** Erases the chain key of an epoch: its envelopes cannot be opened any more by anybody. */
  forget(epoch: number): Promise<void>
  /** The epochs whose chain keys are kept, in order. */
  kept(): Promise<number[]>
}

export interface KeyringOptions {
  readonly store: Store
  readonly account: string
  readonly chainId: number
  readonly monitoring: string
  readonly random: RandomSource
}

/** Keeps a secret under (owner, purpose, epoch) unless there is one; returns the one that is there. */
async function keepSecret(
  store: Store,
  row: { owner: string; purpose: string; epoch: number; value: Uint8Array },
): Promise<Uint8Array> {
  return store.transaction(async (trx) => {
    await trx
      .insertInto('secret')
      .values(row)
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    const kept = await trx
      .selectFrom('secret')
      .select('value')
      .where('owner', '=', row.owner)
      .where('purpose', '=', row.purpose)
      .where('epoch', '=', row.epoch)
      .executeTakeFirstOrThrow()
    return kept.value
  })
}

async function keptEpochs(store: Store, owner: string): Promise<number[]> {
  const rows = await store.db
    .selectFrom('secret')
    .select('epoch')
    .where('owner', '=', owner)
    .where('purpose', '=', CHAIN_KEY)
    .orderBy('epoch')
    .execute()
  return rows.map(({ epoch }) => epoch)
}

async function eraseChainKey(store: Store, owner: string, epoch: number): Promise<void> {
  await store.db
    .deleteFrom('secret')
    .where('owner', '=', owner)
    .where('purpose', '=', CHAIN_KEY)
    .where('epoch', '=', epoch)
    .execute()
  await scrubSecrets(store)
}

/**
 * Opens the keyring; `rootKey` is ck_0, kept the first time only: once a later key is there, an erased ck_0
 * stays erased.
 */
export async function openKeyring(options: KeyringOptions, rootKey: Uint8Array): Promise<Keyring> {
  const { store, random } = options
  const owner = options.account.toLowerCase()
  const kept = (): Promise<number[]> => keptEpochs(store, owner)
  if ((await kept()).length === 0) {
    await keepSecret(store, { owner, purpose: CHAIN_KEY, epoch: 0, value: rootKey })
  }

  const context = (epoch: number): EpochContext => ({
    chainId: options.chainId,
    monitoring: options.monitoring,
    epoch,
  })
  const chainKey = async (epoch: number): Promise<Uint8Array> => {
    const row = await store.db
      .selectFrom('secret')
      .select('value')
      .where('owner', '=', owner)
      .where('purpose', '=', CHAIN_KEY)
      .where('epoch', '=', epoch)
      .executeTakeFirst()
    if (row === undefined)
      throw new Fault('epoch-unknown', `epoch ${epoch}: its chain key is not kept here`, { epoch })
    return row.value
  }
  const constantOf = async (epoch: number, key: KeyOwner): Promise<bigint> => {
    const stored = await keepSecret(store, {
      owner: key.home.toLowerCase(),
      purpose: randomPurpose(key.delegation),
      epoch,
      value: random(STORED_RANDOM_BYTES),
    })
    return homomorphicConstant(await chainKey(epoch), context(epoch), key, stored)
  }
  const keysOf = async (epoch: number): Promise<CommunityKeys> =>
    communityKeys(await chainKey(epoch), context(epoch))

  return {
    keysOf,
    kept,
    async issue(epoch, key) {
      const { delegationBase } = await keysOf(epoch)
      const constant = await constantOf(epoch, key)
      const pair = operationKey(delegationBase.secret, constant)
      const proof = proveConstant(constant, {
        delegationBase: delegationBase.point,
        operationKey: pair.point,
        owner: ownerBytes(context(epoch), key),
      })
      return { pair, proof }
    },
    async secretOf(epoch, key) {
      const { delegationBase } = await keysOf(epoch)
      return mergedSecret(delegationBase.secret, await constantOf(epoch, key))
    },
    async advance(epoch) {
      await keepSecret(store, {
        owner,
        purpose: CHAIN_KEY,
        epoch: epoch + 1,
        value: nextChainKey(await chainKey(epoch)),
      })
    },
    forget: (epoch) => eraseChainKey(store, owner, epoch),
  }
}
