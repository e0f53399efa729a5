import type { BlockRef, ChainBlock } from '../../../chain/proxy/block.ts'
import { Canonical } from '../../../chain/proxy/canonical.ts'
import type { ChainFeed, FeedState, Subscriber, Subscription } from '../../../chain/proxy/feed.ts'
import type { Rpc } from '../../../chain/proxy/rpc.ts'
import { FeedReader } from '../../../chain/proxy/subscription.ts'

/**
 * The feed of one gateway: the product's own `Canonical` and `FeedReader`, looked after by simulated
 * time. The
 * product's `createChainFeed` polls a node twelve times a second, which no month of simulated time can
 * afford.
 */
export class SimulatedFeed implements ChainFeed {
  readonly rpc: Rpc
  readonly #chainId: number
  readonly #canonical: Canonical
  readonly #readers = new Set<FeedReader>()
  readonly #listeners = new Set<(state: FeedState) => void>()
  readonly #onFault: (thrown: unknown, about: string) => void
  #state: FeedState = 'connecting'
  #forks = 0
  #looking = false
  #again = false

  constructor(rpc: Rpc, chainId: number, onFault: (thrown: unknown, about: string) => void) {
    this.rpc = rpc
    this.#chainId = chainId
    this.#canonical = new Canonical(rpc)
    this.#onFault = onFault
  }

  chainId(): number {
    return this.#chainId
  }

  genesisHash(): string {
    return ''
  }

  head(): ChainBlock | undefined {
    return this.#canonical.head()
  }

  state(): FeedState {
    return this.#state
  }

  onState(listener: (state: FeedState) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  subscribe(subscriber: Subscriber): Subscription {
    const reader = new FeedReader(subscriber, {
      canonical: this.#canonical,
      forks: () => this.#forks,
      onFault: this.#onFault,
    })
    this.#readers.add(reader)
    reader.wake()
    return reader
  }

  holds(ref: BlockRef): Promise<boolean> {
    return this.#canonical.holds(ref)
  }

  poke(): void {
    if (this.#looking) {
      this.#again = true
      return
    }
    this.#looking = true
    void this.#look().finally(() => {
      this.#looking = false
      if (!this.#again) return
      this.#again = false
      this.poke()
    })
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#readers].map((reader) => reader.stop()))
  }

  async #look(): Promise<void> {
    try {
      await this.#canonical.advance(
        () => this.#wake(),
        () => {
          this.#forks += 1
          this.#wake()
        },
      )
      this.#enter('following')
    } catch {
      this.#enter('away')
    }
  }

  #wake(): void {
    for (const reader of this.#readers) reader.wake()
  }

  #enter(state: FeedState): void {
    if (state === this.#state) return
    this.#state = state
    for (const listener of this.#listeners) listener(state)
  }
}
