import { z } from 'zod'
import type { Ledger } from '../../actors/finality/desk.ts'
import { headerHash } from '../../chain/verify/encode.ts'
import { listedSigners } from '../../chain/verify/seals.ts'
import { readHeader } from '../../chain/verify/wire.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import type { ChainFeed } from '../../chain/proxy/feed.ts'

const addressesReply = z.array(z.string().transform((text) => text.toLowerCase()))
/** A set of signers is asked for again when it is older than so many blocks. */
const SIGNER_SETS_KEPT = 128

/** The chain as votes are counted on it, and whether anybody votes there. */
export interface SignedLedger extends Ledger {
  /** Whether the first block lists signers. Fault: `foreign-chain` when it is not the block of this hash. */
  hasSigners(genesisHash: string): Promise<boolean>
}

const ledgers = new WeakMap<ChainFeed, SignedLedger>()

/** One for each feed, since all of them ask the same. */
export function ledgerOf(feed: ChainFeed): SignedLedger {
  const known = ledgers.get(feed)
  if (known !== undefined) return known
  const signers = new Map<string, Promise<readonly string[]>>()
  const ledger: SignedLedger = {
    head: () => feed.head(),
    holds: (block) => feed.holds(block),
    signersAt: (hash) => {
      const asked = signers.get(hash) ?? feed.rpc.call('clique_getSignersAtHash', [hash], addressesReply)
      signers.set(hash, asked)
      asked.catch(() => signers.delete(hash))
      for (const oldest of signers.keys()) {
        if (signers.size <= SIGNER_SETS_KEPT) break
        signers.delete(oldest)
      }
      return asked
    },
    hasSigners: async (genesisHash) => {
      const first = readHeader(await feed.rpc.call('eth_getBlockByNumber', ['0x0', false], z.unknown()))
      if (headerHash(first) === genesisHash) return listedSigners(first).length > 0
      throw new Fault('foreign-chain', `${feed.rpc.url}: its first block is not the community's`)
    },
  }
  ledgers.set(feed, ledger)
  return ledger
}
