/** A line to one board, whatever carries it: bytes in order, some of them perhaps wrong or missing. */
export interface BoardPort {
  /** Sends bytes; on a closed line they are lost, as on a cut wire. */
  send(bytes: Uint8Array): void
  /** One listener for what comes in. */
  onData(listener: (bytes: Uint8Array) => void): void
  /** One listener, called once when the line has ended, by either side, with the reason in words. */
  onClose(listener: (reason: string) => void): void
  close(): void
}

/** How long opening a line may take, ms. */
export const OPEN_TIMEOUT_MS = 5_000

/** Listeners of a line; what comes before anybody listens is kept for the first listener, up to a limit. */
export class PortListeners {
  #data: ((bytes: Uint8Array) => void) | undefined
  #close: ((reason: string) => void) | undefined
  #early: Uint8Array[] = []
  #ended: string | undefined

  /**
   * Chunks kept while nobody listens; a board that talks longer than this to nobody is not owed an answer.
   */
  static readonly EARLY_CHUNKS_MAX = 64

  onData(listener: (bytes: Uint8Array) => void): void {
    this.#data = listener
    const early = this.#early
    this.#early = []
    for (const bytes of early) listener(bytes)
  }

  onClose(listener: (reason: string) => void): void {
    this.#close = listener
    if (this.#ended !== undefined) listener(this.#ended)
  }

  data(bytes: Uint8Array): void {
    if (this.#data !== undefined) this.#data(bytes)
    else if (this.#early.length < PortListeners.EARLY_CHUNKS_MAX) this.#early.push(bytes)
  }

  ended(reason: string): void {
    if (this.#ended !== undefined) return
    this.#ended = reason
    this.#close?.(reason)
  }
}
