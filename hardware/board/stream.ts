import { Fault, codeOf, messageOf } from '../../protocols/rules/fault.ts'
import { badLength, openWire } from './frame.ts'
import { WIRE_MAX_BYTES } from './layout.ts'

/** What a stream yields for each stretch between two zero bytes. */
export type StreamItem =
  | { readonly ok: true; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly offset: number; readonly fault: Fault; readonly wire: Uint8Array }

/** Counts since the stream began. */
export interface StreamCounts {
  readonly bytes: number
  readonly frames: number
  readonly crcErrors: number
  /** Stretches that were no frame for another reason than their CRC. */
  readonly garbage: number
}

/**
 * Cuts a stream of bytes into frames at its zeros. It keeps at most one frame's length: a longer stretch is
 * reported once as garbage, and the stream finds its feet again at the next zero.
 */
export class FrameStream {
  readonly #pending = new Uint8Array(WIRE_MAX_BYTES)
  #length = 0
  #startedAt = 0
  #bytes = 0
  #frames = 0
  #crcErrors = 0
  #garbage = 0

  get counts(): StreamCounts {
    return { bytes: this.#bytes, frames: this.#frames, crcErrors: this.#crcErrors, garbage: this.#garbage }
  }

  /** The frames, good and bad, that `chunk` completes. Offsets count from the stream's first byte. */
  push(chunk: Uint8Array): StreamItem[] {
    const items: StreamItem[] = []
    for (const byte of chunk) {
      if (byte === 0) {
        if (this.#length > 0) items.push(this.#close())
        this.#startedAt = this.#bytes + 1
        this.#length = 0
      } else {
        if (this.#length < WIRE_MAX_BYTES) this.#pending[this.#length] = byte
        this.#length++
      }
      this.#bytes++
    }
    return items
  }

  #close(): StreamItem {
    const offset = this.#startedAt
    const wire = this.#pending.slice(0, Math.min(this.#length, WIRE_MAX_BYTES))
    try {
      if (this.#length > WIRE_MAX_BYTES) throw badLength(`at most ${WIRE_MAX_BYTES} bytes`, this.#length)
      const bytes = openWire(wire)
      this.#frames++
      return { ok: true, offset, bytes }
    } catch (thrown) {
      const fault = thrown instanceof Fault ? thrown : new Fault(codeOf(thrown), messageOf(thrown))
      if (fault.code === 'bad-crc') this.#crcErrors++
      else this.#garbage++
      return { ok: false, offset, fault, wire }
    }
  }
}
