/**
 * What makes a block final on the chain of a gateway. `votes`: enough of its signers voted for it or a block
 * above it. `saved`: the embedded chain was saved with it, and it is deep. `depth`: it is deep.
 */
export type FinalityKind = 'votes' | 'saved' | 'depth'

/** Confirmations after which no honest reorganisation was ever seen. */
const FINAL_DEPTH = 3

/** Says up to which block nothing is taken back any more. */
export interface Finality {
  /** The newest final block when the chain stands at `head`, or null when there is none. */
  newest(head: number): number | null
  /** The embedded chain was saved up to this block. */
  saved(block: number): void
  /** The newest block of the node's chain that its signers made final; null when there is none. */
  certified(block: number | null): void
  /** The chain turned out to have no signers: nobody will vote, and depth must do. */
  unsigned(): void
  /** Who knows what keeps blocks from becoming final. */
  explainedBy(words: () => string | null): void
  /** Why nothing becomes final any more, for people; null while all is well. */
  notice(): string | null
}

export function createFinality(kind: FinalityKind): Finality {
  let rule = kind
  let savedBlock = -1
  let certifiedBlock = -1
  let explain = (): string | null => null
  const newest = (head: number): number => {
    const deep = head - FINAL_DEPTH
    if (rule === 'votes') return Math.min(head, certifiedBlock)
    return rule === 'saved' ? Math.min(deep, savedBlock) : deep
  }
  return {
    newest(head) {
      const block = newest(head)
      return block < 0 ? null : block
    },
    saved(block) {
      savedBlock = block
    },
    certified(block) {
      certifiedBlock = block ?? -1
    },
    unsigned() {
      if (rule === 'votes') rule = 'depth'
    },
    explainedBy(words) {
      explain = words
    },
    notice: () => (rule === 'votes' ? explain() : null),
  }
}
