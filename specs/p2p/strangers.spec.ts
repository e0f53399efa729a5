import { byteStream } from '@libp2p/utils'
import { describe, expect, it } from 'vitest'
import { keysExchange } from '../../protocols/p2p/keys.ts'
import { extendedExchange, extendedPullExchange } from '../../protocols/p2p/extended.ts'
import { openNotices, noticesExchange } from '../../protocols/p2p/notices.ts'
import { formatInvite } from '../../protocols/p2p/invite.ts'
import { joinCommunity } from '../../protocols/p2p/join-client.ts'
import { joinExchange } from '../../protocols/p2p/join.ts'
import { callExchange, serveExchange } from '../../protocols/p2p/request-response.ts'
import type { Exchange } from '../../protocols/p2p/request-response.ts'
import type { PeerNode } from '../../protocols/p2p/node.ts'
import {
  CHAIN_ID,
  MONITORING,
  newWallet,
  random,
  startCommunity,
  startNode,
  startPair,
  until,
} from './harness.ts'
import type { TestNode } from './harness.ts'

const KEY_REQUEST = {
  account: newWallet().address,
  epoch: 1,
  delegation: 0,
  auxPublicKey: random(32),
  signature: random(65),
}
const HELLO = { step: 'hello', inviteId: random(8), nonce: random(32) } as const
const PLACE = { chainId: CHAIN_ID, monitoring: MONITORING, community: 'calle-mayor' }

/** A peer that nobody knows but that knows the gateway. */
async function stranger(gateway: PeerNode): Promise<TestNode> {
  const node = await startNode()
  node.membership.admit({ peerKey: gateway.peerKey, role: 'community' })
  node.learnAddresses(gateway.peerId, gateway.addresses())
  return node
}

async function trap<Q, A>(gateway: PeerNode, exchange: Exchange<Q, A>, reached: string[]): Promise<void> {
  await serveExchange(gateway, exchange, 'members', () => {
    reached.push(exchange.protocol)
    throw new Error('reached')
  })
}

/** Serves everything a gateway serves, with handlers that must not be reached. */
async function serveAll(gateway: PeerNode, reached: string[]): Promise<void> {
  await trap(gateway, keysExchange, reached)
  await trap(gateway, extendedExchange, reached)
  await trap(gateway, extendedPullExchange, reached)
  await openNotices(gateway, { ...PLACE, onNotice: () => reached.push('notice') })
}

describe('A stranger', () => {
  it('does not get in while no invite is open', async () => {
    const { gateway } = await startCommunity()
    const node = await stranger(gateway)
    await expect(callExchange(node, joinExchange, gateway.peerId, HELLO)).rejects.toMatchObject({
      code: expect.stringMatching(/^(dial-failed|exchange-refused)$/) as string,
    })
    expect(gateway.events).toContainEqual({ type: 'refused', peerId: node.peerId, where: 'inbound' })
    await until('no connection is left', () => gateway.libp2p.getConnections().length === 0)
  })

  it('speaks the join protocol only, while an invite is open', async () => {
    const { gateway, invites } = await startCommunity()
    invites.issue()
    const reached: string[] = []
    await serveAll(gateway, reached)
    const node = await stranger(gateway)
    const refused = { code: 'exchange-refused' }
    await expect(callExchange(node, joinExchange, gateway.peerId, HELLO)).rejects.toMatchObject({
      code: 'invite-unknown',
    })
    const call = (attempt: Promise<unknown>) => expect(attempt).rejects.toMatchObject(refused)
    await call(callExchange(node, keysExchange, gateway.peerId, KEY_REQUEST))
    await call(callExchange(node, extendedExchange, gateway.peerId, { slot: 1, wire: random(10) }))
    await call(callExchange(node, extendedPullExchange, gateway.peerId, { sinceSlot: 0, limit: 1 }))
    await call(
      callExchange(node, noticesExchange, gateway.peerId, { topic: '/calle-mayor/notices', since: [] }),
    )
    expect(reached).toEqual([])
  })

  it('neither hears nor speaks on a topic, and learns nothing by identify', async () => {
    // It must be the protocols that refuse, not the end of its stay.
    const { gateway, invites } = await startCommunity({ joinerLimits: { helloMs: 60_000 } })
    invites.issue()
    const heard: string[] = []
    const notices = await openNotices(gateway, { ...PLACE, onNotice: () => heard.push('gateway') })
    const node = await stranger(gateway)
    const own = await openNotices(node, { ...PLACE, onNotice: () => heard.push('stranger') })
    const connection = await node.connect(gateway.peerId)
    await own.publish('word', random(4), 60_000)
    await notices.publish('word', random(4), 60_000)
    for (const protocol of ['/ipfs/id/1.0.0', '/meshsub/1.2.0']) {
      const stream = await connection.newStream(protocol)
      const bytes = byteStream(stream)
      await until('it is reset', () => stream.status !== 'open')
      expect(
        await bytes.read().then(
          (read) => read?.length ?? 0,
          () => 0,
        ),
      ).toBe(0)
    }
    expect(gateway.gossip.listeners(notices.topic)).toBe(0)
    expect(heard).toEqual([])
    const known = await node.libp2p.peerStore.get(connection.remotePeer)
    expect(known.protocols).not.toContain('/meterhood/keys/1')
  })

  it('without an invite is shown out, and kept out for a while', async () => {
    const joinerLimits = { helloMs: 100, coolDownMs: 60_000 }
    const { gateway, invites } = await startCommunity({ joinerLimits })
    invites.issue()
    const node = await stranger(gateway)
    await node.connect(gateway.peerId)
    await until('it was let in', () => gateway.events.some(({ type }) => type === 'joiner-connected'))
    await until('it is shown out', () => gateway.libp2p.getConnections().length === 0)
    await until('it is refused', () => gateway.events.some(({ type }) => type === 'refused'))
  })

  it('takes one of few places, and members keep theirs', async () => {
    const joinerLimits = { maxConnections: 2 }
    const { gateway, invites } = await startCommunity({ joinerLimits })
    invites.issue()
    const crowd = await Promise.all(Array.from({ length: 5 }, () => stranger(gateway)))
    await Promise.allSettled(crowd.map((node) => node.connect(gateway.peerId)))
    await until('the surplus is refused', () => gateway.events.some(({ type }) => type === 'refused'))
    expect(gateway.libp2p.getConnections().length).toBeLessThanOrEqual(2)
    const member = await stranger(gateway)
    gateway.membership.admit({ peerKey: member.peerKey })
    await member.connect(gateway.peerId)
    await until('the member is in', () => gateway.connectedMembers().includes(member.peerId))
  })
})

describe('A revoked member', () => {
  it('is hung up on at once and refused from then on', async () => {
    const { gateway, home } = await startPair()
    await until('they are connected', () => gateway.connectedMembers().includes(home.peerId))
    expect(gateway.membership.revoke(home.peerKey)).toBe(true)
    await until('it is cut off', () => gateway.libp2p.getConnections().length === 0)
    await until('its new call is refused', () =>
      gateway.events.some((event) => event.type === 'refused' && event.peerId === home.peerId),
    )
    expect(gateway.connectedMembers()).toEqual([])
  })

  it('does not come back with its old invite', async () => {
    const { gateway, invites } = await startCommunity()
    const home = await startNode()
    const account = newWallet()
    const { code } = invites.issue()
    const invite = formatInvite({ gatewayPeerId: gateway.peerId, addresses: gateway.addresses(), code })
    await joinCommunity(home, { invite, account })
    gateway.membership.revoke(home.peerKey)
    invites.issue()
    await expect(joinCommunity(home, { invite, account })).rejects.toMatchObject({ code: 'invite-used' })
    expect(gateway.membership.has(home.peerId)).toBe(false)
  })
})
