import { z } from 'zod'
import { sealerOf } from '../../verify/seals.ts'
import { readHeader, type WireHeader } from '../../verify/wire.ts'
import type { NodeCard } from './community-network.ts'
import type { Ipc } from './ipc.ts'

const signersReply = z.array(z.string().transform((text) => text.toLowerCase()))
const hexNumber = z
  .string()
  .regex(/^0x[0-9a-f]+$/)
  .transform(Number)

/** A signer as the chain has it, and what it did of late. */
export interface SignerState {
  readonly address: string
  /** The member that says it is this signer; null when none does. */
  readonly name: string | null
  /** Blocks that it sealed among the newest. */
  readonly sealed: number
  /** Its turn came several times, and it sealed nothing. */
  readonly missing: boolean
}

export interface SignersState {
  /** How many of the newest blocks were looked at. */
  readonly blocks: number
  /** How many of them came from the signer whose turn it was. */
  readonly inTurn: number
  readonly signers: readonly SignerState[]
  /** Signers that may be away before no block is made any more. */
  readonly spare: number
}

/** A signer whose turn came this often without a block of its own is missing. */
const TURNS = 4
/** EIP-225: the difficulty of a block by the signer whose turn it is. */
const IN_TURN = 2n

/** Table 1's signer_limit: a signer seals one block in as many as this. */
export const signerLimit = (signers: number): number => Math.floor(signers / 2) + 1

/** Who may seal now, lower-case. */
export const signersOf = (ipc: Ipc): Promise<string[]> => ipc.ask('clique_getSigners', [], signersReply)

/** Reads who may seal, and who did of late. */
export async function signersState(ipc: Ipc, members: readonly NodeCard[]): Promise<SignersState> {
  const signers = await signersOf(ipc)
  const head = await ipc.ask('eth_blockNumber', [], hexNumber)
  const looked = Math.min(head, TURNS * signers.length)
  const numbers = Array.from({ length: looked }, (_, back) => head - back)
  const headers = await Promise.all(numbers.map((number) => headerAt(ipc, number)))
  return judge(signers, headers, members)
}

/** A header as the node has it. */
export async function headerAt(ipc: Ipc, number: number): Promise<WireHeader> {
  return readHeader(await ipc.ask('eth_getBlockByNumber', [`0x${number.toString(16)}`, false], z.unknown()))
}

/** What the newest headers say of the signers. */
export function judge(
  signers: readonly string[],
  headers: readonly WireHeader[],
  members: readonly NodeCard[],
): SignersState {
  const sealers = headers.map(sealerOf)
  const enough = headers.length >= TURNS * signers.length
  const states = signers.map((address): SignerState => {
    const sealed = sealers.filter((sealer) => sealer === address).length
    const name = members.find(({ signer }) => signer === address)?.name ?? null
    return { address, name, sealed, missing: sealed === 0 && enough }
  })
  const present = states.filter(({ missing }) => !missing).length
  return {
    blocks: headers.length,
    inTurn: headers.filter(({ difficulty }) => difficulty === IN_TURN).length,
    signers: states,
    spare: Math.max(0, present - signerLimit(signers.length)),
  }
}
