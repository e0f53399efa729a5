import { z } from 'zod'
import type { Ipc } from '../../chain/network/geth/ipc.ts'
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

const maybeHeader = z.unknown()
const addresses = z.array(z.string().transform((text) => text.toLowerCase()))
const quantity = (number: number): string => `0x${number.toString(16)}`

/** The chain as a signer's node has it. Faults: `ipc-unreachable`, `rpc-refused`, `rpc-garbage`. */
export interface Branch {
  head(): Promise<BranchBlock>
  /** The node's block at a height, or null above its head. */
  at(number: number): Promise<BranchBlock | null>
  /** The blocks from `head` down, at most `count`, each the parent of the one before. */
  below(head: BranchBlock, count: number): Promise<BranchBlock[]>
  signersAt(hash: string): Promise<readonly string[]>
}

/**
 * Reads blocks from a signer's node by its socket; a header that is not that of its hash is refused. Tells of
 * a signer that sealed two blocks of one height.
 */
export function readBranch(ipc: Ipc, onEquivocation: (second: SealedAt) => void): Branch {
  const witness = createSealWitness()
  const known = new Map<string, BranchBlock>()
  const keep = (raw: unknown): BranchBlock => {
    const block = blockOf(readHeader(raw))
    known.delete(block.hash)
    known.set(block.hash, block)
    if (block.number > 0 && witness.see(block) !== null) onEquivocation(block)
    for (const oldest of known.keys()) {
      if (known.size <= KEPT) break
      known.delete(oldest)
    }
    return block
  }
  const ask = async (method: string, which: string): Promise<BranchBlock | null> => {
    const raw = await ipc.ask(method, [which, false], maybeHeader)
    return raw === null || raw === undefined ? null : keep(raw)
  }
  const parentOf = ({ parentHash }: BranchBlock): Promise<BranchBlock | null> => {
    const kept = known.get(parentHash)
    return kept === undefined ? ask('eth_getBlockByHash', parentHash) : Promise.resolve(kept)
  }
  return {
    head: async () => {
      const head = await ask('eth_getBlockByNumber', 'latest')
      if (head === null) throw new Fault('rpc-garbage', `${ipc.path} has no newest block`)
      return head
    },
    at: (number) => ask('eth_getBlockByNumber', quantity(number)),
    below: async (head, count) => {
      const blocks = [head]
      for (let block = head; blocks.length < count && block.number > 0;) {
        const parent = await parentOf(block)
        if (parent === null) break
        blocks.push(parent)
        block = parent
      }
      return blocks
    },
    signersAt: (hash) => ipc.ask('clique_getSignersAtHash', [hash], addresses),
  }
}

function blockOf(header: WireHeader): BranchBlock {
  const { hash, parentHash } = header
  const number = Number(header.number)
  if (headerHash(header) !== hash) {
    throw new Fault('rpc-garbage', `block ${number}: the node's header is not that of its hash`, { number })
  }
  // The first block has no seal.
  return { number, hash, parentHash, sealer: number === 0 ? '' : (sealerOf(header) ?? '') }
}
