type Undo = () => void

const NOTHING: readonly Undo[] = []

/**
 * What was written, in order, so that it can be taken back: a call that is refused, a block that a fork
 * undoes, a transaction in which its gateway was killed.
 */
export class Ledger {
  #undo: Undo[] = []

  note(undo: Undo): void {
    this.#undo.push(undo)
  }

  mark(): number {
    return this.#undo.length
  }

  /** Takes back everything since a mark. */
  backTo(mark: number): void {
    while (this.#undo.length > mark) this.#undo.pop()?.()
  }

  /** What was written since the last time, to be taken back together later. */
  taken(): readonly Undo[] {
    if (this.#undo.length === 0) return NOTHING
    const taken = this.#undo
    this.#undo = []
    return taken
  }

  /** What was written stays. */
  forget(): void {
    this.#undo.length = 0
  }

  /** Takes back what `taken` gave; nothing later may stand. */
  static undo(taken: readonly Undo[]): void {
    for (let i = taken.length - 1; i >= 0; i -= 1) taken[i]?.()
  }
}

/** A table of values that are replaced as a whole. */
export class Table<K, V> {
  readonly #ledger: Ledger
  readonly #rows = new Map<K, V>()

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  get size(): number {
    return this.#rows.size
  }

  get(key: K): V | undefined {
    return this.#rows.get(key)
  }

  has(key: K): boolean {
    return this.#rows.has(key)
  }

  set(key: K, value: V): void {
    const before = this.#rows.get(key)
    this.#rows.set(key, value)
    const rows = this.#rows
    this.#ledger.note(before === undefined ? () => void rows.delete(key) : () => void rows.set(key, before))
  }

  delete(key: K): void {
    const before = this.#rows.get(key)
    if (before === undefined) return
    this.#rows.delete(key)
    this.#ledger.note(() => this.#rows.set(key, before))
  }

  values(): IterableIterator<V> {
    return this.#rows.values()
  }

  keys(): IterableIterator<K> {
    return this.#rows.keys()
  }

  entries(): IterableIterator<[K, V]> {
    return this.#rows.entries()
  }
}

/** One value that can be taken back. */
export class Cell<V> {
  readonly #ledger: Ledger
  #value: V

  constructor(ledger: Ledger, first: V) {
    this.#ledger = ledger
    this.#value = first
  }

  get(): V {
    return this.#value
  }

  set(value: V): void {
    const before = this.#value
    this.#value = value
    this.#ledger.note(() => {
      this.#value = before
    })
  }
}
