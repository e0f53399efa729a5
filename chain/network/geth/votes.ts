import { existsSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import { badField, Fault } from '../../../protocols/rules/fault.ts'
import { writeDurably } from '../chain-folder.ts'
import { signersOf } from './clique.ts'
import type { Ipc } from './ipc.ts'

const votesSchema = z.array(z.object({ address: z.string(), add: z.boolean() }))

/** A signer's wish that an account begin or cease to seal. It stands until enough signers share it. */
export type Vote = z.infer<typeof votesSchema>[number]

/** With two signers the chain stops as soon as one is away; each seals every other block. */
const LEAST_SIGNERS = 3

const nothing = z.unknown()

/** The votes that a node has written down. Geth itself forgets them whenever it ends. */
export function readVotes(file: string): Vote[] {
  if (!existsSync(file)) return []
  try {
    return votesSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    throw new Fault('bad-votes', `${file}: is damaged; remove it and vote again`, { file })
  }
}

const keep = (file: string, votes: readonly Vote[]): Promise<void> =>
  writeDurably(file, `${JSON.stringify(votes, null, 2)}\n`)

/** Checks a vote against the signers of now. Faults: `bad-field`, `vote-moot`, `too-few-signers`. */
export function requireSense(vote: Vote, signers: readonly string[]): void {
  const { address, add } = vote
  if (!/^0x[0-9a-f]{40}$/.test(address)) throw badField('address', '0x and 40 hex digits', address)
  if (signers.includes(address) === add) {
    const state = add ? 'is a signer already' : 'is no signer'
    throw new Fault('vote-moot', `${address}: ${state}; "meterhood chain signers" lists them`, { address })
  }
  if (add || signers.length > LEAST_SIGNERS) return
  const message =
    `${address}: without it ${signers.length - 1} signers are left, and losing one more stops the chain; ` +
    'add its replacement first, or use --force'
  throw new Fault('too-few-signers', message, { address, signers: signers.length })
}

/** Writes a vote down, then tells it the node. It takes the place of an earlier one on the same account. */
export async function castVote(ipc: Ipc, file: string, vote: Vote): Promise<void> {
  const others = readVotes(file).filter(({ address }) => address !== vote.address)
  await keep(file, [...others, vote])
  await ipc.ask('clique_propose', [vote.address, vote.add], nothing)
}

/** Takes a vote back. Fault: `no-vote`. */
export async function withdrawVote(ipc: Ipc, file: string, address: string): Promise<void> {
  const votes = readVotes(file)
  const others = votes.filter((vote) => vote.address !== address)
  if (others.length === votes.length) {
    throw new Fault('no-vote', `${address}: this node has no vote on it`, { address })
  }
  await keep(file, others)
  await ipc.ask('clique_discard', [address], nothing)
}

/**
 * Tells the node every vote that is written down and not carried yet, and forgets those that are. To be
 * called after each start, and now and then: a carried vote that still stood would undo a later one.
 */
export async function settleVotes(ipc: Ipc, file: string): Promise<void> {
  const votes = readVotes(file)
  if (votes.length === 0) return
  const signers = await signersOf(ipc)
  const isCarried = ({ address, add }: Vote): boolean => signers.includes(address) === add
  const carried = votes.filter(isCarried)
  for (const { address } of carried) await ipc.ask('clique_discard', [address], nothing)
  const open = votes.filter((vote) => !isCarried(vote))
  for (const { address, add } of open) await ipc.ask('clique_propose', [address, add], nothing)
  if (carried.length > 0) await keep(file, open)
}
