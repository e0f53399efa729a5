/** The gateway that is flooded: a process of its own, so that nobody's work but its own slows it. */
import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { systemRandom, wallClock } from '../bin/clock.ts'
import { extendedExchange } from '../protocols/p2p/extended.ts'
import { keysExchange } from '../protocols/p2p/keys.ts'
import { createPeerNode } from '../protocols/p2p/node.ts'
import { noticesExchange } from '../protocols/p2p/notices.ts'
import { serveExchange } from '../protocols/p2p/request-response.ts'
import { openVotes } from '../protocols/p2p/votes.ts'
import { Fault } from '../protocols/rules/fault.ts'

const LOOK_EVERY_MS = 50
const ask = z.object({ admit: z.array(z.string()).default([]), measure: z.boolean().default(false) })

const node = await createPeerNode({
  identitySeed: randomBytes(32),
  listen: ['/ip4/127.0.0.1/tcp/0'],
  mdns: false,
  clock: wallClock,
  random: systemRandom,
  reach: 'members',
})
await node.start()
let heard = 0
let mostRss = 0
setInterval(() => {
  mostRss = Math.max(mostRss, process.memoryUsage.rss())
}, LOOK_EVERY_MS)
await serveExchange(node, extendedExchange, 'members', () => ({ status: 'stored' }))
const nothing = (): never => {
  throw new Fault('unknown-slot', 'there is nothing here')
}
await serveExchange(node, keysExchange, 'members', nothing)
await serveExchange(node, noticesExchange, 'members', nothing)
await openVotes(node, {
  community: 'flooded',
  judge: () => {
    heard += 1
    return 'ignore'
  },
  onVote: () => undefined,
  page: () => [],
  from: () => 0,
  onFault: () => undefined,
})
process.on('message', (message) => {
  const { admit, measure } = ask.parse(message)
  for (const key of admit) {
    node.membership.admit({ peerKey: Uint8Array.from(Buffer.from(key, 'hex')), account: null })
  }
  if (!measure) return
  process.send?.({ mostRss, heard })
  mostRss = process.memoryUsage.rss()
  heard = 0
})
process.send?.({
  peerId: node.peerId,
  peerKey: Buffer.from(node.peerKey).toString('hex'),
  addresses: node.addresses(),
})
