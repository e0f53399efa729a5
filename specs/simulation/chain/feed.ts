import { type BlockRef, type ChainBlock, makeBlock } from '../../../chain/proxy/block.ts'
import type { ChainFeed, FeedState, Subscriber, Subscription } from '../../../chain/proxy/feed.ts'
import { Following } from '../../../chain/proxy/following.ts'
import type { Header, Receipt } from '../../../chain/proxy/replies.ts'
import type { Rpc } from '../../../chain/proxy/rpc.ts'

/** Gateways of one process read the same headers: each block is made once for all of them. */
const blocks = new WeakMap<Header, ChainBlock>()

function sharedBlock(header: Header, receipts: readonly Receipt[]): ChainBlock {
  const known = blocks.get(header)
  if (known !== undefined) return known
  const made = makeBlock(header, receipts)
  blocks.set(header, made)
  return made
}

/**
 * The feed of one gateway: the product's own, looked after by simulated time. `createChainFeed` polls a node
 * twelve times a second, which no month of simulated time can afford.
 */
export class SimulatedFeed implements ChainFeed {
  readonly rpc: Rpc
  readonly #chainId: number
  readonly #following: Following
  #looking = false
  #again = false

  constructor(rpc: Rpc, chainId: number, onFault: (thrown: unknown, about: string) => void) {
    this.rpc = rpc
    this.#chainId = chainId
    this.#following = new Following(rpc, onFault, sharedBlock)
  }

  chainId(): number {
    return this.#chainId
  }

  genesisHash(): string {
    return ''
  }

  head(): ChainBlock | undefined {
    return this.#following.head()
  }

  state(): FeedState {
    return this.#following.state()
  }

  onState(listener: (state: FeedState) => void): () => void {
    return this.#following.onState(listener)
  }

  subscribe(subscriber: Subscriber): Subscription {
    return this.#following.subscribe(subscriber)
  }

  holds(ref: BlockRef): Promise<boolean> {
    return this.#following.holds(ref)
  }

  poke(): void {
    if (this.#looking) {
      this.#again = true
      return
    }
    this.#looking = true
    void this.#look().then(() => {
      this.#looking = false
      if (!this.#again) return
      this.#again = false
      this.poke()
    })
  }

  stop(): Promise<void> {
    return this.#following.stop()
  }

  async #look(): Promise<void> {
    try {
      await this.#following.advance()
      this.#following.enter('following')
    } catch {
      this.#following.enter('away')
    }
  }
}
