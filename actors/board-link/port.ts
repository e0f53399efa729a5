/** A way to one board, whatever carries it: TCP, a serial port, a radio. It is open when one gets it. */
export interface BoardPort {
  /** Sends bytes; what cannot be sent any more shows as a close. */
  send(bytes: Uint8Array): void
  /** One listener: bytes as they come, cut anywhere. */
  onData(listener: (bytes: Uint8Array) => void): void
  /** One listener, called once, also after `close()`. */
  onClose(listener: (reason: string) => void): void
  close(): void
}
