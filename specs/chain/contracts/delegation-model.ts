/** What the contract must say of delegations, written from its interface and not from its code. */
export interface ModelDelegation {
  readonly id: number
  readonly delegator: string
  readonly delegatee: string
  readonly fromSlot: number
  /** The end agreed on, and the end as it is now. */
  readonly slots: number
  until: number
  reward: bigint
  claimed: boolean
  closed: boolean
}

const WEEK_MS = 7 * 86_400_000

export class DelegationModel {
  readonly delegations = new Map<number, ModelDelegation>()
  readonly balances = new Map<string, bigint>()
  readonly #sampleMs: number

  constructor(sampleMs: number, homes: readonly string[], funds: bigint) {
    this.#sampleMs = sampleMs
    for (const home of homes) this.balances.set(home, funds)
  }

  /** What is kept for delegatees and not paid out. */
  get escrow(): bigint {
    return [...this.delegations.values()].reduce((sum, { reward }) => sum + reward, 0n)
  }

  register(
    terms: {
      id: number
      delegator: string
      delegatee: string
      fromSlot: number
      untilSlot: number
      reward: bigint
    },
    current: number,
  ): boolean {
    const { id, delegator, delegatee, untilSlot, reward } = terms
    const fromSlot = Math.max(terms.fromSlot, current + 1)
    const newest = this.newest(delegator)
    const standing = newest !== undefined && current < newest.until
    const payable = (this.balances.get(delegator) ?? 0n) >= reward
    if (
      this.delegations.has(id) ||
      delegator === delegatee ||
      standing ||
      untilSlot <= fromSlot ||
      !payable
    ) {
      return false
    }
    const slots = untilSlot - terms.fromSlot
    this.delegations.set(id, {
      ...{ id, delegator, delegatee, fromSlot, slots, until: untilSlot, reward },
      claimed: false,
      closed: false,
    })
    this.#pay(delegator, -reward)
    return true
  }

  end(id: number, caller: string, current: number): boolean {
    const found = this.delegations.get(id)
    const isParty = caller === found?.delegator || caller === found?.delegatee
    if (found === undefined || !isParty || current + 1 >= found.until) return false
    found.until = Math.max(current + 1, found.fromSlot)
    return true
  }

  claim(id: number, caller: string, count: number, current: number): boolean {
    const found = this.delegations.get(id)
    if (found === undefined || caller !== found.delegatee || found.claimed || found.closed) return false
    if (current < found.until || count > found.until - found.fromSlot) return false
    const paid = (found.reward * BigInt(count)) / BigInt(found.slots)
    found.claimed = true
    found.reward -= paid
    this.#pay(caller, paid)
    return true
  }

  giveBack(id: number, nowMs: number): boolean {
    const found = this.delegations.get(id)
    if (found === undefined || found.closed) return false
    const never = found.until === found.fromSlot
    if (!found.claimed && !never && nowMs < found.until * this.#sampleMs + WEEK_MS) return false
    this.#pay(found.delegator, found.reward)
    found.closed = true
    found.reward = 0n
    return true
  }

  /** The delegation that a reading of this slot falls under; 0 when none. */
  at(home: string, slot: number): number {
    const newest = this.newest(home)
    return newest !== undefined && newest.fromSlot <= slot && slot < newest.until ? newest.id : 0
  }

  newest(home: string): ModelDelegation | undefined {
    return [...this.delegations.values()].filter(({ delegator }) => delegator === home).at(-1)
  }

  #pay(account: string, amount: bigint): void {
    this.balances.set(account, (this.balances.get(account) ?? 0n) + amount)
  }
}
