import { Fault } from '../../protocols/rules/fault.ts'
import { type BlockRef, type ChainBlock, makeBlock } from './block.ts'
import { KnownHashes } from './known-hashes.ts'
import { type Header, maybeHeaderReply, maybeReceiptsReply } from './replies.ts'
import type { Rpc } from './rpc.ts'

/** How many block hashes are remembered, to find where a fork began; deeper ones are asked again. */
const KNOWN_HASHES = 1024
/** How many blocks are kept whole for proxies that are a little behind. */
const KEPT_BLOCKS = 64

/** Makes a block of what the node says of it. */
export type BlockMaker = typeof makeBlock

/** What is there already need not be waited for. */
export type MaybeSoon<T> = T | Promise<T>

const quantity = (number: number): string => `0x${number.toString(16)}`

/** What the node's chain is: asks each block once, follows parents, sees when the past has changed. */
export class Canonical {
  readonly #rpc: Rpc
  readonly #make: BlockMaker
  readonly #hashes = new KnownHashes(KNOWN_HASHES)
  /** By height, the newest at its place. */
  readonly #blocks = new Array<ChainBlock | undefined>(KEPT_BLOCKS).fill(undefined)
  readonly #fetching = new Map<string, Promise<ChainBlock>>()
  #head: ChainBlock | undefined

  constructor(rpc: Rpc, make: BlockMaker = makeBlock) {
    this.#rpc = rpc
    this.#make = make
  }

  head(): ChainBlock | undefined {
    return this.#head
  }

  /** The header at a height, or the newest; undefined when the node's chain is shorter. */
  async header(at: number | 'latest'): Promise<Header | undefined> {
    const which = at === 'latest' ? at : quantity(at)
    return (await this.#rpc.call('eth_getBlockByNumber', [which, false], maybeHeaderReply)) ?? undefined
  }

  /** Whether the node's chain holds this very block. */
  async holds(ref: BlockRef): Promise<boolean> {
    if (this.#head !== undefined && ref.number > this.#head.number) return false
    const known = this.#hashes.at(ref.number) ?? (await this.header(ref.number))?.hash
    return known === ref.hash
  }

  /** The block at a height with its receipts; undefined when the chain is shorter. */
  block(number: number): MaybeSoon<ChainBlock | undefined> {
    const known = this.#hashes.at(number)
    return (known === undefined ? undefined : this.#kept(number, known)) ?? this.#read(number)
  }

  #kept(number: number, hash: string): MaybeSoon<ChainBlock> | undefined {
    const kept = this.#blocks[number % KEPT_BLOCKS]
    return kept?.hash === hash ? kept : this.#fetching.get(hash)
  }

  async #read(number: number): Promise<ChainBlock | undefined> {
    const header = await this.header(number)
    return header === undefined ? undefined : this.#whole(header)
  }

  /** Follows the node to its newest block, telling each step; `onFork` gets the first height that changed. */
  async advance(onBlock: (block: ChainBlock) => void, onFork: (from: number) => void): Promise<void> {
    const latest = await this.header('latest')
    if (latest === undefined) throw new Fault('rpc-garbage', `${this.#rpc.url} has no newest block`)
    for (;;) {
      const head = this.#head
      if (head === undefined) return this.#push(await this.#whole(latest), onBlock)
      if (latest.number <= head.number && this.#hashes.at(latest.number) === latest.hash) {
        if (latest.number < head.number) await this.#retreat(latest.number, onFork)
        return
      }
      const following = latest.number <= head.number ? undefined : this.#following(head, latest)
      const next = following instanceof Promise ? await following : following
      if (next === undefined || next.parentHash !== head.hash) {
        await this.#retreatFrom(head.number, latest, onFork)
        // The node went to another branch since it told of its newest block: the next look asks anew.
        if (this.#head === head) return
      } else this.#push(next, onBlock)
      if (next === undefined && latest.number > head.number) return
    }
  }

  #following(head: ChainBlock, latest: Header): MaybeSoon<ChainBlock | undefined> {
    return latest.number === head.number + 1 ? this.#whole(latest) : this.block(head.number + 1)
  }

  #push(block: ChainBlock, onBlock: (block: ChainBlock) => void): void {
    this.#head = block
    this.#hashes.push(block.number, block.hash)
    onBlock(block)
  }

  /** Finds the last block that is still there, and goes back to it. */
  async #retreatFrom(number: number, latest: Header, onFork: (from: number) => void): Promise<void> {
    let height = Math.min(number, latest.number)
    while (this.#hashes.at(height) !== undefined) {
      const there = height === latest.number ? latest : await this.header(height)
      if (there?.hash === this.#hashes.at(height)) return this.#retreat(height, onFork)
      height -= 1
    }
    // Deeper than we remember: begin anew, and let each proxy find its place by its own trail.
    this.#hashes.clear()
    this.#head = undefined
    onFork(0)
  }

  async #retreat(height: number, onFork: (from: number) => void): Promise<void> {
    const known = this.#hashes.at(height)
    if (known === undefined || this.#head?.number === height) return
    this.#hashes.cutAfter(height)
    const block = await this.block(height)
    if (block?.hash !== known)
      throw new Fault('rpc-unknown', `${this.#rpc.url} changed its chain while asked`)
    this.#head = block
    onFork(height + 1)
  }

  #whole(header: Header): MaybeSoon<ChainBlock> {
    const { number, hash, transactions } = header
    const kept = this.#kept(number, hash)
    if (kept !== undefined) return kept
    if (transactions.length === 0) return this.#keep(this.#make(header, []))
    const soon = this.#fetch(header)
    this.#fetching.set(hash, soon)
    const end = (): void => void this.#fetching.delete(hash)
    soon.then((block) => (this.#keep(block), end()), end)
    return soon
  }

  #keep(block: ChainBlock): ChainBlock {
    this.#blocks[block.number % KEPT_BLOCKS] = block
    return block
  }

  async #fetch(header: Header): Promise<ChainBlock> {
    const receipts = await this.#rpc.call('eth_getBlockReceipts', [header.hash], maybeReceiptsReply)
    if (receipts === null) throw new Fault('rpc-unknown', `no receipts for block ${header.number} yet`)
    return this.#make(header, receipts)
  }
}
