import { Interface } from 'ethers'
import { z } from 'zod'
import { archiveAbi } from '../bindings/archive.gen.ts'
import { NO_ARCHIVE, rootOf, type SignedStatement } from './statement.ts'

const face = new Interface(archiveAbi)
const answer = z.object({ height: z.bigint(), blockHash: z.string(), root: z.string() })

/** The newest archive that a chain's own state names. */
export interface NewestAnchor {
  readonly height: number
  readonly root: string
}

/** Asks a node one question. */
export type Ask = (method: string, params: readonly unknown[]) => Promise<unknown>

/** What is anchored on the chain of a node; null when nothing is. */
export async function newestAnchor(ask: Ask, archive: string): Promise<NewestAnchor | null> {
  const data = face.encodeFunctionData('newest')
  const told = z.string().parse(await ask('eth_call', [{ to: archive, data }, 'latest']))
  const found = answer.parse(face.decodeFunctionResult('newest', told).toObject())
  return found.root === NO_ARCHIVE ? null : { height: Number(found.height), root: found.root }
}

/** The call that anchors an archive. */
export function anchorCall({ statement, next }: SignedStatement): string {
  const { block, previous } = statement
  return face.encodeFunctionData('anchor', [block.height, block.hash, rootOf(statement), previous, next])
}

const logReply = z.array(z.object({ topics: z.array(z.string()), data: z.string() }))

/** Whether a chain's log holds the anchor of an archive. */
export async function isAnchored(ask: Ask, { statement }: SignedStatement): Promise<boolean> {
  const event = face.getEvent('Anchored')
  if (event === null) return false
  const topics = face.encodeFilterTopics(event, [statement.block.height, rootOf(statement)])
  const filter = { address: statement.archive, topics, fromBlock: '0x0', toBlock: 'latest' }
  return logReply.parse(await ask('eth_getLogs', [filter])).length > 0
}
