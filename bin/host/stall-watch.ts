import type { FeedState } from '../../chain/proxy/feed.ts'

export interface StallWatchOptions {
  readonly blockPeriodMs: number
  /** A signer that was not heard of for so long is missing. */
  readonly patienceMs: number
  readonly missing: () => readonly string[]
  /** Is told once for each stall. */
  readonly tell: (missing: readonly string[]) => void
}

/** Looks after the time in which every signer that is away is known to be. */
const LOOKS_MORE = 2

/**
 * Tells of a stalled chain as soon as it is known who is missing: that no block comes is noticed before that
 * nobody was heard of. When nobody is missing it tells all the same.
 */
export class StallWatch {
  readonly #options: StallWatchOptions
  #timer: NodeJS.Timeout | undefined

  constructor(options: StallWatchOptions) {
    this.#options = options
  }

  /** The chain stands otherwise now. */
  changed(state: FeedState): void {
    this.stop()
    if (state !== 'stalled') return
    const { blockPeriodMs, patienceMs } = this.#options
    this.#look(Math.ceil(patienceMs / blockPeriodMs) + LOOKS_MORE, [])
  }

  /** Two looks that find the same: signers that went together are not known to be away in the same moment. */
  #look(looksLeft: number, before: readonly string[]): void {
    const missing = this.#options.missing()
    const isSettled = missing.length > 0 && missing.join() === before.join()
    if (isSettled || looksLeft === 0) {
      this.#options.tell(missing)
      return
    }
    this.#timer = setTimeout(() => this.#look(looksLeft - 1, missing), this.#options.blockPeriodMs)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}
