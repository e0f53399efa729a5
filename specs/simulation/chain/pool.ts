import type { SimulatedChain } from './chain.ts'
import { readSigned, type SignedTransaction } from './signer.ts'

/** What a node says to a transaction that it does not take: Geth's words. */
export const WORDS = {
  known: 'already known',
  low: 'nonce too low',
  under: 'replacement transaction underpriced',
  cheap: 'transaction underpriced: max fee per gas less than block base fee',
  full: 'txpool is full',
} as const

const byFee = (a: SignedTransaction, b: SignedTransaction): number =>
  a.tipWei > b.tipWei ? -1 : a.tipWei < b.tipWei ? 1 : a.hash < b.hash ? -1 : 1

/** Calls that no block holds yet; the nodes share it, and may lose of it. */
export class Pool {
  readonly #chain: SimulatedChain
  readonly #waiting = new Map<string, Map<number, SignedTransaction>>()
  /** The only content that each nonce may have: told what was ever offered. */
  onOffered: (transaction: SignedTransaction) => void = () => undefined

  constructor(chain: SimulatedChain) {
    this.#chain = chain
  }

  get size(): number {
    let size = 0
    for (const each of this.#waiting.values()) size += each.size
    return size
  }

  /** Accounts whose calls wait in it. */
  accounts(): string[] {
    return [...this.#waiting.keys()]
  }

  /** Whether an account has several calls in it. */
  isCrowded(): boolean {
    for (const each of this.#waiting.values()) if (each.size > 1) return true
    return false
  }

  /** Takes a transaction; null, or why it is not taken. */
  offer(raw: Uint8Array): { hash: string; refusal: string | null } {
    const transaction = readSigned(raw)
    this.onOffered(transaction)
    return { hash: transaction.hash, refusal: this.#add(transaction) }
  }

  /** Takes a transaction that no gateway has offered. */
  add(transaction: SignedTransaction): void {
    this.#add(transaction)
  }

  #add(transaction: SignedTransaction): string | null {
    const { from, nonce, maxFeeWei, tipWei, hash } = transaction
    if (nonce < this.#chain.usedNonces(from)) return WORDS.low
    const own = this.#waiting.get(from) ?? new Map<number, SignedTransaction>()
    const there = own.get(nonce)
    if (there?.hash === hash) return WORDS.known
    if (there !== undefined) {
      const tenthMore = (wei: bigint) => wei + wei / 10n
      const enough = maxFeeWei >= tenthMore(there.maxFeeWei) && tipWei >= tenthMore(there.tipWei)
      if (!enough) return WORDS.under
    }
    if (maxFeeWei < this.#chain.baseFeeWei) return WORDS.cheap
    this.#waiting.set(from, own.set(nonce, transaction))
    return null
  }

  /** What the next block may hold, in the order in which it is tried. */
  next(gasLimit: number): SignedTransaction[] {
    const chosen: SignedTransaction[] = []
    let gas = 0
    const heads = [...this.#waiting.entries()].map(([from, own]) => ({
      own,
      nonce: this.#chain.usedNonces(from),
    }))
    for (;;) {
      const ready = heads.flatMap((each) => {
        const found = each.own.get(each.nonce)
        const payable = found !== undefined && found.maxFeeWei >= this.#chain.baseFeeWei + found.tipWei
        return payable ? [{ each, found }] : []
      })
      if (ready.length === 0) return chosen
      ready.sort((a, b) => byFee(a.found, b.found))
      for (const { each, found } of ready) {
        if (gas + found.gas > gasLimit && chosen.length > 0) return chosen
        gas += found.gas
        chosen.push(found)
        each.nonce += 1
      }
    }
  }

  /** Forgets what the chain holds by now. */
  clean(): void {
    for (const [from, own] of this.#waiting) {
      const used = this.#chain.usedNonces(from)
      for (const nonce of own.keys()) if (nonce < used) own.delete(nonce)
      if (own.size === 0) this.#waiting.delete(from)
    }
  }

  /** What a fork took back is offered again, as nodes do, unless it is lost. */
  restore(transactions: readonly SignedTransaction[]): void {
    for (const transaction of transactions) this.#add(transaction)
  }

  lose(wanted: (transaction: SignedTransaction) => boolean): number {
    let lost = 0
    for (const [from, own] of this.#waiting) {
      for (const [nonce, transaction] of own) {
        if (!wanted(transaction)) continue
        own.delete(nonce)
        lost += 1
      }
      if (own.size === 0) this.#waiting.delete(from)
    }
    return lost
  }
}
