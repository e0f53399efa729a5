import { z } from 'zod'
import type { ContinuedRpc } from '../../chain/archive/continued-rpc.ts'
import type { BlockRef } from '../../chain/proxy/block.ts'
import { maybeHeaderReply } from '../../chain/proxy/replies.ts'
import { headerHash } from '../../chain/verify/encode.ts'
import { sealerOf } from '../../chain/verify/seals.ts'
import { readHeader, type WireHeader } from '../../chain/verify/wire.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import { createSealWitness, type SealedAt } from '../../protocols/rules/equivocation.ts'
import type { SealedBlock } from '../../protocols/rules/quorum.ts'

/** A block of the signer's node, with its parent. */
export interface BranchBlock extends SealedBlock {
  readonly parentHash: string
}

/** Headers kept, newest first to be forgotten last: more than are looked at from one head. */
const KEPT = 512

const addresses = z.array(z.string().transform((text) => text.toLowerCase()))
const quantity = (number: number): string => `0x${number.toString(16)}`

/** The chain as a signer's node has it, heights counted on over chains. Faults: those of `Rpc`. */
export interface Branch {
  head(): Promise<BranchBlock>
  /** The node's block at a height, or null above its head. */
  at(number: number): Promise<BranchBlock | null>
  /** The blocks from `head` down, at most `count`, each the parent of the one before; sealed ones only. */
  below(head: BranchBlock, count: number): Promise<BranchBlock[]>
  signersAt(hash: string): Promise<readonly string[]>
}

/**
 * Reads blocks from a signer's node by its socket; a header that is not that of its hash is refused. Tells of
 * a signer that sealed two blocks of one height.
 */
export function readBranch(node: ContinuedRpc, onEquivocation: (second: SealedAt) => void): Branch {
  const reader = new BranchReader(node, onEquivocation)
  return {
    head: async () => {
      const head = await reader.at('latest')
      if (head === null) throw new Fault('rpc-garbage', `${node.url} has no newest block`)
      return head
    },
    at: (number) => reader.at(quantity(number)),
    below: (head, count) => reader.below(head, count),
    signersAt: (hash) => node.call('clique_getSignersAtHash', [hash], addresses),
  }
}

class BranchReader {
  readonly #node: ContinuedRpc
  readonly #onEquivocation: (second: SealedAt) => void
  readonly #witness = createSealWitness()
  readonly #known = new Map<string, BranchBlock>()

  constructor(node: ContinuedRpc, onEquivocation: (second: SealedAt) => void) {
    this.#node = node
    this.#onEquivocation = onEquivocation
  }

  async at(which: string): Promise<BranchBlock | null> {
    const header = await this.#node.call('eth_getBlockByNumber', [which, false], maybeHeaderReply)
    return header === null ? null : (this.#known.get(header.hash) ?? this.#read(header))
  }

  /** The seal is in the header as the node has it; blocks of an archive have none any more. */
  async #read({ number, hash, parentHash }: BlockRef & { parentHash: string }): Promise<BranchBlock> {
    const raw = await this.#node.call('eth_getBlockByHash', [hash, false], z.unknown())
    const before = this.#node.follows()?.number ?? 0
    const sealer = raw === null || raw === undefined ? '' : sealerIn(readHeader(raw), hash, number - before)
    return this.#keep({ number, hash, parentHash, sealer })
  }

  #keep(block: BranchBlock): BranchBlock {
    this.#known.delete(block.hash)
    this.#known.set(block.hash, block)
    if (block.sealer !== '' && this.#witness.see(block) !== null) this.#onEquivocation(block)
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= KEPT) break
      this.#known.delete(oldest)
    }
    return block
  }

  async below(head: BranchBlock, count: number): Promise<BranchBlock[]> {
    const blocks: BranchBlock[] = []
    let block: BranchBlock | null = head
    while (block !== null && block.sealer !== '' && blocks.length < count) {
      blocks.push(block)
      block = await this.#parentOf(block)
    }
    return blocks
  }

  /** Null where the node changed its branch meanwhile. */
  async #parentOf({ parentHash, number }: BranchBlock): Promise<BranchBlock | null> {
    const parent = this.#known.get(parentHash) ?? (await this.at(quantity(number - 1)))
    return parent?.hash === parentHash ? parent : null
  }
}

/** Who sealed a block; the first one has no seal. */
function sealerIn(header: WireHeader, hash: string, number: number): string {
  const isTheBlock = headerHash(header) === hash && Number(header.number) === number
  if (isTheBlock) return number === 0 ? '' : (sealerOf(header) ?? '')
  throw new Fault('rpc-garbage', `block ${number}: the node's header is not that of its hash`, { number })
}
