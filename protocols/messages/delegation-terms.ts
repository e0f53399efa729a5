import { keccak256, toUtf8Bytes, type TypedDataField } from 'ethers'
import { badField } from '../rules/fault.ts'

/** What may be handed over, by the bit that stands for it in the contract. */
export const DELEGATED_FUNCTIONS = { readings: 1, alarms: 2 } as const
export type DelegatedFunction = keyof typeof DELEGATED_FUNCTIONS

/** The contract keeps an id in 48 bits, a reward in 64. */
export const DELEGATION_ID_MAX = 2 ** 48 - 1
export const REWARD_MAX = 2n ** 64n - 1n

/** What both parties of a delegation consent to; the field meanings are in IDelegation. */
export interface DelegationTerms {
  readonly id: number
  /** The home that is watched. */
  readonly delegator: string
  /** The home that watches. */
  readonly delegatee: string
  readonly functions: readonly DelegatedFunction[]
  readonly fromSlot: number
  /** The first slot that is not delegated any more: every delegation expires. */
  readonly untilSlot: number
  /** For all slots together; what the delegatee does not earn goes back. */
  readonly rewardMicroSct: bigint
  /** keccak256 of the text that both have read, 0x hex. */
  readonly termsHash: string
}

/** A record in the form that EIP-712 signs. */
interface Typed {
  readonly types: Record<string, TypedDataField[]>
  readonly value: Record<string, unknown>
}

const DELEGATION: TypedDataField[] = [
  { name: 'id', type: 'uint64' },
  { name: 'delegator', type: 'address' },
  { name: 'delegatee', type: 'address' },
  { name: 'functions', type: 'uint8' },
  { name: 'fromSlot', type: 'uint64' },
  { name: 'untilSlot', type: 'uint64' },
  { name: 'reward', type: 'uint64' },
  { name: 'terms', type: 'bytes32' },
]
const WATCHED: TypedDataField[] = [
  { name: 'id', type: 'uint64' },
  { name: 'count', type: 'uint32' },
  { name: 'root', type: 'bytes32' },
]

/** The bits of a set of functions, as the contract takes them. */
export function functionBits(functions: readonly DelegatedFunction[]): number {
  return functions.reduce((bits, name) => bits | DELEGATED_FUNCTIONS[name], 0)
}

/** The functions that bits stand for. Throws `bad-field` for none and for unknown bits. */
export function functionsOf(bits: number): DelegatedFunction[] {
  const found = (['readings', 'alarms'] as const).filter((name) => (bits & DELEGATED_FUNCTIONS[name]) !== 0)
  if (found.length > 0 && functionBits(found) === bits) return found
  throw badField('delegation.functions', '1 (readings), 2 (alarms) or 3 (both)', bits)
}

/** The terms as the contract's struct has them. */
export function termsValue(terms: DelegationTerms) {
  const { id, delegator, delegatee, fromSlot, untilSlot, rewardMicroSct, termsHash } = terms
  const functions = functionBits(terms.functions)
  return {
    id,
    delegator,
    delegatee,
    functions,
    fromSlot,
    untilSlot,
    reward: rewardMicroSct,
    terms: termsHash,
  }
}

/** What each party signs to consent: `Delegation(uint64 id,address delegator,…)`. */
export function delegationTyped(terms: DelegationTerms): Typed {
  return { types: { Delegation: DELEGATION }, value: termsValue(terms) }
}

/** How many slots were acknowledged, and the end of the chain of acknowledgements. */
export interface WatchedCount {
  readonly id: number
  readonly count: number
  /** 32 bytes, 0x hex. */
  readonly root: string
}

/** What the community signs for the claim: `Watched(uint64 id,uint32 count,bytes32 root)`. */
export function watchedTyped({ id, count, root }: WatchedCount): Typed {
  return { types: { Watched: WATCHED }, value: { id, count, root } }
}

/** What stands for the text of an agreement. */
export function termsHashOf(text: string): string {
  return keccak256(toUtf8Bytes(text))
}
