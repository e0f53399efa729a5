import type { BlockRef, ChainBlock } from './block.ts'
import { Canonical, type BlockMaker } from './canonical.ts'
import type { Rpc } from './rpc.ts'
import { FeedReader, type Subscriber, type Subscription } from './subscription.ts'

/** `away`: the node does not answer. `stalled`: it answers, but no block came for more than five periods. */
export type FeedState = 'connecting' | 'following' | 'away' | 'stalled' | 'foreign'

/** The chain of one node as far as it was read, and who reads it; when to look is up to the feed. */
export class Following {
  readonly #canonical: Canonical
  readonly #readers = new Set<FeedReader>()
  readonly #listeners = new Set<(state: FeedState) => void>()
  readonly #onFault: (thrown: unknown, about: string) => void
  #state: FeedState = 'connecting'
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
    const wake = (): void => {
      onMove()
      for (const reader of this.#readers) reader.wake()
    }
    return this.#canonical.advance(wake, () => {
      this.#forks += 1
      wake()
    })
  }

  subscribe(subscriber: Subscriber): Subscription {
    const reader = new FeedReader(subscriber, {
      canonical: this.#canonical,
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
