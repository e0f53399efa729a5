import type { Connection } from '@libp2p/interface'
import type { Clock } from '../rules/clock.ts'
import type { Membership } from './membership.ts'

/** What a community gateway grants to peers that it does not know yet. */
export interface JoinerLimits {
  /**
   * Unknown peers connected at a time: a whole building may join at once (0.4 MB each), and a flood takes no
   * more.
   */
  readonly maxConnections: number
  /**
   * A joiner must have spoken a valid hello by then: a stranger without an invite holds its place briefly,
   * and a gateway busy with forty handshakes still has time to hear it.
   */
  readonly helloMs: number
  /** Longest stay of a joiner: the chain's admission must fit (a slow chain answers `pending`). */
  readonly stayMs: number
  /** A peer that left without a valid hello is not let in again for this long. */
  readonly coolDownMs: number
}

export const JOINER_LIMITS: JoinerLimits = {
  maxConnections: 64,
  helloMs: 15_000,
  stayMs: 120_000,
  coolDownMs: 10_000,
}

/** Peers kept out for a while; older ones are forgotten first. */
const COOLING_MAX = 256

/**
 * A joiner that became a member is closed after this long, for its reply to arrive; it dials again as a
 * member.
 */
const RELEASE_GRACE_MS = 1_000

export interface Joiners {
  /** Whether one more unknown peer may come in now. */
  mayEnter(peerId: string): boolean
  /** Watches a connection of an unknown peer. */
  entered(connection: Connection): void
  left(connection: Connection): void
  /** The peer has named a live invite: it may stay for `stayMs`. */
  helloed(peerId: string): void
  /** The peer is a member now. */
  admitted(peerId: string): void
  count(): number
  stop(): void
}

interface Stay {
  readonly connection: Connection
  helloed: boolean
  timer: NodeJS.Timeout
}

/** Bounds the peers that are let in only to join, in number and in time. */
export function createJoiners(limits: JoinerLimits, membership: Membership, clock: Clock): Joiners {
  const stays = new Map<string, Stay>()
  const coolingUntil = new Map<string, number>()
  const close = (connection: Connection): void => {
    connection.close().catch(() => connection.abort(new Error('joiner timed out')))
  }
  const closeUnlessMember = (connection: Connection) => (): void => {
    if (!membership.has(connection.remotePeer.toString())) close(connection)
  }
  const cool = (peerId: string): void => {
    coolingUntil.set(peerId, clock.nowMs() + limits.coolDownMs)
    for (const oldest of coolingUntil.keys()) {
      if (coolingUntil.size <= COOLING_MAX) break
      coolingUntil.delete(oldest)
    }
  }
  const staysOf = (peerId: string): Stay[] =>
    [...stays.values()].filter(({ connection }) => connection.remotePeer.toString() === peerId)
  const postpone = (stay: Stay, ms: number, action: () => void): void => {
    clearTimeout(stay.timer)
    stay.timer = setTimeout(action, ms)
  }
  return {
    mayEnter: (peerId) =>
      stays.size < limits.maxConnections && (coolingUntil.get(peerId) ?? 0) <= clock.nowMs(),
    entered: (connection) => {
      // Several handshakes may have been let in before the first of them was counted.
      if (stays.size >= limits.maxConnections) {
        connection.abort(new Error('too many joiners'))
        return
      }
      const timer = setTimeout(closeUnlessMember(connection), limits.helloMs)
      stays.set(connection.id, { connection, helloed: false, timer })
    },
    left: (connection) => {
      const stay = stays.get(connection.id)
      if (stay === undefined) return
      clearTimeout(stay.timer)
      stays.delete(connection.id)
      if (!stay.helloed) cool(connection.remotePeer.toString())
    },
    helloed: (peerId) => {
      for (const stay of staysOf(peerId)) {
        if (stay.helloed) continue
        stay.helloed = true
        postpone(stay, limits.stayMs, closeUnlessMember(stay.connection))
      }
    },
    admitted: (peerId) => {
      for (const stay of staysOf(peerId)) {
        stay.helloed = true
        postpone(stay, RELEASE_GRACE_MS, () => close(stay.connection))
      }
    },
    count: () => stays.size,
    stop: () => {
      stays.forEach((stay) => clearTimeout(stay.timer))
      stays.clear()
    },
  }
}
