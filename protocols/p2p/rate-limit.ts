import type { Clock } from '../rules/clock.ts'

/** A token bucket: `burst` at once, then `perSecond`. */
export interface RateLimit {
  readonly burst: number
  readonly perSecond: number
}

/** Peers remembered by one limiter; the one seen longest ago is forgotten first. */
export const RATE_PEERS_MAX = 1024

export interface RateLimiter {
  /** True when the peer may go on; false when it has used up its share. */
  take(peer: string): boolean
  /** What was taken turned out to be welcome: it does not count. */
  giveBack(peer: string): void
}

interface Bucket {
  tokens: number
  atMs: number
}

/** One bucket a peer, bounded in number. */
export function createRateLimiter(limit: RateLimit, clock: Clock): RateLimiter {
  const buckets = new Map<string, Bucket>()
  const refilled = (bucket: Bucket, nowMs: number): number => {
    const gained = (Math.max(0, nowMs - bucket.atMs) / 1000) * limit.perSecond
    return Math.min(limit.burst, bucket.tokens + gained)
  }
  const remember = (peer: string, bucket: Bucket): void => {
    buckets.delete(peer)
    buckets.set(peer, bucket)
    if (buckets.size <= RATE_PEERS_MAX) return
    for (const oldest of buckets.keys()) {
      buckets.delete(oldest)
      break
    }
  }
  return {
    take: (peer) => {
      const nowMs = clock.nowMs()
      const tokens = refilled(buckets.get(peer) ?? { tokens: limit.burst, atMs: nowMs }, nowMs)
      const granted = tokens >= 1
      remember(peer, { tokens: granted ? tokens - 1 : tokens, atMs: nowMs })
      return granted
    },
    giveBack: (peer) => {
      const bucket = buckets.get(peer)
      if (bucket !== undefined) bucket.tokens = Math.min(limit.burst, bucket.tokens + 1)
    },
  }
}
