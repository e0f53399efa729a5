import type { ConnectionGater, MultiaddrConnection, PeerId } from '@libp2p/interface'
import type { Clock } from '../rules/clock.ts'
import type { Membership } from './membership.ts'
import { createRateLimiter } from './rate-limit.ts'

export type RefusalPoint = 'dial' | 'inbound' | 'outbound'

export interface GaterOptions {
  readonly membership: Membership
  /** While true nobody passes, in or out. */
  readonly isCut: () => boolean
  /** Whether an unknown peer may come in to ask to join, at this moment. */
  readonly mayJoin: (peerId: string) => boolean
  /** Whether a member has behaved so badly that it stays out for a while. */
  readonly isBarred: (peerId: string) => boolean
  readonly onRefused: (peerId: string, where: RefusalPoint) => void
  readonly clock: Clock
}

/**
 * Connections from one address that led to nothing: each costs a handshake of some milliseconds. Those of
 * members and joiners do not count, so that forty homes of one building come in at once.
 */
const FRUITLESS = { burst: 128, perSecond: 4 } as const

const hostOf = ({ remoteAddr }: MultiaddrConnection): string => remoteAddr.toString().split('/')[2] ?? ''

/**
 * Members pass. An unknown peer is never dialled; it is let in only to join. The peer id is judged after
 * Noise has proved it. Addresses of others than members never enter the address book. Refusals by a cut cable
 * are not told: they say nothing about the peer.
 */
export function createGater(options: GaterOptions): ConnectionGater {
  const { membership, isCut, mayJoin, isBarred, onRefused, clock } = options
  const doors = createRateLimiter(FRUITLESS, clock)
  const deny = (peer: PeerId, where: RefusalPoint, allowed: boolean): boolean => {
    if (isCut()) return true
    if (!allowed) onRefused(peer.toString(), where)
    return !allowed
  }
  const isMember = (peer: PeerId): boolean => membership.has(peer.toString()) && !isBarred(peer.toString())
  return {
    denyInboundConnection: (connection) => isCut() || !doors.take(hostOf(connection)),
    denyInboundUpgradedConnection: isCut,
    denyOutboundUpgradedConnection: isCut,
    denyDialPeer: (peer) => deny(peer, 'dial', isMember(peer)),
    denyOutboundEncryptedConnection: (peer) => deny(peer, 'outbound', isMember(peer)),
    denyInboundEncryptedConnection: (peer, connection) => {
      const isDenied = deny(peer, 'inbound', isMember(peer) || mayJoin(peer.toString()))
      if (!isDenied) doors.giveBack(hostOf(connection))
      return isDenied
    },
    filterMultiaddrForPeer: (peer) => isMember(peer),
  }
}
