import type { ConnectionGater, PeerId } from '@libp2p/interface'
import type { Membership } from './membership.ts'

export type RefusalPoint = 'dial' | 'inbound' | 'outbound'

export interface GaterOptions {
  readonly membership: Membership
  /** While true nobody passes, in or out. */
  readonly isCut: () => boolean
  /** Whether an unknown peer may come in to ask to join, at this moment. */
  readonly mayJoin: (peerId: string) => boolean
  readonly onRefused: (peerId: string, where: RefusalPoint) => void
}

/**
 * Members pass. An unknown peer is never dialled; it is let in only to join. The peer id is judged after
 * Noise has proved it. Addresses of others than members never enter the address book. Refusals by a cut cable
 * are not told: they say nothing about the peer.
 */
export function createGater({ membership, isCut, mayJoin, onRefused }: GaterOptions): ConnectionGater {
  const deny = (peer: PeerId, where: RefusalPoint, allowed: boolean): boolean => {
    if (isCut()) return true
    if (!allowed) onRefused(peer.toString(), where)
    return !allowed
  }
  const isMember = (peer: PeerId): boolean => membership.has(peer.toString())
  return {
    denyInboundConnection: isCut,
    denyInboundUpgradedConnection: isCut,
    denyOutboundUpgradedConnection: isCut,
    denyDialPeer: (peer) => deny(peer, 'dial', isMember(peer)),
    denyOutboundEncryptedConnection: (peer) => deny(peer, 'outbound', isMember(peer)),
    denyInboundEncryptedConnection: (peer) =>
      deny(peer, 'inbound', isMember(peer) || mayJoin(peer.toString())),
    filterMultiaddrForPeer: (peer) => isMember(peer),
  }
}
