/** What makes a block final on the chain of a gateway: the embedded chain must have been saved, too. */
export type FinalityKind = 'saved' | 'depth'

/** Confirmations after which no honest reorganisation was ever seen. */
const FINAL_DEPTH = 3

/** Says up to which block nothing is taken back any more. */
export interface Finality {
  /** The newest final block when the chain stands at `head`, or null when there is none. */
  newest(head: number): number | null
  /** The embedded chain was saved up to this block. */
  saved(block: number): void
}

export function createFinality(kind: FinalityKind): Finality {
  let savedBlock = -1
  return {
    newest(head) {
      const deep = head - FINAL_DEPTH
      const block = kind === 'saved' ? Math.min(deep, savedBlock) : deep
      return block < 0 ? null : block
    },
    saved(block) {
      savedBlock = block
    },
  }
}
