import type { DelegationCapabilities, DelegationMessage } from '../../protocols/messages/delegation.ts'
import type { DelegationTerms } from '../../protocols/messages/delegation-terms.ts'
import type { TypedRecord } from '../../protocols/crypto/registration.ts'
import type { Clock } from '../../protocols/rules/clock.ts'
import type { StepRecord } from '../durable.ts'
import type { OutboxPort } from '../outbox-port.ts'
import type { KeyGrant } from '../smart-gateway/joining.ts'
import type { OwnDelegationTable } from '../storage/schema.ts'
import type { Store } from '../storage/store.ts'
import type { DelegationCall } from './machine.ts'

/** A call as the outbox takes it. */
export interface EncodedCall {
  readonly to: string
  readonly data: string
}

/** A key with what vouches for it; bytes are 0x hex. */
export interface SignedKey {
  readonly epoch: number
  readonly key: string
  readonly signature: string
  readonly proof: string
}

/** The community's word on what was acknowledged. */
export interface Witness {
  readonly count: number
  readonly root: Uint8Array
  readonly signature: Uint8Array
}

/** The calls of a delegation, encoded. */
export interface DelegationCallsPort {
  approve(amountMicroSct: bigint): EncodedCall
  register(terms: DelegationTerms, byDelegator: string, byDelegatee: string, key: SignedKey): EncodedCall
  publishKey(delegation: number, key: SignedKey): EncodedCall
  end(delegation: number): EncodedCall
  claim(delegation: number, witness: Witness): EncodedCall
  returnReward(delegation: number): EncodedCall
}

/** What the community gateway does for a delegatee; each throws while it cannot be reached. */
export interface CommunityDesk {
  /** The number of a delegation to come; the same for the same negotiation. */
  number(negotiation: string, delegator: string): Promise<number>
  /** The key of a delegation in the epoch of the moment; the home keeps its secret. */
  key(delegation: number): Promise<KeyGrant>
  witness(delegation: number): Promise<Witness>
}

/** What the machines of a home's delegations act through. */
export interface DelegationPorts {
  readonly store: Store
  readonly clock: Clock
  readonly outbox: OutboxPort
  /** The home's own, lower case. */
  readonly account: string
  readonly sampleMs: number
  /** How long after an end its reward may be claimed. */
  readonly claimMs: number
  readonly calls: DelegationCallsPort
  /** What of the home's tokens the contract may draw. */
  readonly allowance: () => Promise<bigint>
  readonly community: CommunityDesk
  /** Signs as the home's account. */
  readonly sign: (record: TypedRecord) => Promise<string>
  /** Throws unless `signer` signed. */
  readonly requireSignature: (record: TypedRecord, signature: string, signer: string) => void
  /** Hands a word to the home it is for; throws while that cannot be reached, and what it answers. */
  readonly send: (message: DelegationMessage) => Promise<void>
  readonly capabilities: () => DelegationCapabilities
  /** Whether offers of neighbours are taken without asking a person. */
  readonly accepts: () => boolean
  /** A person is to decide. */
  readonly tellPeople: (negotiation: string) => void
  /** Rids the home of the secrets of a delegation. */
  readonly eraseKeys: (delegation: number) => Promise<void>
  readonly inspect?: (record: StepRecord) => void
  readonly onFault: (thrown: unknown, about: string) => void
}

/** A home's part in one delegation. */
export type OwnDelegation = Pick<OwnDelegationTable, 'negotiation' | 'role' | 'peer'>

/** Names a call of a delegation in the outbox: asked twice, it is done once. */
export const callId = (call: DelegationCall, negotiation: string): string => `${call}:${negotiation}`
