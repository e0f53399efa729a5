import { StreamMessageEvent, type Stream } from '@libp2p/interface'
import type { Clock } from '../rules/clock.ts'
import { RATE_PEERS_MAX, type RateLimit } from './rate-limit.ts'

/** What is taken in one go: what stands beside it waits no longer than for this. */
const SLICE_BYTES = 2 * 1024

/** Says how long a peer must wait after so many bytes, ms; 0 while it keeps to its measure. */
export type Delay = (peer: string, bytes: number) => number

/** Counts the bytes of each peer, bounded in number. */
export function createMeter({ burst, perSecond }: RateLimit, clock: Clock): Delay {
  const books = new Map<string, { readonly left: number; readonly atMs: number }>()
  return (peer, bytes) => {
    const nowMs = clock.nowMs()
    const { left, atMs } = books.get(peer) ?? { left: burst, atMs: nowMs }
    const gained = (Math.max(0, nowMs - atMs) / 1_000) * perSecond
    const now = Math.min(burst, left + gained) - bytes
    books.delete(peer)
    books.set(peer, { left: now, atMs: nowMs })
    for (const oldest of books.keys()) {
      if (books.size <= RATE_PEERS_MAX) break
      books.delete(oldest)
    }
    return now >= 0 ? 0 : (-now / perSecond) * 1_000
  }
}

type Bytes = StreamMessageEvent['data']
type Listener = (event: StreamMessageEvent) => void

/**
 * A stream whose bytes come no faster than `delayOf` allows: what is above waits at its sender, since nothing
 * is read meanwhile. libp2p hands over at once whatever has arrived, thousands of words of gossip, and while
 * their signatures are checked nobody else is served.
 */
export function paced(stream: Stream, delayOf: (bytes: number) => number): Stream {
  const pumps = new Map<unknown, Listener>()
  const pumpOf = (listener: unknown): unknown => {
    if (typeof listener !== 'function') return listener
    const pump =
      pumps.get(listener) ?? pumpTo(stream, delayOf, (event) => void Reflect.apply(listener, stream, [event]))
    pumps.set(listener, pump)
    return pump
  }
  return new Proxy(stream, {
    get: (target, key): unknown => {
      const found: unknown = Reflect.get(target, key)
      if (typeof found !== 'function') return found
      return (...values: unknown[]): unknown => {
        const [type, listener, ...rest] = values
        const listens = key === 'addEventListener' || key === 'removeEventListener'
        const given = listens && type === 'message' ? [type, pumpOf(listener), ...rest] : values
        return Reflect.apply(found, target, given)
      }
    },
    set: (target, key, value) => Reflect.set(target, key, value),
  })
}

/** Lets the sender wait, or go on; a stream whose connection has just gone can do neither. */
function halt(stream: Stream, on: boolean): void {
  try {
    if (on && stream.readStatus === 'readable') stream.pause()
    if (!on && stream.readStatus === 'paused') stream.resume()
  } catch (thrown) {
    stream.abort(thrown instanceof Error ? thrown : new Error('gone'))
  }
}

function pumpTo(stream: Stream, delayOf: (bytes: number) => number, deliver: Listener): Listener {
  const waiting: Bytes[] = []
  let isRunning = false
  const pour = async (data: Bytes): Promise<void> => {
    for (let at = 0; at < data.byteLength; at += SLICE_BYTES) {
      const slice = data.subarray(at, Math.min(data.byteLength, at + SLICE_BYTES))
      const delayMs = delayOf(slice.byteLength)
      if (delayMs > 0 || at > 0) {
        halt(stream, true)
        await new Promise((resolve) => setTimeout(resolve, delayMs))
      }
      deliver(new StreamMessageEvent(slice))
    }
  }
  const run = async (): Promise<void> => {
    isRunning = true
    // libp2p hands over what waited in the midst of `resume`, and would undo a pause that is made there.
    await Promise.resolve()
    for (let data = waiting.shift(); data !== undefined; data = waiting.shift()) await pour(data)
    isRunning = false
    halt(stream, false)
  }
  return ({ data }) => {
    waiting.push(data)
    if (!isRunning) void run()
  }
}
