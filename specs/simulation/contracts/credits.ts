import type { Ledger } from '../ledger.ts'
import { Table } from '../ledger.ts'
import { Refused } from './call.ts'

/** What everybody has in the market's contract. */
export class Credits {
  readonly #rows: Table<string, bigint>

  constructor(ledger: Ledger) {
    this.#rows = new Table(ledger)
  }

  of(account: string): bigint {
    return this.#rows.get(account) ?? 0n
  }

  sum(): bigint {
    let sum = 0n
    for (const credit of this.#rows.values()) sum += credit
    return sum
  }

  take(account: string, amount: bigint): void {
    const has = this.of(account)
    if (has < amount) throw new Refused('trading', 'NotEnoughCredit', [account, has, amount])
    this.#rows.set(account, has - amount)
  }

  give(account: string, amount: bigint): void {
    if (amount !== 0n) this.#rows.set(account, this.of(account) + amount)
  }
}
