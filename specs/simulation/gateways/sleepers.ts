/**
 * Trades for which nothing can come before a moment, unless their auction tells something or a call is
 * refused: at most blocks they need not be looked at.
 */
export class Sleepers {
  readonly #untilMs = new Map<string, number>()
  #failures = 0

  /** Whether a trade sleeps at a moment; all wake when one more call was refused. */
  isAsleep(subject: string, nowMs: number, failures: number): boolean {
    if (failures !== this.#failures) this.#untilMs.clear()
    this.#failures = failures
    return (this.#untilMs.get(subject) ?? 0) > nowMs
  }

  /** Lets a trade sleep; null leaves it awake. */
  lay(subject: string, untilMs: number | null): void {
    if (untilMs !== null) this.#untilMs.set(subject, untilMs)
  }

  wake(subject: string | undefined): void {
    if (subject !== undefined) this.#untilMs.delete(subject)
  }

  wakeAll(): void {
    this.#untilMs.clear()
  }
}
