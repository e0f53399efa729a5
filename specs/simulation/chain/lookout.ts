import { type ChainBlock, makeBlock } from '../../../chain/proxy/block.ts'
import { Following } from '../../../chain/proxy/following.ts'
import type { Header, Receipt } from '../../../chain/proxy/replies.ts'
import type { Rpc } from '../../../chain/proxy/rpc.ts'

export type OnFault = (thrown: unknown, about: string) => void

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
 * Reads the chain of one node for whoever is there: the product's own `Following`, looked after by simulated
 * time. `createChainFeed` polls a node twelve times a second, which no month of simulated time can afford.
 */
export class Lookout {
  readonly following: Following
  readonly #onFaults = new Map<string, OnFault>()
  #looking = false
  #again = false

  constructor(rpc: Rpc) {
    this.following = new Following(
      rpc,
      (thrown, about) => this.#onFaults.get(about)?.(thrown, about),
      sharedBlock,
    )
  }

  /** Who is told what goes wrong while a reader of this name reads. */
  tellOf(reader: string, onFault: OnFault): void {
    this.#onFaults.set(reader, onFault)
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

  async #look(): Promise<void> {
    try {
      await this.following.advance()
      this.following.enter('following')
    } catch {
      this.following.enter('away')
    }
  }
}
