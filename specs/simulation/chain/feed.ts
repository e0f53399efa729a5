import type { BlockRef, ChainBlock } from '../../../chain/proxy/block.ts'
import type { ChainFeed, FeedState, Subscriber, Subscription } from '../../../chain/proxy/feed.ts'
import type { Rpc } from '../../../chain/proxy/rpc.ts'
import type { Lookout, OnFault } from './lookout.ts'

/** The feed of one gateway's process: its own way to its node, and what a lookout reads there. */
export class SimulatedFeed implements ChainFeed {
  readonly rpc: Rpc
  readonly #chainId: number
  readonly #lookout: Lookout
  readonly #onFault: OnFault
  readonly #subscriptions: Subscription[] = []
  readonly #forget: (() => void)[] = []

  constructor(rpc: Rpc, chainId: number, lookout: Lookout, onFault: OnFault) {
    this.rpc = rpc
    this.#chainId = chainId
    this.#lookout = lookout
    this.#onFault = onFault
  }

  chainId(): number {
    return this.#chainId
  }

  genesisHash(): string {
    return ''
  }

  head(): ChainBlock | undefined {
    return this.#lookout.following.head()
  }

  state(): FeedState {
    return this.#lookout.following.state()
  }

  onState(listener: (state: FeedState) => void): () => void {
    const forget = this.#lookout.following.onState(listener)
    this.#forget.push(forget)
    return forget
  }

  subscribe(subscriber: Subscriber): Subscription {
    this.#lookout.tellOf(subscriber.name, this.#onFault)
    const subscription = this.#lookout.following.subscribe(subscriber)
    this.#subscriptions.push(subscription)
    return subscription
  }

  holds(ref: BlockRef): Promise<boolean> {
    return this.#lookout.following.holds(ref)
  }

  poke(): void {
    this.#lookout.poke()
  }

  /** Ends what this process reads; others of the same lookout go on. */
  async stop(): Promise<void> {
    for (const forget of this.#forget.splice(0)) forget()
    await Promise.all(this.#subscriptions.splice(0).map((subscription) => subscription.stop()))
  }
}
