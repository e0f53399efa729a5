import { expect, it } from 'vitest'
import { formatInvite } from '../../protocols/p2p/invite.ts'
import { joinCommunity } from '../../protocols/p2p/join-client.ts'
import { openNotices } from '../../protocols/p2p/notices.ts'
import { CHAIN_ID, MONITORING, newWallet, startCommunity, startNode, until } from './harness.ts'

const HOMES = 40
const PLACE = { chainId: CHAIN_ID, monitoring: MONITORING, community: 'calle-mayor' }

it('Forty homes on one address join one gateway at once, and all hear a notice of each other', async () => {
  const { gateway, invites, candidates } = await startCommunity()
  const homes = await Promise.all(Array.from({ length: HOMES }, () => startNode({ redialIntervalMs: 2000 })))
  const heard = new Map<string, number>()
  const hub = await openNotices(gateway, { ...PLACE, onNotice: () => undefined })
  await Promise.all(
    homes.map(async (home) => {
      const { code } = invites.issue()
      const invite = formatInvite({ gatewayPeerId: gateway.peerId, addresses: gateway.addresses(), code })
      await joinCommunity(home, { invite, account: newWallet() })
    }),
  )
  expect(new Set(candidates).size).toBe(HOMES)
  expect(gateway.membership.list()).toHaveLength(HOMES)
  await until('all are connected as members', () => gateway.connectedMembers().length === HOMES, 40_000)

  const voices = []
  for (const home of homes) {
    for (const other of homes) if (other !== home) home.membership.admit({ peerKey: other.peerKey })
    const voice = await openNotices(home, {
      ...PLACE,
      onNotice: () => heard.set(home.peerId, (heard.get(home.peerId) ?? 0) + 1),
    })
    voices.push(voice)
  }
  await until('all listen', () => gateway.gossip.listeners(hub.topic) === HOMES, 40_000)
  await voices[7]?.publish('word', new Uint8Array(100), 60_000)
  await hub.publish('word', new Uint8Array(100), 60_000)
  // The author hears the gateway's only; nobody hears one twice.
  await until(
    'all have heard both',
    () => [...heard.values()].reduce((a, b) => a + b, 0) === 2 * HOMES - 1,
    40_000,
  )
  expect(heard.size).toBe(HOMES)
  expect(gateway.connectedMembers()).toHaveLength(HOMES)
}, 150_000)
