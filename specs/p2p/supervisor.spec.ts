import { describe, expect, it } from 'vitest'
import { createPeerNode } from '../../protocols/p2p/node.ts'
import { ADDRESSES_PER_PEER } from '../../protocols/p2p/dialler.ts'
import { cable, LOOPBACK, random, sha, startNode, startPair, until, wallClock } from './harness.ts'
import type { TestNode } from './harness.ts'

const connected = (a: TestNode, b: TestNode) => (): boolean =>
  a.connectedMembers().includes(b.peerId) && b.connectedMembers().includes(a.peerId)
const apart = (a: TestNode, b: TestNode) => (): boolean =>
  a.connectedMembers().length === 0 && b.connectedMembers().length === 0

describe('A home stays connected to its gateway', () => {
  it('from its first sight of the address, with nobody calling', async () => {
    const gateway = await startNode({ reach: 'members' })
    const home = await startNode()
    gateway.membership.admit({ peerKey: home.peerKey })
    home.membership.admit({ peerKey: gateway.peerKey, role: 'community' })
    home.learnAddresses(gateway.peerId, gateway.addresses())
    await until('they are connected', connected(home, gateway))
  })

  it('again after each partition, however long', async () => {
    const gateway = await startNode({ reach: 'members' })
    const home = await startNode()
    const line = await cable(gateway.addresses()[0] ?? '')
    // The gateway must not know the way round the cut cable.
    gateway.membership.admit({ peerKey: home.peerKey })
    home.membership.admit({ peerKey: gateway.peerKey, role: 'community' })
    home.learnAddresses(gateway.peerId, [line.address])
    await until('they are connected', connected(home, gateway))
    for (let i = 0; i < 2; i += 1) {
      const dials = [home, gateway].map((node) => node.libp2p.peerStore)
      line.cut()
      for (const [store, peer] of [[dials[0], gateway] as const, [dials[1], home] as const]) {
        await store?.patch(peer.libp2p.peerId, { multiaddrs: [] })
      }
      await until('they are apart', apart(home, gateway))
      line.mend()
      await until('they are connected again', connected(home, gateway))
    }
  })

  it('again after the gateway was restarted with its key and port', async () => {
    const identitySeed = sha('a gateway that restarts')
    const options = { identitySeed, mdns: false, clock: wallClock, random, reach: 'members' } as const
    const first = await createPeerNode({ ...options, listen: [LOOPBACK] })
    await first.start()
    const home = await startNode()
    first.membership.admit({ peerKey: home.peerKey })
    home.membership.admit({ peerKey: first.peerKey, role: 'community' })
    const [address = ''] = first.addresses()
    home.learnAddresses(first.peerId, [address])
    await until('they are connected', () => home.connectedMembers().length === 1)
    await first.stop()
    await until('they are apart', () => home.connectedMembers().length === 0)
    const listen = [address.replace(/\/p2p\/.*/, '')]
    const second = await startNode({ ...options, listen, membership: first.membership })
    expect(second.peerId).toBe(first.peerId)
    await until('they are connected again', connected(home, second))
  })

  it('and the gateway dials a home that cannot dial it', async () => {
    const gateway = await startNode({ reach: 'members' })
    const home = await startNode()
    gateway.membership.admit({ peerKey: home.peerKey })
    home.membership.admit({ peerKey: gateway.peerKey, role: 'community' })
    gateway.learnAddresses(home.peerId, home.addresses())
    await until('they are connected', connected(home, gateway))
  })
})

describe('A node', () => {
  it('does not dial whom it does not know, and keeps few addresses of each', async () => {
    const { gateway, home } = await startPair()
    const other = await startNode()
    await expect(home.connect(other.peerId)).rejects.toMatchObject({ code: 'no-address' })
    home.learnAddresses(other.peerId, other.addresses())
    await expect(home.connect(other.peerId)).rejects.toMatchObject({ code: 'dial-failed' })
    const many = Array.from({ length: 20 }, (_, i) => `/ip4/10.0.0.${i + 1}/tcp/4001`)
    home.learnAddresses(gateway.peerId, many)
    expect(home.knownAddresses(gateway.peerId)).toHaveLength(ADDRESSES_PER_PEER)
    expect(home.knownAddresses(gateway.peerId)[0]).toBe(`/ip4/10.0.0.20/tcp/4001/p2p/${gateway.peerId}`)
    expect(() => home.learnAddresses(gateway.peerId, ['10.0.0.1:4001'])).toThrow(
      /address: expected a multiaddress/,
    )
  })

  it('says so when its port is taken, and when its seed is no seed', async () => {
    const gateway = await startNode()
    const taken = (gateway.addresses()[0] ?? '').replace(/\/p2p\/.*/, '')
    await expect(startNode({ listen: [taken] })).rejects.toMatchObject({ code: 'listen-failed' })
    await expect(startNode({ identitySeed: random(31) })).rejects.toMatchObject({ code: 'bad-field' })
  })

  it('has the peer id of its ed25519 key', async () => {
    const node = await startNode({ seed: 'the same seed' })
    const again = await startNode({ seed: 'the same seed' })
    expect(again.peerId).toBe(node.peerId)
    expect(node.peerKey).toHaveLength(32)
    expect(node.peerId).toMatch(/^12D3KooW/)
  })
})
