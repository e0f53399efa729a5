import { z } from 'zod'
import type { Clock } from '../../../protocols/rules/clock.ts'
import { signersState, type SignersState } from './clique.ts'
import { chainIdOf, periodSOf } from './community-network.ts'
import { createIpc, type Ipc } from './ipc.ts'
import type { NodeFolder } from './node-folder.ts'
import { peersOf } from './peers.ts'
import { readVotes, type Vote } from './votes.ts'

const hexNumber = z
  .string()
  .regex(/^0x[0-9a-f]+$/)
  .transform(Number)
const block = z.object({ number: hexNumber, hash: z.string(), timestamp: hexNumber })

/** How a node stands; `running` null when it does not answer. */
export interface NodeStatus {
  readonly name: string
  readonly folder: string
  readonly chainId: number
  readonly periodS: number
  /** The account it seals with, or null. */
  readonly signer: string | null
  readonly votes: readonly Vote[]
  readonly running: {
    readonly version: string
    readonly genesisHash: string
    readonly head: { readonly number: number; readonly hash: string; readonly ageS: number }
    /** No block came for five periods. */
    readonly stalled: boolean
    readonly peers: number
    readonly members: number
    readonly signers: SignersState
  } | null
}

const STALLED_PERIODS = 5

/** What tells one chain from another: the hash of its first block. */
export async function genesisHashOf(ipc: Ipc): Promise<string> {
  return (await ipc.ask('eth_getBlockByNumber', ['0x0', false], block)).hash
}

/** Asks a node how it stands. */
export async function statusOf(node: NodeFolder, clock: Clock): Promise<NodeStatus> {
  const network = node.network()
  const { name, signer } = node.card
  const periodS = periodSOf(network)
  const still = { name, folder: node.path, chainId: chainIdOf(network), periodS, signer }
  const votes = readVotes(node.votesFile)
  const ipc = createIpc(node.ipcPath)
  const version = await ipc.ask('web3_clientVersion', [], z.string()).catch(() => null)
  if (version === null) return { ...still, votes, running: null }
  const head = await ipc.ask('eth_getBlockByNumber', ['latest', false], block)
  const peers = await peersOf(ipc, node.card, network.members)
  const ageS = Math.max(0, Math.round(clock.nowMs() / 1000) - head.timestamp)
  const running = {
    version,
    genesisHash: await genesisHashOf(ipc),
    head: { number: head.number, hash: head.hash, ageS },
    stalled: ageS > STALLED_PERIODS * periodS,
    peers: peers.filter(({ connected }) => connected !== null).length,
    members: network.members.length,
    signers: await signersState(ipc, network.members),
  }
  return { ...still, votes, running }
}
