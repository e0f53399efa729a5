import { hexlify, Interface } from 'ethers'
import { termsValue, type DelegationTerms } from '../../protocols/messages/delegation-terms.ts'
import { monitoringAbi } from '../bindings/monitoring.gen.ts'
import { quotaAbi } from '../bindings/quota.gen.ts'
import { tokenAbi } from '../bindings/token.gen.ts'

const monitoring = new Interface(monitoringAbi)
const quota = new Interface(quotaAbi)
const token = new Interface(tokenAbi)

/** A key of the delegatee with what vouches for it; bytes are 0x hex. */
interface SignedKey {
  readonly epoch: number
  readonly key: string
  readonly signature: string
  readonly proof: string
}

export interface DelegationAddresses {
  readonly monitoring: string
  readonly quota: string
  readonly token: string
}

/** The calls of a delegation, encoded. */
export function createDelegationCalls(addresses: DelegationAddresses) {
  const call = (name: string, values: readonly unknown[]) => {
    return { to: addresses.monitoring, data: monitoring.encodeFunctionData(name, values) }
  }
  return {
    /** Lets the contract draw a reward. */
    approve: (amountMicroSct: bigint) => {
      const data = token.encodeFunctionData('approve', [addresses.monitoring, amountMicroSct])
      return { to: addresses.token, data }
    },
    register: (terms: DelegationTerms, byDelegator: string, byDelegatee: string, key: SignedKey) => {
      const { epoch, key: bytes, signature, proof } = key
      const signed = { epoch, key: bytes, signature, proof }
      return call('registerDelegation', [termsValue(terms), byDelegator, byDelegatee, signed])
    },
    publishKey: (delegation: number, { epoch, key, signature, proof }: SignedKey) =>
      call('publishKey', [epoch, delegation, key, signature, proof]),
    end: (delegation: number) => call('endDelegation', [delegation]),
    claim: (delegation: number, witness: { count: number; root: Uint8Array; signature: Uint8Array }) => {
      const { count, root, signature } = witness
      return call('claimReward', [delegation, count, hexlify(root), hexlify(signature)])
    },
    returnReward: (delegation: number) => call('returnReward', [delegation]),
  }
}
export type DelegationCalls = ReturnType<typeof createDelegationCalls>

/** What a home reads of the contracts before it delegates. */
export function createDelegationReads(
  read: (to: string, data: string) => Promise<string>,
  addresses: DelegationAddresses,
) {
  const coin = async (name: string, values: readonly unknown[]): Promise<bigint> => {
    const answer = await read(addresses.token, token.encodeFunctionData(name, values))
    return BigInt(String(token.decodeFunctionResult(name, answer)[0]))
  }
  const divided = async (name: string, values: readonly unknown[]): Promise<readonly unknown[]> => {
    const answer = await read(addresses.quota, quota.encodeFunctionData(name, values))
    const found: readonly unknown[] = quota.decodeFunctionResult(name, answer)
    return found
  }
  return {
    balanceOf: (account: string) => coin('balanceOf', [account]),
    /** What a home may use in a period, W and mL; null where no division holds. */
    quotaOf: async (home: string, period: number): Promise<{ powerW: number; waterMl: number } | null> => {
      if ((await divided('revisionAt', [period]))[0] === 0n) return null
      const found = await divided('quotaOf', [home, period])
      return { powerW: Number(found[1]), waterMl: Number(found[2]) }
    },
    /** What the contract may draw of an account's tokens. */
    allowanceOf: (account: string) => coin('allowance', [account, addresses.monitoring]),
  }
}
export type DelegationReads = ReturnType<typeof createDelegationReads>
