import { getBytes, hexlify, type TypedDataField, verifyTypedData } from 'ethers'
import type { Vote } from '../messages/vote.ts'

/**
 * The chain that a vote speaks of. The first block's hash goes into the signed bytes beside the chain id: two
 * communities may have chosen one chain id, and no vote of one may count in the other.
 */
export interface VoteDomain {
  readonly chainId: number
  readonly genesisHash: string
}

/** What signs votes: an ethers wallet does. */
export interface VoteSigner {
  signTypedData(
    domain: { name: string; version: string; chainId: number; salt: string },
    types: Record<string, TypedDataField[]>,
    value: Record<string, unknown>,
  ): Promise<string>
}

const VOTE_TYPES: Record<string, TypedDataField[]> = {
  Vote: [
    { name: 'number', type: 'uint64' },
    { name: 'hash', type: 'bytes32' },
  ],
}

const domainOf = ({ chainId, genesisHash }: VoteDomain) => ({
  name: 'Meterhood',
  version: '1',
  chainId,
  salt: genesisHash,
})

/** Votes for a block: `Vote(uint64 number,bytes32 hash)` by EIP-712. */
export async function signVote(
  signer: VoteSigner,
  domain: VoteDomain,
  { number, hash }: Pick<Vote, 'number' | 'hash'>,
): Promise<Vote> {
  const signature = await signer.signTypedData(domainOf(domain), VOTE_TYPES, { number, hash })
  return { number, hash, signature: getBytes(signature) }
}

/** Tells whose vote it is. */
export type VoterOf = (domain: VoteDomain, vote: Vote) => string | null

/** `voterOf` for who is asked again and again: the newest answers are remembered. */
export function rememberingVoters(most: number): VoterOf {
  const known = new Map<string, string | null>()
  return (domain, vote) => {
    const { chainId, genesisHash } = domain
    const key = [chainId, genesisHash, vote.number, vote.hash, hexlify(vote.signature)].join()
    const found = known.get(key)
    if (found !== undefined) return found
    const voter = voterOf(domain, vote)
    known.set(key, voter)
    for (const oldest of known.keys()) {
      if (known.size <= most) break
      known.delete(oldest)
    }
    return voter
  }
}

/** The account whose vote this is, lower-case; null when the signature is none. */
export function voterOf(domain: VoteDomain, { number, hash, signature }: Vote): string | null {
  try {
    const value = { number, hash }
    return verifyTypedData(domainOf(domain), VOTE_TYPES, value, hexlify(signature)).toLowerCase()
  } catch {
    return null
  }
}
