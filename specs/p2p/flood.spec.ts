import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { encodeLength } from '../../protocols/p2p/framing.ts'
import { extendedExchange } from '../../protocols/p2p/extended.ts'
import type { PeerNode } from '../../protocols/p2p/node.ts'
import { callExchange, serveExchange } from '../../protocols/p2p/request-response.ts'
import { introduce, LOOPBACK, movableClock, random, startNode, until } from './harness.ts'

const TOPIC = '/calle-mayor/words'
/** What a gateway takes of one peer's gossip at once, and a word of it on the wire. */
const BURST_BYTES = 48 * 1024
const WORD_BYTES = 2_000
const WORDS = 160
const MEBIBYTE = 1024 * 1024
/** An RPC of gossip that says nothing: one field that nobody knows, skipped by who reads it. */
const IDLE_RPC = Uint8Array.from([203, 1, 0x7a, 200, 1, ...Array.from({ length: 200 }, () => 0)])
/** More than libp2p holds for a reader that does not read; above it the stream is reset. */
const IDLE_RPCS = 40_000
/** Handshakes of one address that may lead to nothing at once, and how often strangers try. */
const FRUITLESS = 128
const TRIES = 25
const STRANGERS = 8

/** A gateway that serves, an honest home, and a member that floods; the gateway's clock can be moved. */
async function flooded(clock = movableClock()) {
  const gateway = await startNode({ reach: 'members', clock, listen: [LOOPBACK] })
  const [home, bad] = [await startNode(), await startNode()]
  for (const each of [home, bad]) {
    introduce(gateway, each)
    await each.connect(gateway.peerId)
  }
  await serveExchange(gateway, extendedExchange, 'members', () => ({ status: 'stored' }))
  return { clock, gateway, home, bad }
}

const stillServes = (home: PeerNode, gateway: PeerNode) =>
  expect(
    callExchange(home, extendedExchange, gateway.peerId, { slot: 1, wire: random(100) }),
  ).resolves.toEqual({ status: 'stored' })

describe('A gateway that is flooded', () => {
  it('takes of a member’s gossip what it may send; the rest waits at its sender', async () => {
    const { gateway, home, bad } = await flooded()
    const heard = new Set<string>()
    const take = (data: Uint8Array): void => void heard.add(Buffer.from(data.subarray(0, 8)).toString('hex'))
    gateway.gossip.subscribe(TOPIC, () => 'accept', take)
    bad.gossip.subscribe(
      TOPIC,
      () => 'ignore',
      () => undefined,
    )
    await until('they hear of each other', () => bad.gossip.listeners(TOPIC) > 0)
    const before = process.memoryUsage().rss
    const began = gateway.clock.nowMs()
    await Promise.all(Array.from({ length: WORDS }, () => bad.gossip.publish(TOPIC, random(WORD_BYTES))))
    for (let look = 0; look < 10; look += 1) {
      await stillServes(home, gateway)
      const seconds = (gateway.clock.nowMs() - began) / 1_000
      expect(heard.size * WORD_BYTES).toBeLessThan(BURST_BYTES + (seconds + 1) * 32 * 1024)
      await sleep(50)
    }
    expect(heard.size).toBeLessThan(WORDS)
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * MEBIBYTE)
    await until('the others come, too', () => heard.size === WORDS, 60_000)
    expect(gateway.events).not.toContainEqual(expect.objectContaining({ type: 'barred' }))
  }, 90_000)

  it('lets a sender of small frames wait, and holds no more of it than a window', async () => {
    const { gateway, home, bad } = await flooded()
    const connection = await bad.connect(gateway.peerId)
    const stream = await connection.newStream('/meshsub/1.2.0')
    const before = process.memoryUsage().rss
    for (let sent = 0; sent < IDLE_RPCS; sent += 1) stream.send(IDLE_RPC)
    for (let look = 0; look < 30; look += 1) {
      await stillServes(home, gateway)
      await sleep(50)
    }
    expect(stream.status).toBe('open')
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * MEBIBYTE)
  }, 60_000)

  it('hangs up on a member that keeps announcing 100 MB, and lets it in again later', async () => {
    const { clock, gateway, home, bad } = await flooded()
    const isBarred = () => gateway.events.some(({ type }) => type === 'barred')
    while (!isBarred()) {
      const stream = await bad
        .connect(gateway.peerId)
        .then((connection) => connection.newStream(extendedExchange.protocol))
        .catch(() => undefined)
      stream?.send(encodeLength(100 * MEBIBYTE))
      await sleep(5)
    }
    await until('it is hung up on', () => !gateway.connectedMembers().includes(bad.peerId))
    await stillServes(home, gateway)
    await expect(stillOut(bad, gateway)).resolves.toBe(true)
    clock.forwardMs(60_000)
    await until('it is back', () => gateway.connectedMembers().includes(bad.peerId))
    await stillServes(bad, gateway)
  }, 60_000)

  it('takes no more handshakes of an address where they lead to nothing, and keeps who is in', async () => {
    const nowMs = Date.now()
    const { gateway, home } = await flooded({ nowMs: () => nowMs, forwardMs: () => undefined })
    const knock = async (): Promise<void> => {
      const stranger = await startNode()
      stranger.membership.admit({ peerKey: gateway.peerKey, role: 'community' })
      for (let tries = 0; tries < TRIES; tries += 1) {
        stranger.learnAddresses(gateway.peerId, gateway.addresses())
        await stranger.connect(gateway.peerId).catch(() => undefined)
        await stranger.hangUp(gateway.peerId).catch(() => undefined)
        await sleep(20)
      }
    }
    await Promise.all(Array.from({ length: STRANGERS }, knock))
    const refused = gateway.events.filter(({ type }) => type === 'refused').length
    expect(refused).toBeGreaterThan(FRUITLESS / 2)
    expect(refused).toBeLessThanOrEqual(FRUITLESS)
    await stillServes(home, gateway)
  }, 60_000)
})

/** Whether a member that tries to come in is refused for as long as this takes. */
async function stillOut(bad: PeerNode, gateway: PeerNode): Promise<boolean> {
  await bad.connect(gateway.peerId).catch(() => undefined)
  await sleep(300)
  return !gateway.connectedMembers().includes(bad.peerId)
}
