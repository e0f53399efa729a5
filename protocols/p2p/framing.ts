import './polyfill.ts'
import type { Stream } from '@libp2p/interface'
import { byteStream } from '@libp2p/utils'
import { Fault } from '../rules/fault.ts'

/** Every frame starts with its length, 32 bits big-endian. A varint may go on for ever; four bytes cannot. */
export const LENGTH_BYTES = 4

/** The prefix of a frame of `length` bytes. */
export function encodeLength(length: number): Uint8Array {
  const prefix = new Uint8Array(LENGTH_BYTES)
  new DataView(prefix.buffer).setUint32(0, length)
  return prefix
}

/**
 * The length that a prefix announces. @throws Fault `message-too-large` before anything is read or allocated
 * for it
 */
export function decodeLength(prefix: Uint8Array, maxBytes: number): number {
  const length = new DataView(prefix.buffer, prefix.byteOffset, LENGTH_BYTES).getUint32(0)
  if (length > maxBytes) {
    throw new Fault('message-too-large', `frame: ${length} bytes announced, at most ${maxBytes} are taken`, {
      length,
      maxBytes,
    })
  }
  return length
}

export interface FrameStream {
  /** The next frame. @throws Fault `message-too-large` */
  read(signal: AbortSignal): Promise<Uint8Array>
  write(bytes: Uint8Array, signal: AbortSignal): Promise<void>
}

/** Frames over a libp2p stream; never more than one frame of `maxReadBytes` is held in memory. */
export function frameStream(stream: Stream, maxReadBytes: number): FrameStream {
  const bytes = byteStream(stream, { maxBufferSize: maxReadBytes + LENGTH_BYTES })
  return {
    read: async (signal) => {
      const prefix = await bytes.read({ bytes: LENGTH_BYTES, signal })
      const length = decodeLength(prefix.subarray(), maxReadBytes)
      if (length === 0) return new Uint8Array(0)
      return (await bytes.read({ bytes: length, signal })).subarray()
    },
    write: async (body, signal) => {
      const framed = new Uint8Array(LENGTH_BYTES + body.length)
      framed.set(encodeLength(body.length))
      framed.set(body, LENGTH_BYTES)
      await bytes.write(framed, { signal })
    },
  }
}
