import { getBytes, hexlify } from 'ethers'
import type { RandomSource } from '../../protocols/rules/clock.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import { auxiliaryKeys, openOperationKey } from '../../protocols/crypto/delivery.ts'
import { decodePoint, encodeScalar, type KeyPair } from '../../protocols/crypto/group.ts'
import { ownerBytes } from '../../protocols/crypto/keys.ts'
import { verifyConstant } from '../../protocols/crypto/proofs.ts'
import {
  auxKeyTyped,
  opKeyTyped,
  requireSignature,
  signRegistration,
  type TypedDataSigner,
} from '../../protocols/crypto/registration.ts'
import type { KeyReply } from '../../protocols/messages/keys.ts'
import type { CommunityDescriptor } from '../../protocols/messages/join.ts'
import { requestKeys } from '../../protocols/p2p/keys.ts'
import type { PeerNode } from '../../protocols/p2p/node.ts'
import { scrubSecrets } from '../storage/scrub.ts'
import type { Store } from '../storage/store.ts'

/** Under which name a key is kept: the home's own, or that of a delegation. */
const keyName = (delegation: number): string =>
  delegation === 0 ? 'operation-key' : `delegation-key:${delegation}`
const grantName = (delegation: number): string =>
  delegation === 0 ? 'operation-key-grant' : `delegation-key-grant:${delegation}`

/** What the home publishes so that its key counts: the community's signature and the proof of m_sg. */
export interface KeyGrant {
  readonly epoch: number
  readonly key: Uint8Array
  readonly signature: Uint8Array
  readonly proof: Uint8Array
}

export interface KeyExchangeOptions {
  readonly node: PeerNode
  readonly store: Store
  readonly account: TypedDataSigner & { readonly address: string }
  readonly community: CommunityDescriptor
  readonly gatewayPeerId: string
  /** X_dl of the epoch, as the chain announced it. */
  readonly delegationBase: Uint8Array
  readonly epoch: number
  /** 0 for the home's own key, else the number of the delegation whose delegatee this home is. */
  readonly delegation: number
  readonly random: RandomSource
}

/**
 * The reply must be signed by the community, provable against the announced base, and open to x with x·G = X.
 */
async function checkReply(
  reply: KeyReply,
  auxSecret: Uint8Array,
  options: KeyExchangeOptions,
): Promise<KeyPair> {
  const { community, account, epoch, delegation } = options
  const owner = { home: account.address, delegation }
  const context = { chainId: community.chainId, monitoring: community.monitoring, epoch }
  const record = opKeyTyped({ home: account.address, epoch, delegation, key: reply.key33 })
  requireSignature(context, record, hexlify(reply.signature), community.community)
  const proven = verifyConstant(reply.proof, {
    delegationBase: decodePoint(options.delegationBase, 'delegationBase'),
    operationKey: decodePoint(reply.key33, 'operationKey'),
    owner: ownerBytes(context, owner),
  })
  if (!proven)
    throw new Fault('bad-proof', 'keys: the community gateway cannot follow this key; ask it again', {
      epoch,
    })
  return openOperationKey(auxSecret, reply.sealed, { epoch: context, owner, operationKey: reply.key33 })
}

/**
 * The auxiliary-key exchange (paper §4.1): an auxiliary key signed by the home's account goes to the
 * community gateway over libp2p, the operation key comes back sealed to it. Keeps the key; returns what is to
 * be published.
 */
export async function exchangeKeys(options: KeyExchangeOptions): Promise<KeyGrant> {
  const { store, account, community, epoch, delegation } = options
  const aux = await auxiliaryKeys(options.random)
  const domain = { chainId: community.chainId, monitoring: community.monitoring }
  const record = auxKeyTyped({ home: account.address, epoch, delegation, key: aux.publicKey })
  const request = {
    account: account.address.toLowerCase(),
    epoch,
    delegation,
    auxPublicKey: aux.publicKey,
    signature: getBytes(await signRegistration(account, domain, record)),
  }
  let pair: KeyPair | null = null
  const reply = await requestKeys(options.node, options.gatewayPeerId, request, async (answer) => {
    pair = await checkReply(answer, aux.secretKey, options)
    return answer
  })
  const grant: KeyGrant = { epoch, key: reply.key33, signature: reply.signature, proof: reply.proof }
  await keepKey(store, { owner: account.address.toLowerCase(), delegation }, pair, grant)
  return grant
}

interface KeyPlace {
  readonly owner: string
  readonly delegation: number
}

async function keepKey(
  store: Store,
  { owner, delegation }: KeyPlace,
  pair: KeyPair | null,
  grant: KeyGrant,
): Promise<void> {
  if (pair === null) throw new Fault('impossible', 'keys: a reply was accepted without its key')
  const { epoch } = grant
  const rows = [
    { owner, purpose: keyName(delegation), epoch, value: encodeScalar(pair.secret) },
    {
      owner,
      purpose: grantName(delegation),
      epoch,
      value: Uint8Array.from([...grant.key, ...grant.signature, ...grant.proof]),
    },
  ]
  await store.transaction(async (trx) => {
    for (const row of rows) {
      await trx
        .insertInto('secret')
        .values(row)
        .onConflict((conflict) =>
          conflict.columns(['owner', 'purpose', 'epoch']).doUpdateSet({ value: row.value }),
        )
        .execute()
    }
  })
}

async function secretRow(
  store: Store,
  owner: string,
  purpose: string,
  epoch: number,
): Promise<Uint8Array | null> {
  const row = await store.db
    .selectFrom('secret')
    .select('value')
    .where('owner', '=', owner.toLowerCase())
    .where('purpose', '=', purpose)
    .where('epoch', '=', epoch)
    .executeTakeFirst()
  return row?.value ?? null
}

/** The operation key secrets that the home keeps, its own or those of a delegation, by epoch. */
export async function keptKeys(
  store: Store,
  owner: string,
  delegation = 0,
): Promise<Map<number, Uint8Array>> {
  const rows = await store.db
    .selectFrom('secret')
    .select(['epoch', 'value'])
    .where('owner', '=', owner.toLowerCase())
    .where('purpose', '=', keyName(delegation))
    .execute()
  return new Map(rows.map(({ epoch, value }) => [epoch, value]))
}

/** What was granted for an epoch, if the exchange is done. */
export async function keptGrant(
  store: Store,
  owner: string,
  epoch: number,
  delegation = 0,
): Promise<KeyGrant | null> {
  const value = await secretRow(store, owner, grantName(delegation), epoch)
  if (value === null) return null
  return { epoch, key: value.slice(0, 33), signature: value.slice(33, 98), proof: value.slice(98, 162) }
}

/** The watch is over: what opened the neighbour's readings is gone for good. */
export async function eraseDelegationKeys(store: Store, owner: string, delegation: number): Promise<void> {
  await store.db
    .deleteFrom('secret')
    .where('owner', '=', owner.toLowerCase())
    .where('purpose', 'in', [keyName(delegation), grantName(delegation)])
    .execute()
  await scrubSecrets(store)
}
