import type { Line } from '../../../../../actors/inspection/recording.ts'

/** So long a line may come later than one of a later moment: processes write for themselves. */
const LATE_MS = 300

/** Puts lines of several writers in the order of their moments; those of one writer keep their order. */
export class Ordering {
  #waiting: Line[] = []
  #newestMs = 0
  readonly #newestOf = new Map<string, number>()

  take(line: Line): void {
    // A clock that was set back does not turn a gateway's own order round.
    const before = this.#newestOf.get(line.gateway) ?? 0
    const atMs = Math.max(before, line.atMs)
    this.#newestOf.set(line.gateway, atMs)
    this.#newestMs = Math.max(this.#newestMs, atMs)
    this.#waiting.push(atMs === line.atMs ? line : { ...line, atMs })
  }

  /** The lines that nothing can come before any more; with `all`, every line. */
  ready(all: boolean): readonly Line[] {
    if (this.#waiting.length === 0) return []
    const sorted = this.#waiting.sort((a, b) => a.atMs - b.atMs)
    const until = all ? Infinity : this.#newestMs - LATE_MS
    const first = sorted.findIndex(({ atMs }) => atMs > until)
    if (first === -1) this.#waiting = []
    else this.#waiting = sorted.slice(first)
    return first === -1 ? sorted : sorted.slice(0, first)
  }
}
