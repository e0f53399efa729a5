import { quorumOf } from './quorum.ts'

/** A signer's vote for a block. */
export interface CastVote {
  readonly signer: string
  readonly number: number
  readonly hash: string
}

/** Votes kept of one signer: more than are cast between a block and its certificate. */
const KEPT_PER_SIGNER = 256
/** Signers kept, those that were voted out too. */
const KEPT_SIGNERS = 64

/** The votes that came, by signer: bounded, so that nobody's votes but one's own can be crowded out. */
export interface VoteBook<V extends CastVote> {
  /** Keeps a vote; a second one of the signer at the height for another block is given back as evidence. */
  add(vote: V): { readonly isNew: boolean; readonly excludes: V | null }
  knows(vote: CastVote): boolean
  /** Votes for this very block, one a signer. */
  forBlock(number: number, hash: string): V[]
  /** Blocks above a height that were voted for, the highest first. */
  blocksAbove(number: number): { readonly number: number; readonly hash: string }[]
  newestOf(signer: string): V | undefined
}

/** An empty book. */
export function createVoteBook<V extends CastVote>(): VoteBook<V> {
  const books = new Map<string, V[]>()
  const all = (): V[] => [...books.values()].flat()
  const bookOf = (signer: string): V[] => {
    const kept = books.get(signer) ?? []
    books.set(signer, kept)
    for (const oldest of books.keys()) {
      if (books.size <= KEPT_SIGNERS) break
      books.delete(oldest)
    }
    return kept
  }
  const same = (one: CastVote, other: CastVote): boolean =>
    one.number === other.number && one.hash === other.hash
  return {
    add: (vote) => {
      const kept = bookOf(vote.signer)
      if (kept.some((each) => same(each, vote))) return { isNew: false, excludes: null }
      const excludes = kept.find(({ number }) => number === vote.number) ?? null
      kept.push(vote)
      kept.splice(0, kept.length - KEPT_PER_SIGNER)
      return { isNew: true, excludes }
    },
    knows: (vote) => books.get(vote.signer)?.some((each) => same(each, vote)) ?? false,
    forBlock: (number, hash) => all().filter((vote) => vote.number === number && vote.hash === hash),
    blocksAbove: (number) => {
      const above = all().filter((vote) => vote.number > number)
      const distinct = new Map(above.map((vote) => [vote.hash, { number: vote.number, hash: vote.hash }]))
      return [...distinct.values()].sort((a, b) => b.number - a.number)
    },
    newestOf: (signer) =>
      books.get(signer)?.reduce((best, vote) => (vote.number > best.number ? vote : best)),
  }
}

/** Of votes for one block those that make it final: Q of the signers of its moment, or null. */
export function certificateOf<V extends CastVote>(
  votes: readonly V[],
  signers: readonly string[],
): V[] | null {
  const counted = signers.flatMap((signer) => votes.find((vote) => vote.signer === signer) ?? [])
  return counted.length >= quorumOf(signers.length) ? counted : null
}

/** How the signers stand, as far as their votes were heard. */
export interface Quorum {
  readonly signers: readonly string[]
  /** Signers that were not heard of for too long. */
  readonly missing: readonly string[]
  /** Whether enough are there for blocks to become final. */
  readonly isReached: boolean
}

/** Who of the signers is missing. */
export function quorumNow(signers: readonly string[], isHeard: (signer: string) => boolean): Quorum {
  const missing = signers.filter((signer) => !isHeard(signer))
  return { signers, missing, isReached: signers.length - missing.length >= quorumOf(signers.length) }
}
