import { hexlify, type Interface } from 'ethers'
import { sealOperationKey } from '../../protocols/crypto/delivery.ts'
import {
  auxKeyTyped,
  opKeyTyped,
  requireSignature,
  signRegistration,
  type RegistrationDomain,
  type TypedDataSigner,
} from '../../protocols/crypto/registration.ts'
import type { KeyReply, KeyRequest } from '../../protocols/messages/keys.ts'
import type { JoinCandidate, JoinDecision } from '../../protocols/p2p/join-server.ts'
import { bytesOfHex } from '../../protocols/p2p/peer-record.ts'
import type { Clock } from '../../protocols/rules/clock.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import type { OutboxPort } from '../outbox-port.ts'
import type { Store } from '../storage/store.ts'
import { delegateeOf } from './delegation-numbers.ts'
import type { Keyring } from './keyring.ts'

/** A new home's first gas: thousands of readings at the fees of a chain of ours. */
export const FIRST_GAS_WEI = 10n ** 17n

export interface MembershipOptions {
  readonly store: Store
  readonly outbox: OutboxPort
  readonly abi: Interface
  readonly monitoring: string
  readonly clock: Clock
  /** Puts the question to the community gateway's machine. */
  readonly ask: (account: string, peerKey: string) => void
}

/** Admits homes on the chain; a joiner waits for the chain's word. */
export interface MembershipDesk {
  /** For the join protocol: resolves when the chain has admitted the home. */
  decide(candidate: JoinCandidate, invited: { name: string; weight: number }): Promise<JoinDecision>
  /** The machine's effect: the member's row, the admission and the first gas, in one transaction. */
  admit(account: string, peerKey: string): Promise<void>
  /** The chain told that a home is admitted. */
  admitted(account: string): void
}

/** Whether a member's row is that of one that takes part. */
export const isMember = (state: string): boolean => state === 'admitted' || state === 'active'

export function createMembershipDesk(options: MembershipOptions): MembershipDesk {
  const { store, outbox, abi, monitoring } = options
  const waiting = new Map<string, Set<(decision: JoinDecision) => void>>()

  const memberOf = (account: string) =>
    store.db
      .selectFrom('member')
      .select(['state', 'admitted_block'])
      .where('account', '=', account)
      .executeTakeFirst()

  return {
    async decide(candidate, invited) {
      const account = candidate.account.toLowerCase()
      const known = await memberOf(account)
      if (known !== undefined && isMember(known.state)) return { admitted: true }
      await store.transaction(async (trx) => {
        await trx
          .insertInto('member')
          .values({
            account,
            peer_key: hexlify(candidate.peerKey),
            name: invited.name,
            state: 'invited',
            epoch: null,
            delegation: null,
            operation_key: null,
            admitted_block: null,
            joined_at_ms: options.clock.nowMs(),
            last_slot: null,
            weight: invited.weight,
          })
          .onConflict((conflict) => conflict.doNothing())
          .execute()
      })
      const decision = new Promise<JoinDecision>((resolve) => {
        waiting.set(account, (waiting.get(account) ?? new Set()).add(resolve))
      })
      options.ask(account, hexlify(candidate.peerKey))
      return decision
    },
    async admit(account, peerKey) {
      const data = abi.encodeFunctionData('admit', [account, peerKey])
      const earlier = (await memberOf(account))?.admitted_block ?? null
      // One that was removed and comes back is another admission.
      const who = earlier === null ? account : `${account}:${earlier}`
      await store.transaction(async (trx) => {
        await outbox.enqueue(trx, { id: `admit:${who}`, kind: 'admit', to: monitoring, data })
        await outbox.enqueue(trx, {
          id: `gas:${who}`,
          kind: 'gas',
          to: account,
          data: '0x',
          valueWei: FIRST_GAS_WEI,
        })
      })
    },
    admitted(account) {
      for (const resolve of waiting.get(account) ?? []) resolve({ admitted: true })
      waiting.delete(account)
    },
  }
}

/** The account that signed a key request, or undefined. */
export function keyRequestSigner(request: KeyRequest, domain: RegistrationDomain): string | undefined {
  const record = auxKeyTyped({
    home: request.account,
    epoch: request.epoch,
    delegation: request.delegation,
    key: request.auxPublicKey,
  })
  try {
    requireSignature(domain, record, hexlify(request.signature), request.account)
    return request.account
  } catch {
    return undefined
  }
}

/** A key of a delegation is for its delegatee alone. */
async function requireDelegatee({ account, delegation }: KeyRequest, { db }: Store): Promise<void> {
  const delegatee = await delegateeOf(db, delegation)
  if (delegatee === null) {
    throw new Fault('delegation-unknown', `keys: there is no delegation ${delegation}`, { delegation })
  }
  if (delegatee === account.toLowerCase()) return
  const message = `keys: the key of delegation ${delegation} is for its delegatee`
  throw new Fault('not-the-delegatee', message, { delegation })
}

/** Where keys are issued, and for which epoch. */
export interface IssuingPlace extends RegistrationDomain {
  readonly epoch: number
  readonly store: Store
}

/**
 * Issues an operation key, a home's own or that of a delegation: sealed to its auxiliary key, signed for the
 * contract, with the proof of m_sg. Throws `delegation-unknown`, `not-the-delegatee`, `epoch-unknown`.
 */
export async function issueKey(
  request: KeyRequest,
  keyring: Keyring,
  signer: TypedDataSigner,
  place: IssuingPlace,
): Promise<KeyReply> {
  const { epoch, delegation } = request
  if (delegation !== 0) await requireDelegatee(request, place.store)
  if (epoch !== place.epoch) {
    throw new Fault('epoch-unknown', `keys: epoch ${epoch} is not the current one (${place.epoch})`, {
      epoch,
    })
  }
  const owner = { home: request.account, delegation }
  const { pair, proof } = await keyring.issue(epoch, owner)
  const context = { chainId: place.chainId, monitoring: place.monitoring, epoch }
  const sealed = await sealOperationKey(request.auxPublicKey, pair.secret, {
    epoch: context,
    owner,
    operationKey: pair.bytes,
  })
  const record = opKeyTyped({ home: request.account, epoch, delegation, key: pair.bytes })
  const signature = bytesOfHex(await signRegistration(signer, place, record))
  return { epoch, delegation, key33: pair.bytes, sealed, signature, proof }
}
