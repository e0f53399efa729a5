import { z } from 'zod'
import { Fault } from '../../../protocols/rules/fault.ts'
import { enodeOf, requireDistinct, type CommunityNetwork, type NodeCard } from './community-network.ts'
import type { Ipc } from './ipc.ts'

const peersReply = z.array(z.object({ enode: z.string(), network: z.object({ remoteAddress: z.string() }) }))
const nothing = z.unknown()

/** A member as a node sees it. */
export interface PeerState {
  readonly card: NodeCard
  readonly self: boolean
  /** Where it is connected from, or null when it is not. */
  readonly connected: string | null
}

/** Who of the members is connected. */
export async function peersOf(ipc: Ipc, self: NodeCard, members: readonly NodeCard[]): Promise<PeerState[]> {
  const peers = await ipc.ask('admin_peers', [], peersReply)
  return members.map((card) => {
    const peer = peers.find(({ enode }) => enode.includes(card.key))
    return { card, self: card.key === self.key, connected: peer?.network.remoteAddress ?? null }
  })
}

/** The network with one more member. Fault: `bad-network`. */
export function withMember(network: CommunityNetwork, card: NodeCard): CommunityNetwork {
  const members = [...network.members.filter(({ key }) => key !== card.key), card]
  requireDistinct(members, 'peers add')
  return { ...network, members }
}

/** The network without a member, and the member. Fault: `no-member`. */
export function withoutMember(
  network: CommunityNetwork,
  name: string,
): { network: CommunityNetwork; dropped: NodeCard } {
  const dropped = network.members.find((card) => card.name === name)
  if (dropped === undefined) {
    const names = network.members.map((card) => card.name).join(', ')
    throw new Fault('no-member', `${name}: is no member; members are ${names}`, { name })
  }
  return { network: { ...network, members: network.members.filter((card) => card !== dropped) }, dropped }
}

/** Closes the door to a member that was let go: now, and to its next knock. */
export async function shutOut(ipc: Ipc, card: NodeCard): Promise<void> {
  const enode = enodeOf(card)
  await ipc.ask('admin_removeTrustedPeer', [enode], nothing)
  await ipc.ask('admin_removePeer', [enode], nothing)
}
