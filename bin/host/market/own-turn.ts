/** How often a home's rules look whether to buy. */
const EVERY_MS = 8_000

/**
 * Whose turn it is: homes look one after the other within the same few seconds, by their accounts, so that a
 * community does not put all its offers into one block.
 */
export class OwnTurn {
  readonly #offsetMs: number
  #newest = -1

  constructor(account: string) {
    this.#offsetMs = Number.parseInt(account.slice(-6), 16) % EVERY_MS
  }

  /** Whether the home's turn has come since it was asked last; times only go forwards. */
  isDue(nowMs: number): boolean {
    const turn = Math.floor((nowMs + this.#offsetMs) / EVERY_MS)
    if (turn <= this.#newest) return false
    this.#newest = turn
    return true
  }
}
