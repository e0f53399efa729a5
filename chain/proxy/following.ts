import type { BlockRef, ChainBlock } from './block.ts'
import { Canonical, type BlockMaker } from './canonical.ts'
import type { Rpc } from './rpc.ts'
import { FeedReader, type Subscriber, type Subscription } from './subscription.ts'
import { cutAfter, extend, NO_TRAIL, type Trail } from './trail.ts'

/** `away`: the node does not answer. `stalled`: it answers, but no block came for more than five periods. */
export type FeedState = 'connecting' | 'following' | 'away' | 'stalled' | 'foreign'

/** The chain of one node as far as it was read, and who reads it; when to look is up to the feed. */
export class Following {
  readonly #canonical: Canonical
  readonly #readers = new Set<FeedReader>()
  readonly #listeners = new Set<(state: FeedState) => void>()
  readonly #onFault: (thrown: unknown, about: string) => void
  #state: FeedState = 'connecting'
  #trail: Trail = NO_TRAIL
  #forks = 0

  constructor(rpc: Rpc, onFault: (thrown: unknown, about: string) => void, make?: BlockMaker) {
    this.#canonical = new Canonical(rpc, make)
    this.#onFault = onFault
  }

  head(): ChainBlock | undefined {
    return this.#canonical.head()
  }

  holds(ref: BlockRef): Promise<boolean> {
    return this.#canonical.holds(ref)
  }

  state(): FeedState {
    return this.#state
  }

  onState(listener: (state: FeedState) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  enter(state: FeedState): void {
    if (state === this.#state) return
    this.#state = state
    for (const listener of this.#listeners) listener(state)
  }

  /** Follows the node to its newest block; `onMove` is told each block and each fork. */
  advance(onMove: () => void = () => undefined): Promise<void> {
    const onBlock = (block: ChainBlock): void => {
      const before = this.#trail
      this.#trail = extend(before, block)
      onMove()
      for (const reader of this.#readers) reader.see(block, before)
    }
    const onFork = (from: number): void => {
      const before = this.#trail
      this.#trail = this.#after(cutAfter(before, from - 1))
      this.#forks += 1
      onMove()
      for (const reader of this.#readers) reader.rouse(before)
    }
    return this.#canonical.advance(onBlock, onFork)
  }

  /** A trail that ends with the head: further back, not every block is remembered. */
  #after(kept: Trail): Trail {
    const head = this.#canonical.head()
    return head === undefined || kept.at(-1)?.number === head.number ? kept : extend(kept, head)
  }

  subscribe(subscriber: Subscriber): Subscription {
    const reader = new FeedReader(subscriber, {
      canonical: this.#canonical,
      trail: () => this.#trail,
      forks: () => this.#forks,
      onFault: this.#onFault,
    })
    this.#readers.add(reader)
    reader.wake()
    const stop = async (): Promise<void> => {
      this.#readers.delete(reader)
      await reader.stop()
    }
    return {
      name: reader.name,
      position: () => reader.position(),
      trail: () => reader.trail(),
      behind: () => reader.behind(),
      caughtUp: () => reader.caughtUp(),
      stop,
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#readers].map((reader) => reader.stop()))
    this.#readers.clear()
  }
}
