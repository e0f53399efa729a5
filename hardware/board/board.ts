import type { BoardKind } from '../../protocols/rules/reading.ts'

/** A board seen from outside its case: the wire, the lights, the actuator, the passing of time. */
export interface Board {
  readonly kind: BoardKind
  readonly boardId: number
  /** Bytes that the wire brings from the gateway. */
  receive(bytes: Uint8Array): void
  /** Called with the bytes that the board puts on the wire; one listener. */
  onBytes(listener: (bytes: Uint8Array) => void): void
  /** The two lights: link heard, authorised. */
  readonly lights: { readonly link: boolean; readonly authorised: boolean }
  /** Relay closed, or valve open; always true for a board without an actuator. */
  readonly conducting: boolean
  /** Cuts or mends the wire between the board and its sensors. */
  setSensorWire(cut: boolean): void
  /** The moment, unix ms, up to which the board has lived. */
  readonly nowMs: number
  /** Lives on to `untilMs`. */
  advance(untilMs: number): void
  /** Jumps to `nowMs` without living the time between: the board stood still, as after the machine slept. */
  skipTo(nowMs: number): void
}
