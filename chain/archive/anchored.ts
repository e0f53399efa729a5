import { Interface } from 'ethers'
import { z } from 'zod'
import { archiveAbi } from '../bindings/archive.gen.ts'
import type { Anchorable } from './anchorable.ts'
import { NO_ARCHIVE } from './statement.ts'

const face = new Interface(archiveAbi)
const answer = z.object({ height: z.bigint(), blockHash: z.string(), root: z.string() })

/** The newest archive that a chain's own state names. */
export interface NewestAnchor {
  readonly height: number
  readonly root: string
}

/** Asks a node one question. */
export type Ask = (method: string, params: readonly unknown[]) => Promise<unknown>

/** What there is where a node's chain does not reach the contract yet. */
const NOTHING = '0x'

/** What is anchored on the chain of a node; null when nothing is. */
export async function newestAnchor(ask: Ask, archive: string): Promise<NewestAnchor | null> {
  const data = face.encodeFunctionData('newest')
  const told = z.string().parse(await ask('eth_call', [{ to: archive, data }, 'latest']))
  if (told === NOTHING) return null
  const found = answer.parse(face.decodeFunctionResult('newest', told).toObject())
  return found.root === NO_ARCHIVE ? null : { height: Number(found.height), root: found.root }
}

/** The call that anchors an archive. */
export const anchorCall = ({ height, blockHash, root, previous, next }: Anchorable): string =>
  face.encodeFunctionData('anchor', [height, blockHash, root, previous, next])

const logReply = z.array(z.object({ topics: z.array(z.string()) }))

/** Whether the log of a chain holds the anchor of an archive. */
export async function isAnchored(ask: Ask, archive: string, { height, root }: Anchorable): Promise<boolean> {
  const topics = face.encodeFilterTopics('Anchored', [height, root])
  const filter = { address: archive, topics, fromBlock: '0x0', toBlock: 'latest' }
  return logReply.parse(await ask('eth_getLogs', [filter])).length > 0
}
