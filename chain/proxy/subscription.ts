import type { BlockRef, ChainBlock } from './block.ts'
import type { Canonical, MaybeSoon } from './canonical.ts'
import { cutAfter, extend, joined, NO_TRAIL, type Trail } from './trail.ts'

export interface Subscriber {
  readonly name: string
  /** The blocks it has applied; the next one after the newest comes first. */
  readonly trail?: Trail
  /** The first height when the trail is empty; without it, the newest block of the moment. */
  readonly start?: number
  /**
   * A block, with the trail as it is once this block is applied. A throw is told, and the block comes
   * again.
   */
  readonly onBlock: (block: ChainBlock, trail: Trail) => void | Promise<void>
  /**
   * A glance at the block that comes next: true when there is nothing to keep of it, and all that it needs
   * is done. Such a block is passed without `onBlock`, and who is at the head is not woken for it. After
   * false nothing may have changed: the block is applied, and glanced at again before.
   */
  readonly glance?: (block: ChainBlock) => boolean
  /**
   * All blocks at and above `from` are not on the chain any more, or never were; the trail is what
   * remains.
   */
  readonly onFork: (from: number, trail: Trail) => void | Promise<void>
}

export interface Subscription {
  readonly name: string
  /** The last block that was applied or passed. */
  position(): BlockRef | undefined
  /** The blocks that were, as far as they are remembered. */
  trail(): Trail
  /** Blocks still to come. */
  behind(): number
  /** Resolves when it has applied the newest block, forks included. */
  caughtUp(): Promise<void>
  stop(): Promise<void>
}

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 5000

interface Source {
  readonly canonical: Canonical
  /** The blocks up to the head. */
  readonly trail: () => Trail
  /** Counts the forks seen so far. */
  readonly forks: () => number
  readonly onFault: (thrown: unknown, about: string) => void
}

/** One subscriber's walk along the chain, at its own speed. */
export class FeedReader implements Subscription {
  readonly name: string
  readonly #subscriber: Subscriber
  readonly #source: Source
  #trail: Trail
  #forksSeen = -1
  #running: MaybeSoon<void> = undefined
  #isRunning = false
  /** Whether it has passed all up to the head, however far its own trail goes. */
  #rests = false
  #again = false
  #pauseMs = 0
  #timer: NodeJS.Timeout | undefined
  #stopped = false
  #waiting: (() => void)[] = []

  constructor(subscriber: Subscriber, source: Source) {
    this.name = subscriber.name
    this.#subscriber = subscriber
    this.#source = source
    this.#trail = subscriber.trail ?? NO_TRAIL
  }

  position(): BlockRef | undefined {
    return this.#rests ? this.#source.canonical.head() : this.#trail.at(-1)
  }

  trail(): Trail {
    return this.#rests ? joined(this.#trail, this.#source.trail()) : this.#trail
  }

  behind(): number {
    const head = this.#source.canonical.head()
    return head === undefined ? 0 : Math.max(0, head.number - this.#next(head) + 1)
  }

  caughtUp(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      this.wake()
    })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await this.#running
    this.#tellWaiting()
  }

  /** A block has come after those of `before`. */
  see(block: ChainBlock, before: Trail): void {
    if (!this.#rests || !this.#passes(block)) this.rouse(before)
  }

  /** A glance that throws is no other reader's trouble: it is glanced once more where faults are told. */
  #passes(block: ChainBlock): boolean {
    try {
      return this.#subscriber.glance?.(block) === true
    } catch {
      return false
    }
  }

  /** Goes on from `before`, if it has passed all of it. */
  rouse(before: Trail): void {
    if (this.#rests) this.#trail = joined(this.#trail, before)
    this.#rests = false
    this.wake()
  }

  wake(): void {
    if (this.#stopped || this.#timer !== undefined) return
    if (this.#isRunning) {
      this.#again = true
      return
    }
    this.#again = false
    if (this.#hasMore()) {
      this.#isRunning = true
      this.#running = this.#run()
    } else if (this.#source.canonical.head() !== undefined) this.#tellWaiting()
  }

  /** Goes on as far as there is something: at once, but for what is to be waited for. */
  #run(): MaybeSoon<void> {
    try {
      while (!this.#stopped && this.#hasMore()) {
        const step = this.#stepOn()
        if (step instanceof Promise) {
          return step.then(
            (more) => this.#goOn(more),
            (thrown: unknown) => this.#fail(thrown),
          )
        }
        if (!step) break
        this.#pauseMs = 0
      }
      return this.#goOn(false)
    } catch (thrown) {
      this.#fail(thrown)
    }
  }

  #goOn(hasStepped: boolean): MaybeSoon<void> {
    if (hasStepped) {
      this.#pauseMs = 0
      return this.#run()
    }
    if (this.#isWanted()) {
      this.#again = false
      return this.#run()
    }
    this.#isRunning = false
    if (this.#source.canonical.head() === undefined) return
    this.#rests = this.#subscriber.glance !== undefined && !this.#stopped && !this.#hasMore()
    this.#tellWaiting()
  }

  #fail(thrown: unknown): void {
    this.#isRunning = false
    this.#source.onFault(thrown, this.name)
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, this.#pauseMs * 2))
    if (this.#stopped) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.wake()
    }, this.#pauseMs)
  }

  #next(head: ChainBlock): number {
    if (this.#rests) return head.number + 1
    const last = this.#trail.at(-1)
    return last === undefined ? (this.#subscriber.start ?? head.number) : last.number + 1
  }

  /** Whether somebody woke it meanwhile. */
  #isWanted(): boolean {
    return this.#again && !this.#stopped
  }

  #hasMore(): boolean {
    const head = this.#source.canonical.head()
    return head !== undefined && (this.#source.forks() !== this.#forksSeen || this.#next(head) <= head.number)
  }

  /** Applies one block or one fork, at once when it is there; false when there is nothing left to do. */
  #stepOn(): MaybeSoon<boolean> {
    const { canonical, forks } = this.#source
    const head = canonical.head()
    if (head === undefined) return false
    if (forks() !== this.#forksSeen) return this.#seeForks(forks())
    const next = this.#next(head)
    if (next > head.number) return false
    const block = canonical.block(next)
    return block instanceof Promise ? block.then((read) => this.#apply(read)) : this.#apply(block)
  }

  async #seeForks(forks: number): Promise<true> {
    const last = this.#trail.at(-1)
    if (last !== undefined && !(await this.#source.canonical.holds(last))) await this.#goBack()
    this.#forksSeen = forks
    return true
  }

  #apply(block: ChainBlock | undefined): MaybeSoon<boolean> {
    if (block === undefined) return false
    const last = this.#trail.at(-1)
    if (last !== undefined && block.parentHash !== last.hash) return this.#goBack()
    const trail = extend(this.#trail, block)
    if (this.#subscriber.glance?.(block) === true) return this.#keep(trail)
    const applied = this.#subscriber.onBlock(block, trail)
    if (applied instanceof Promise) return applied.then(() => this.#keep(trail))
    return this.#keep(trail)
  }

  #keep(trail: Trail): true {
    this.#trail = trail
    return true
  }

  async #goBack(): Promise<true> {
    const known = await this.#newestHeld()
    const kept = known === undefined ? [] : cutAfter(this.#trail, known.number)
    await this.#subscriber.onFork(
      known === undefined ? (this.#subscriber.start ?? 0) : known.number + 1,
      kept,
    )
    return this.#keep(kept)
  }

  async #newestHeld(): Promise<BlockRef | undefined> {
    for (const ref of this.#trail.toReversed()) {
      if (await this.#source.canonical.holds(ref)) return ref
    }
    return undefined
  }

  #tellWaiting(): void {
    if (this.#again && !this.#stopped) return
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
