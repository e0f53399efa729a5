/** A block and the signer whose seal it carries. */
export interface SealedAt {
  readonly number: number
  readonly hash: string
  readonly sealer: string
}

/** Heights that are remembered. */
const KEPT_HEIGHTS = 1024

/** Remembers who sealed what: nobody honest seals two blocks of one height. */
export interface SealWitness {
  /** The block of this height that the same signer had sealed before, if it is another one. */
  see(block: SealedAt): SealedAt | null
}

/** A witness that has seen nothing yet. */
export function createSealWitness(): SealWitness {
  const heights = new Map<number, SealedAt[]>()
  return {
    see: (block) => {
      const there = heights.get(block.number) ?? []
      if (there.some(({ hash }) => hash === block.hash)) return null
      const other = there.find(({ sealer }) => sealer === block.sealer)
      heights.set(block.number, [...there, block])
      for (const oldest of heights.keys()) {
        if (heights.size <= KEPT_HEIGHTS) break
        heights.delete(oldest)
      }
      return other ?? null
    },
  }
}
