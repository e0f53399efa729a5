import { createSocket } from 'node:dgram'
import { beforeAll, describe, expect, it } from 'vitest'
import { formatInvite } from '../../protocols/p2p/invite.ts'
import { joinCommunity } from '../../protocols/p2p/join-client.ts'
import { newWallet, random, startCommunity, startNode, until } from './harness.ts'

/** Whether this machine hears its own multicast on the mDNS port. */
function hasMulticast(): Promise<boolean> {
  const group = '224.0.0.251'
  const probe = Buffer.from(random(16))
  return new Promise((resolve) => {
    const socket = createSocket({ type: 'udp4', reuseAddr: true })
    const finish = (heard: boolean): void => {
      clearTimeout(timer)
      socket.close()
      resolve(heard)
    }
    const timer = setTimeout(() => finish(false), 1500)
    socket.on('error', () => finish(false))
    socket.on('message', (message) => message.equals(probe) && finish(true))
    socket.bind(5353, () => {
      try {
        socket.addMembership(group)
        socket.setMulticastLoopback(true)
        socket.send(probe, 5353, group)
      } catch {
        finish(false)
      }
    })
  })
}

let multicast = false
beforeAll(async () => {
  multicast = await hasMulticast()
})

/** A name of its own keeps the communities of specs that run at the same time apart. */
const mdnsOf = (name: string) => ({ interval: 300, serviceTag: `_mh-${name}-${process.pid}._udp.local` })

describe('Without any address', () => {
  it('a home finds its gateway on the LAN and joins', async ({ skip }) => {
    if (!multicast && process.env['CI'] === undefined) skip('this machine has no multicast')
    const mdns = mdnsOf('join')
    const community = await startCommunity({ mdns })
    const { code } = community.invites.issue()
    const home = await startNode({ mdns })
    const gatewayPeerId = community.gateway.peerId
    const invite = formatInvite({ gatewayPeerId, addresses: [], code })
    await joinCommunity(home, { invite, account: newWallet(), signal: AbortSignal.timeout(30_000) })
    expect(community.gateway.membership.has(home.peerId)).toBe(true)
    expect(home.knownAddresses(gatewayPeerId).length).toBeGreaterThan(0)
  })

  it('members find each other, and strangers are seen but not dialled', async ({ skip }) => {
    if (!multicast && process.env['CI'] === undefined) skip('this machine has no multicast')
    const mdns = mdnsOf('mesh')
    const [a, b, stranger] = await Promise.all([1, 2, 3].map(() => startNode({ mdns, reach: 'members' })))
    if (a === undefined || b === undefined || stranger === undefined) throw new Error('three nodes')
    a.membership.admit({ peerKey: b.peerKey })
    b.membership.admit({ peerKey: a.peerKey })
    await until('a and b are connected', () => a.connectedMembers().includes(b.peerId))
    await until('the stranger is seen', () => a.knownAddresses(stranger.peerId).length > 0)
    expect(stranger.libp2p.getConnections()).toEqual([])
    expect(a.libp2p.getConnections(b.libp2p.peerId).length).toBeGreaterThan(0)
  })
})

describe('A home whose gateway is not there', () => {
  it('gives up when told to, and says so', async () => {
    const { gateway } = await startCommunity()
    const home = await startNode()
    const invite = { gatewayPeerId: gateway.peerId, addresses: [], code: random(16) }
    const joining = joinCommunity(home, { invite, account: newWallet(), signal: AbortSignal.timeout(1200) })
    await expect(joining).rejects.toMatchObject({ code: 'join-timeout' })
  })
})
