/**
 * Delegations between homes whose accounts can sign, on the contracts of a `ContractLab`.
 */
import { Interface, keccak256, toUtf8Bytes, Wallet } from 'ethers'
import { tokenAbi } from '../chain/bindings/token.gen.ts'
import { registrationDigest } from '../protocols/crypto/registration.ts'
import {
  delegationTyped,
  termsHashOf,
  termsValue,
  watchedTyped,
  type DelegationTerms,
} from '../protocols/messages/delegation-terms.ts'
import type { Call, ContractLab } from './contract-lab.ts'

export const token = new Interface(tokenAbi)

/** One SCT in the unit that everything is counted in. */
export const SCT = 1_000_000n

/** The n-th of a row of accounts whose keys everybody knows. */
export function party(n: number): Wallet {
  return new Wallet(keccak256(toUtf8Bytes(`party ${n}`)))
}

export class DelegationLab {
  readonly lab: ContractLab
  readonly #wallets: ReadonlyMap<string, Wallet>

  constructor(lab: ContractLab, wallets: readonly Wallet[]) {
    this.lab = lab
    this.#wallets = new Map(wallets.map((wallet) => [wallet.address, wallet]))
  }

  get domain() {
    return { chainId: this.lab.contracts.chainId, monitoring: this.lab.contracts.monitoring }
  }

  /** Gives each home SCT, and lets the contract draw a reward from it. */
  async fund(homes: readonly string[], amount: bigint): Promise<void> {
    const { lab } = this
    for (const home of homes) {
      await lab.do(this.toToken(lab.manager.address, 'createToken', amount, home))
      await lab.do(this.toToken(home, 'approve', lab.contracts.monitoring, amount))
    }
  }

  toToken(from: string, name: string, ...args: readonly unknown[]): Call {
    return { from, to: this.lab.contracts.token, contract: token, name, args }
  }

  async balanceOf(account: string): Promise<bigint> {
    const [value] = await this.lab.read(token, this.lab.contracts.token, 'balanceOf', [account])
    return BigInt(String(value))
  }

  /** Terms for ten slots that begin with the next but one, unless said otherwise. */
  async terms(delegator: string, delegatee: string, change: Partial<DelegationTerms> = {}) {
    const fromSlot = (await this.lab.currentSlot()) + 2
    const terms: DelegationTerms = {
      id: 1,
      delegator,
      delegatee,
      functions: ['readings', 'alarms'],
      fromSlot,
      untilSlot: fromSlot + 10,
      rewardMicroSct: SCT,
      termsHash: termsHashOf('look after the house'),
      ...change,
    }
    return terms
  }

  /** An account's signature over terms; empty when its key is not known here. */
  consent(account: string, terms: DelegationTerms): string {
    const digest = registrationDigest(this.domain, delegationTyped(terms))
    return this.#wallets.get(account)?.signingKey.sign(digest).serialized ?? '0x'
  }

  /** The community's signature over what was acknowledged, or that of another who can sign. */
  witness(id: number, count: number, root: string, by: Wallet = this.lab.manager): string {
    const digest = registrationDigest(this.domain, watchedTyped({ id, count, root }))
    return by.signingKey.sign(digest).serialized
  }

  /** The delegatee's key as the contract takes it. */
  async signedKey(delegatee: string, id: number, epoch = 1) {
    const [, , key, signature, proof] = await this.lab.keyOf(delegatee, epoch, id)
    return { epoch, key, signature, proof }
  }

  async registerCall(terms: DelegationTerms, from = terms.delegator): Promise<Call> {
    return this.lab.toMonitoring(
      from,
      'registerDelegation',
      termsValue(terms),
      this.consent(terms.delegator, terms),
      this.consent(terms.delegatee, terms),
      await this.signedKey(terms.delegatee, terms.id),
    )
  }

  async register(delegator: string, delegatee: string, change: Partial<DelegationTerms> = {}) {
    const terms = await this.terms(delegator, delegatee, change)
    await this.lab.do(await this.registerCall(terms))
    return terms
  }

  endCall(from: string, id = 1): Call {
    return this.lab.toMonitoring(from, 'endDelegation', id)
  }

  /** The delegatee's claim, witnessed by the community. */
  claimCall(from: string, count: number, id = 1, root = keccak256('0x01')): Call {
    return this.lab.toMonitoring(from, 'claimReward', id, count, root, this.witness(id, count, root))
  }

  returnCall(from: string, id = 1): Call {
    return this.lab.toMonitoring(from, 'returnReward', id)
  }

  async keyIdOf(id: number, epoch = 1): Promise<string> {
    return String((await this.lab.readMonitoring('delegationKey', id, epoch))[0])
  }

  async recipientOf(home: string, slot: number, epoch = 1): Promise<unknown[]> {
    return this.lab.readMonitoring('expectedRecipient', home, slot, epoch)
  }
}
