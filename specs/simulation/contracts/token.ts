import type { Ledger } from '../ledger.ts'
import { Cell, Table } from '../ledger.ts'
import { type Caller, Refused } from './call.ts'

const ONE = 1_000_000n
const RESTOCK_PPM = 100_000n
const PPM = 1_000_000n
const ceilDiv = (a: bigint, b: bigint): bigint => (a + b - 1n) / b
const min = (a: bigint, b: bigint): bigint => (a < b ? a : b)

export const TOKEN_AT = '0x00000000000000000000000000000000000000c3'

/** The token's contract at one price: what it holds and what everybody has of it. */
export class Token {
  readonly #balances: Table<string, bigint>
  readonly #allowances: Table<string, bigint>
  readonly #wei: Table<string, bigint>
  readonly supply: Cell<bigint>
  readonly buyWei: bigint
  readonly sellWei: bigint
  readonly minBalanceWei: bigint
  readonly address: string

  constructor(
    ledger: Ledger,
    price: { buyWei: bigint; sellWei: bigint; minBalanceWei: bigint },
    address = TOKEN_AT,
  ) {
    this.#balances = new Table(ledger)
    this.#allowances = new Table(ledger)
    this.#wei = new Table(ledger)
    this.supply = new Cell(ledger, 0n)
    this.buyWei = price.buyWei
    this.sellWei = price.sellWei
    this.minBalanceWei = price.minBalanceWei
    this.address = address
  }

  balanceOf(account: string): bigint {
    return this.#balances.get(account) ?? 0n
  }

  allowanceOf(owner: string, spender: string): bigint {
    return this.#allowances.get(`${owner}>${spender}`) ?? 0n
  }

  weiOf(account: string): bigint {
    return this.#wei.get(account) ?? 0n
  }

  /** What all balances add up to. */
  held(): bigint {
    let sum = 0n
    for (const balance of this.#balances.values()) sum += balance
    return sum
  }

  /** Before the first block: what an account begins with. */
  endow(account: string, tokens: bigint, wei: bigint): void {
    this.#balances.set(account, this.balanceOf(account) + tokens)
    this.supply.set(this.supply.get() + tokens)
    this.#wei.set(account, this.weiOf(account) + wei)
  }

  /** Coins that come with a call, or pay its gas. */
  moveWei(from: string, to: string, wei: bigint): void {
    if (wei === 0n) return
    this.#wei.set(from, this.weiOf(from) - wei)
    this.#wei.set(to, this.weiOf(to) + wei)
  }

  move(by: Caller, from: string, to: string, value: bigint): void {
    const has = this.balanceOf(from)
    if (has < value) throw new Refused('token', 'ERC20InsufficientBalance', [from, has, value])
    this.#balances.set(from, has - value)
    this.#balances.set(to, this.balanceOf(to) + value)
    by.tell('token', { name: 'Transfer', from, to, value })
  }

  /** `transferFrom`, as a contract of ours calls it. */
  take(by: Caller, spender: string, from: string, value: bigint): void {
    const allowed = this.allowanceOf(from, spender)
    if (allowed < value) throw new Refused('token', 'ERC20InsufficientAllowance', [spender, allowed, value])
    if (allowed !== 2n ** 256n - 1n) this.#allowances.set(`${from}>${spender}`, allowed - value)
    this.move(by, from, spender, value)
  }

  approve(by: Caller, spender: string, value: bigint): void {
    this.#allowances.set(`${by.sender}>${spender}`, value)
    by.tell('token', { name: 'Approval', owner: by.sender, spender, value })
  }

  buy(by: Caller, least: bigint): void {
    const bought = (by.valueWei * ONE) / this.buyWei
    if (bought === 0n) throw new Refused('token', 'AmountTooSmall', [by.valueWei])
    const reserve = this.balanceOf(this.address)
    if (bought > reserve) throw new Refused('token', 'ReserveTooSmall', [reserve, bought])
    const { turned, currency } = this.#restock(by, bought)
    const tokens = bought - turned
    if (tokens < least) throw new Refused('token', 'LessThanAsked', [tokens, least])
    this.move(by, this.address, by.sender, tokens)
    by.tell('token', { name: 'Bought', account: by.sender, currency: by.valueWei, tokens })
    this.moveWei(this.address, by.sender, currency)
  }

  sell(by: Caller, tokens: bigint, least: bigint): void {
    const currency = (tokens * this.sellWei) / ONE
    if (currency === 0n) throw new Refused('token', 'AmountTooSmall', [tokens])
    if (currency < least) throw new Refused('token', 'LessThanAsked', [currency, least])
    this.move(by, by.sender, this.address, tokens)
    by.tell('token', { name: 'Sold', account: by.sender, currency, tokens })
    this.moveWei(this.address, by.sender, currency)
  }

  #restock(by: Caller, bought: bigint): { turned: bigint; currency: bigint } {
    // The coins of the call have left the account by now.
    const had = this.weiOf(by.sender) + by.valueWei
    if (had >= this.minBalanceWei) return { turned: 0n, currency: 0n }
    const missing = ceilDiv((this.minBalanceWei - had) * ONE, this.sellWei)
    const turned = min(missing, (bought * RESTOCK_PPM) / PPM)
    const currency = (turned * this.sellWei) / ONE
    return currency === 0n ? { turned: 0n, currency: 0n } : { turned, currency }
  }
}
