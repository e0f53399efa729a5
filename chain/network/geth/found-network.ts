import { join } from 'node:path'
import type { Clock, RandomSource } from '../../../protocols/rules/clock.ts'
import { requireDistinct, type CommunityNetwork, type NodeCard } from './community-network.ts'
import { cliqueGenesis } from './genesis.ts'
import { NodeFolder } from './node-folder.ts'

/** What a community decides once, when its chain begins. */
export interface FoundingTerms {
  readonly chainId: number
  readonly periodS: number
  readonly gasLimit: number
  /** Accounts that have currency from the first block on. */
  readonly funded: readonly string[]
}

export interface Sources {
  readonly clock: Clock
  readonly random: RandomSource
}

const VANITY_BYTES = 32
const HOST = '127.0.0.1'

/** The network of these members; those of them with an account sign. Faults: `bad-network`, `bad-field`. */
export function foundNetwork(
  members: readonly NodeCard[],
  terms: FoundingTerms,
  { clock, random }: Sources,
): CommunityNetwork {
  requireDistinct(members, 'the members')
  const genesis = cliqueGenesis({
    ...terms,
    signers: members.map(({ signer }) => signer).filter((signer) => signer !== null),
    timestampS: Math.floor(clock.nowMs() / 1000),
    vanity: random(VANITY_BYTES),
  })
  return { version: 1, genesis, members: [...members] }
}

/**
 * Makes a whole network on this machine: a folder and keys for each signer, and one more node that follows
 * and serves the RPC. Ports count up from the first; 0 leaves them to be found at each start.
 */
export async function foundLocally(
  folder: string,
  wanted: { readonly signers: number; readonly firstPort: number; readonly terms: FoundingTerms },
  sources: Sources,
): Promise<NodeFolder[]> {
  const nodes: NodeFolder[] = []
  for (let number = 1; number <= wanted.signers + 1; number += 1) {
    const name = `node-${number}`
    const port = wanted.firstPort === 0 ? 0 : wanted.firstPort + number - 1
    const card = { name, host: HOST, port, signs: number <= wanted.signers }
    nodes.push(await NodeFolder.create(join(folder, name), card, sources.random))
  }
  const network = foundNetwork(
    nodes.map(({ card }) => card),
    wanted.terms,
    sources,
  )
  for (const node of nodes) await node.keepNetwork(network)
  return nodes
}
