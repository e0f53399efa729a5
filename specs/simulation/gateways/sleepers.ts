/**
 * Trades for which nothing can come before a moment, unless their auction tells something or a call is
 * refused: at most blocks they need not be looked at.
 */
export class Sleepers {
  readonly #untilMs = new Map<string, number>()
  #failures = 0
  #quietUntilMs = 0

  /** Whether all trades sleep at a moment, as `rest` found, and nothing was said since. */
  areQuiet(nowMs: number, failures: number): boolean {
    return nowMs < this.#quietUntilMs && failures === this.#failures
  }

  /** Finds until when none of these needs to be looked at: `untilMs` at the latest. */
  rest(subjects: Iterable<string>, untilMs: number, failures: number): void {
    this.#meet(failures)
    let quietMs = untilMs
    for (const subject of subjects) quietMs = Math.min(quietMs, this.#untilMs.get(subject) ?? 0)
    this.#quietUntilMs = quietMs
  }

  /** There is something to be looked at. */
  stir(): void {
    this.#quietUntilMs = 0
  }

  /** Whether a trade sleeps at a moment; all wake when one more call was refused. */
  isAsleep(subject: string, nowMs: number, failures: number): boolean {
    this.#meet(failures)
    return (this.#untilMs.get(subject) ?? 0) > nowMs
  }

  /** Lets a trade sleep; null leaves it awake. */
  lay(subject: string, untilMs: number | null): void {
    if (untilMs !== null) this.#untilMs.set(subject, untilMs)
  }

  wake(subject: string | undefined): void {
    this.stir()
    if (subject !== undefined) this.#untilMs.delete(subject)
  }

  wakeAll(): void {
    this.stir()
    this.#untilMs.clear()
  }

  #meet(failures: number): void {
    if (failures !== this.#failures) this.#untilMs.clear()
    this.#failures = failures
  }
}
