/** How many of `signers` may lie, and nothing final is undone all the same: f = ⌊(N − 1) / 3⌋. */
export const toleratedOf = (signers: number): number => Math.max(0, Math.floor((signers - 1) / 3))

/**
 * Votes that make a block final: Q = ⌊(N + f) / 2⌋ + 1. Two groups of so many share more than f signers, so
 * that one of those who voted twice is honest, and an honest one votes for one branch only.
 */
export const quorumOf = (signers: number): number => Math.floor((signers + toleratedOf(signers)) / 2) + 1

/** Distinct sealers at or above a block before it is voted for: more than half of the signers. */
export const sealersOf = (signers: number): number => Math.floor(signers / 2) + 1

/** A block as a voter sees it. */
export interface SealedBlock {
  readonly number: number
  readonly hash: string
  /** The signer whose seal it carries. */
  readonly sealer: string
}

/**
 * The newest block that enough distinct signers stand behind, by having sealed it or a block above it; null
 * when none is known. `branch` is one branch from its head downwards.
 */
export function votableBlock<B extends SealedBlock>(
  branch: readonly B[],
  signers: readonly string[],
): B | null {
  const standing = new Set<string>()
  for (const block of branch) {
    if (signers.includes(block.sealer)) standing.add(block.sealer)
    if (standing.size >= sealersOf(signers.length)) return block
  }
  return null
}
