import {
  WHEREABOUTS_MAX,
  whereaboutsReply,
  whereaboutsRequest,
  type WhereaboutsReply,
  type WhereaboutsRequest,
} from '../messages/whereabouts.ts'
import { parsePeerId } from './peer-key.ts'
import type { PeerNode } from './node.ts'
import { callExchange, serveExchange, type Exchange } from './request-response.ts'

/**
 * `/meterhood/whereabouts/1`: homes keep no connection to each other, and not every network lets them hear
 * each other's mDNS; the community gateway knows where each member listens.
 */
export const whereaboutsExchange: Exchange<WhereaboutsRequest, WhereaboutsReply> = {
  protocol: '/meterhood/whereabouts/1',
  request: whereaboutsRequest,
  reply: whereaboutsReply,
  timeoutMs: 5_000,
  // Asked before a word to a neighbour that is not to be found.
  rate: { burst: 10, perSecond: 0.5 },
}

/** Where a peer told that it listens. */
async function listensAt(node: PeerNode, peerId: string): Promise<string[]> {
  const peer = await node.libp2p.peerStore.get(parsePeerId(peerId)).catch(() => null)
  const told = peer?.addresses.map(({ multiaddr }) => multiaddr.toString()) ?? []
  return [...new Set([...node.knownAddresses(peerId), ...told])].slice(0, WHEREABOUTS_MAX)
}

/** Tells members where another of them listens. */
export function serveWhereabouts(node: PeerNode): Promise<() => Promise<void>> {
  return serveExchange(node, whereaboutsExchange, 'members', async ({ account }) => {
    const member = node.membership.findByAccount(account)
    return { addresses: member === undefined ? [] : await listensAt(node, member.peerId) }
  })
}

/** Learns from the community gateway where a member listens. @throws Fault those of `callExchange` */
export async function learnWhereabouts(
  node: PeerNode,
  gatewayPeerId: string,
  account: string,
): Promise<void> {
  const member = node.membership.findByAccount(account)
  if (member === undefined) return
  const { addresses } = await callExchange(node, whereaboutsExchange, gatewayPeerId, { account })
  if (addresses.length > 0) node.learnAddresses(member.peerId, addresses)
}
