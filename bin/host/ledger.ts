import { z } from 'zod'
import type { Ledger } from '../../actors/finality/desk.ts'
import { headerHash } from '../../chain/verify/encode.ts'
import { listedSigners, sealerOf } from '../../chain/verify/seals.ts'
import { readHeader } from '../../chain/verify/wire.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import type { ChainFeed } from '../../chain/proxy/feed.ts'

const addressesReply = z.array(z.string().transform((text) => text.toLowerCase()))
const hashReply = z.object({ hash: z.string() })
/** What is known of a block is asked again when so many others came. */
const ANSWERS_KEPT = 128

/** The chain as votes are counted on it, and whether anybody votes there. */
export interface SignedLedger extends Ledger {
  /** Whether the first block lists signers. Fault: `foreign-chain` when it is not the block of this hash. */
  hasSigners(genesisHash: string): Promise<boolean>
  /** Who sealed a block; empty for one without a seal, and for one in an archive. */
  sealerOf(hash: string): Promise<string>
}

/** Asks once for each hash; a failure is asked again. */
function remembered<T>(ask: (hash: string) => Promise<T>): (hash: string) => Promise<T> {
  const answers = new Map<string, Promise<T>>()
  return (hash) => {
    const answer = answers.get(hash) ?? ask(hash)
    answers.set(hash, answer)
    answer.catch(() => answers.delete(hash))
    for (const oldest of answers.keys()) {
      if (answers.size <= ANSWERS_KEPT) break
      answers.delete(oldest)
    }
    return answer
  }
}

const ledgers = new WeakMap<ChainFeed, SignedLedger>()

/** One for each feed, since all of them ask the same. */
export function ledgerOf(feed: ChainFeed): SignedLedger {
  const known = ledgers.get(feed)
  if (known !== undefined) return known
  const ledger: SignedLedger = {
    head: () => feed.head(),
    holds: (block) => feed.holds(block),
    signersAt: remembered((hash) => feed.rpc.call('clique_getSignersAtHash', [hash], addressesReply)),
    sealerOf: remembered(async (hash) => {
      const raw = await feed.rpc.call('eth_getBlockByHash', [hash, false], z.unknown())
      // Of a block in an archive the seal is not kept.
      if (raw === null) return ''
      const header = readHeader(raw)
      return headerHash(header) === hash ? (sealerOf(header) ?? '') : ''
    }),
    hasSigners: async (genesisHash) => {
      const own = readHeader(await feed.rpc.call('eth_getBlockByNumber', ['earliest', false], z.unknown()))
      // Where the chain was begun anew, its first block is another, and the community's is in the archive.
      const { hash } = await feed.rpc.call('eth_getBlockByNumber', ['0x0', false], hashReply)
      if (headerHash(own) === own.hash && hash === genesisHash) return listedSigners(own).length > 0
      throw new Fault('foreign-chain', `${feed.rpc.url}: its first block is not the community's`)
    },
  }
  ledgers.set(feed, ledger)
  return ledger
}
