import type { Clock } from '../../protocols/rules/clock.ts'

interface Due {
  readonly atMs: number
  readonly order: number
  readonly run: () => void
}

const isBefore = (a: Due, b: Due): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)

/** Real timers, taken before anything replaces them. */
const realImmediate = globalThis.setImmediate
const realSetTimeout = globalThis.setTimeout
const realClearTimeout = globalThis.clearTimeout

/** Resolves when every promise that can be resolved without time passing has been; Node may do its own. */
const rested = (): Promise<void> => new Promise((resolve) => realImmediate(resolve))

/**
 * The same, from within a promise: Node takes its next tick only when no promise is left to resolve. A turn
 * of its event loop costs ten times as much, and thousands of moments make a day.
 */
const settled = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve))

/** Time as the simulation has it: it passes from one thing that is due to the next, and nowhere else. */
export class SimulatedTime implements Clock {
  #nowMs: number
  #order = 0
  readonly #heap: Due[] = []
  readonly #cancelled = new Set<number>()
  /** Things that were done so far. */
  done = 0

  constructor(startMs: number) {
    this.#nowMs = startMs
  }

  nowMs(): number {
    return this.#nowMs
  }

  /** Does `run` at a moment; gives the number under which it can be forgotten. */
  at(atMs: number, run: () => void): number {
    const due = { atMs: Math.max(atMs, this.#nowMs), order: (this.#order += 1), run }
    this.#push(due)
    return due.order
  }

  after(ms: number, run: () => void): number {
    return this.at(this.#nowMs + ms, run)
  }

  forget(order: number): void {
    this.#cancelled.add(order)
  }

  /** Lets time pass up to a moment. */
  async passUntil(endMs: number): Promise<void> {
    await rested()
    for (;;) {
      const next = this.#heap[0]
      if (next === undefined || next.atMs > endMs) break
      this.#nowMs = next.atMs
      while (this.#heap[0]?.atMs === next.atMs) this.#runNext()
      await settled()
    }
    this.#nowMs = Math.max(this.#nowMs, endMs)
  }

  /** Timers that the product's own code sets run in this time, until the function that it gives is called. */
  takeTimers(): () => void {
    const set = (run: () => void, ms = 0): number => this.after(ms, run)
    const forget = (order: unknown): void => {
      if (typeof order === 'number') this.forget(order)
    }
    Object.assign(globalThis, { setTimeout: set, clearTimeout: forget })
    return () => Object.assign(globalThis, { setTimeout: realSetTimeout, clearTimeout: realClearTimeout })
  }

  #runNext(): void {
    const due = this.#pop()
    if (due === undefined) return
    if (this.#cancelled.delete(due.order)) return
    this.done += 1
    due.run()
  }

  #push(due: Due): void {
    const heap = this.#heap
    let place = heap.length
    heap.push(due)
    while (place > 0) {
      const parent = (place - 1) >> 1
      const above = heap[parent]
      if (above === undefined || !isBefore(due, above)) break
      heap[place] = above
      place = parent
    }
    heap[place] = due
  }

  #pop(): Due | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return first
    let place = 0
    for (;;) {
      const left = heap[2 * place + 1]
      const right = heap[2 * place + 2]
      const next = right !== undefined && left !== undefined && isBefore(right, left) ? right : left
      if (next === undefined || !isBefore(next, last)) break
      heap[place] = next
      place = next === right ? 2 * place + 2 : 2 * place + 1
    }
    heap[place] = last
    return first
  }
}
