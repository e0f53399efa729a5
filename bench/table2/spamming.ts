import { z } from 'zod'
import { signersOf } from '../../chain/network/geth/clique.ts'
import type { WireHeader } from '../../chain/verify/wire.ts'
import { systemRandom } from '../../bin/clock.ts'
import { hexOf } from '../../chain/verify/encode.ts'
import { sealerOf } from '../../chain/verify/seals.ts'
import {
  blocksMore,
  EPOCH_BLOCKS,
  headerAt,
  headOf,
  untilBlock,
  type Ground,
  type Measured,
} from './ground.ts'

const PROPOSALS = 200
const WATCHED_BLOCKS = 30
const NOBODY = `0x${'00'.repeat(20)}`

const snapshotReply = z.object({ votes: z.array(z.unknown()).nullable() })

async function headersFrom(ground: Ground, first: number, count: number): Promise<WireHeader[]> {
  const headers = []
  for (let number = first; number < first + count; number += 1) headers.push(await headerAt(ground, number))
  return headers
}

function meanGapS(headers: readonly WireHeader[]): number {
  const [first, last] = [headers[0], headers.at(-1)]
  if (first === undefined || last === undefined) return 0
  return Math.round((Number(last.timestamp - first.timestamp) / (headers.length - 1)) * 100) / 100
}

/** Table 2: a signer's votes in every block are "mitigated by placing a limit on the vote window". */
export async function spamming(ground: Ground): Promise<Measured> {
  const { signers, follower, tell } = ground
  const [bad] = signers
  if (bad === undefined) throw new Error('no signer')
  const before = await signersOf(follower.ipc)
  const calm = await headersFrom(
    ground,
    (await headOf(follower.ipc)) - WATCHED_BLOCKS / 2,
    WATCHED_BLOCKS / 2,
  )
  tell(`spamming    one signer proposes ${PROPOSALS} accounts`)
  for (let each = 0; each < PROPOSALS; each += 1) {
    await bad.ipc.ask('clique_propose', [hexOf(systemRandom(20)), true], z.unknown())
  }
  const from = await headOf(follower.ipc)
  await blocksMore(ground, WATCHED_BLOCKS)
  const headers = await headersFrom(ground, from + 1, WATCHED_BLOCKS)
  const own = headers.filter((header) => sealerOf(header) === bad.folder.card.signer)
  const votes = own.filter(({ miner }) => miner !== NOBODY).length
  const nextEpoch = (Math.floor((await headOf(follower.ipc)) / EPOCH_BLOCKS) + 1) * EPOCH_BLOCKS
  tell(`spamming    until block ${nextEpoch}, when open votes are forgotten`)
  await untilBlock(follower.ipc, nextEpoch)
  const open = async (number: number): Promise<number> => {
    const params = [`0x${number.toString(16)}`]
    return (await follower.ipc.ask('clique_getSnapshot', params, snapshotReply)).votes?.length ?? 0
  }
  const figures = {
    proposals: PROPOSALS,
    votesInItsBlocks: votes,
    itsBlocks: own.length,
    blocks: WATCHED_BLOCKS,
    openVotesBeforeEpoch: await open(nextEpoch - 1),
    openVotesAtEpoch: await open(nextEpoch),
    signersUnchanged: String(await signersOf(follower.ipc)) === String(before),
    meanGapSBefore: meanGapS(calm),
    meanGapS: meanGapS(headers),
  }
  const harmless = figures.signersUnchanged && figures.openVotesAtEpoch === 0 && votes <= own.length
  return {
    figures,
    effect:
      `${votes} votes in its ${own.length} of ${WATCHED_BLOCKS} blocks, one in each; no signer came or ` +
      `went; a block every ${figures.meanGapS} s (before: ${figures.meanGapSBefore} s); ` +
      `${figures.openVotesBeforeEpoch} open votes were ` +
      `forgotten at the epoch`,
    claimHolds: harmless ? 'yes' : 'no',
  }
}
