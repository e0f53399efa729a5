const FIRST_PAUSE_MS = 200
const LONGEST_PAUSE_MS = 5000

/** What an outbox does, one thing after another, and its looking again when there may be something to do. */
export class Turns {
  readonly #look: () => Promise<void>
  readonly #onFault: (thrown: unknown) => void
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0
  #kicked = false
  #timer: NodeJS.Timeout | undefined
  #pauseMs = FIRST_PAUSE_MS
  #stopped = false

  constructor(look: () => Promise<void>, onFault: (thrown: unknown) => void) {
    this.#look = look
    this.#onFault = onFault
  }

  get areOver(): boolean {
    return this.#stopped
  }

  /** Whether nothing is being done. */
  get areIdle(): boolean {
    return this.#waiting === 0
  }

  /** Whether it will look once more, after what is being done. */
  get areDue(): boolean {
    return this.#kicked
  }

  take(work: () => Promise<void>): Promise<void> {
    this.#waiting += 1
    const mine = this.#last.then(() => (this.#stopped ? undefined : work()))
    const over = (): void => void (this.#waiting -= 1)
    this.#last = mine.then(over, over)
    return mine
  }

  /** Looks once more, after what is being done. */
  kick(): void {
    if (this.#kicked || this.#stopped) return
    this.#kicked = true
    const turn = async (): Promise<void> => {
      this.#kicked = false
      await this.#look()
    }
    this.take(turn).catch((thrown: unknown) => {
      this.#onFault(thrown)
      this.later()
    })
  }

  /** Looks once more after a while, a longer one each time. */
  later(): void {
    if (this.#timer !== undefined || this.#stopped) return
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2)
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.kick()
    }, this.#pauseMs)
  }

  /** All is well again. */
  calm(): void {
    this.#pauseMs = FIRST_PAUSE_MS
  }

  /** No further turn is taken. */
  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  /** Resolves when what was being done is done. */
  async rest(): Promise<void> {
    await this.#last
  }
}
