import type { Interface } from 'ethers'
import type { TokenMarket } from '../../protocols/rules/token-price.ts'
import { backingOf, fundingOf } from '../../protocols/rules/token-backing.ts'
import { triesOf } from '../call-tries.ts'
import type { OutboxPort } from '../outbox-port.ts'
import type { Store } from '../storage/store.ts'

/** A creation that the contract refused, because its price moved meanwhile, is sent so many times. */
const MOST_TRIES = 5
const CREATE_GAS = 200_000
const FUND_GAS = 80_000

export interface TokenBackingOptions {
  readonly store: Store
  readonly outbox: OutboxPort
  readonly abi: Interface
  readonly token: string
  /** Micro-SCT that a new member begins with. */
  readonly welcomeMicroSct: bigint
  /** What the community's account may spend now, wei. */
  readonly balanceWei: () => Promise<bigint>
  /** What buying one SCT costs now, wei; 0 before the first price. */
  readonly buyPriceWei: () => Promise<bigint>
  readonly market: () => Promise<TokenMarket>
  /** So much C is missing for what is to be done next; 0: nothing any more. */
  readonly onMissing: (missingWei: bigint) => void
  readonly onFault: (thrown: unknown) => void
}

/**
 * Gives new members their first tokens, once there is a price, with the C that buys them back, and tops the
 * contract up when the market has risen (process 2 of the paper's figure 1). It looks at the store and the
 * chain alone: a crash changes nothing.
 */
export class TokenBacking {
  readonly #options: TokenBackingOptions
  #running: Promise<void> = Promise.resolve()
  #waiting = false
  #owes = false

  constructor(options: TokenBackingOptions) {
    this.#options = options
  }

  /** A member, a price or the account's balance may have changed. */
  wake(): void {
    if (this.#waiting || this.#options.welcomeMicroSct === 0n) return
    this.#waiting = true
    this.#queue(() => {
      this.#waiting = false
      return this.#welcomeAll()
    })
  }

  /** The contract lacks C to follow the market. */
  topUp(): void {
    this.#queue(() => this.#fund())
  }

  /** Whether members wait for their first tokens: for a price, or for money. */
  owes(): boolean {
    return this.#owes
  }

  idle(): Promise<void> {
    return this.#running
  }

  #queue(work: () => Promise<void>): void {
    this.#running = this.#running.then(work).catch(this.#options.onFault)
  }

  async #welcomeAll(): Promise<void> {
    const { store, buyPriceWei, welcomeMicroSct, onMissing } = this.#options
    const homes = await this.#unwelcomed()
    this.#owes = homes.length > 0
    if (homes.length === 0) return
    const price = await buyPriceWei()
    if (price === 0n) return
    const value = backingOf(welcomeMicroSct, price)
    let left = await this.#options.balanceWei()
    for (const { home, attempt } of homes) {
      if (left < value) return onMissing(value * BigInt(homes.length) - left)
      left -= value
      await store.transaction((trx) => this.#create(trx, home, attempt, value))
    }
    onMissing(0n)
    this.#owes = false
  }

  #create(trx: Parameters<OutboxPort['enqueue']>[0], home: string, attempt: number, valueWei: bigint) {
    const { outbox, abi, token, welcomeMicroSct } = this.#options
    const data = abi.encodeFunctionData('createToken', [welcomeMicroSct, home])
    const call = { kind: 'createToken', to: token, data, valueWei, gas: CREATE_GAS }
    return outbox.enqueue(trx, { id: `welcome:${home}:${attempt}`, ...call })
  }

  /** Members whose first tokens are not on their way, and the number of the next try. */
  async #unwelcomed(): Promise<{ home: string; attempt: number }[]> {
    const { store } = this.#options
    const members = await store.db
      .selectFrom('member')
      .select('account')
      .where('state', '=', 'active')
      .orderBy('account')
      .execute()
    const found: { home: string; attempt: number }[] = []
    for (const { account: home } of members) {
      const { count, stands } = await triesOf(store, `welcome:${home}`)
      if (!stands && count < MOST_TRIES) found.push({ home, attempt: count + 1 })
    }
    return found
  }

  async #fund(): Promise<void> {
    const { store, outbox, abi, token, market, balanceWei, onMissing } = this.#options
    const state = await market()
    const valueWei = fundingOf(state)
    if (valueWei === 0n) return
    const left = await balanceWei()
    if (left < valueWei) return onMissing(valueWei - left)
    const data = abi.encodeFunctionData('fund', [])
    // The same shortage has the same name: told twice, it is made up for once.
    const id = `fund:${state.backingWei}:${state.circulating}`
    await store.transaction((trx) =>
      outbox.enqueue(trx, { id, kind: 'fund', to: token, data, valueWei, gas: FUND_GAS }),
    )
    onMissing(0n)
  }
}
