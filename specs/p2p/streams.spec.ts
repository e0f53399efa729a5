import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { byteStream } from '@libp2p/utils'
import { joinExchange } from '../../protocols/p2p/join.ts'
import { keysExchange } from '../../protocols/p2p/keys.ts'
import { encodeLength } from '../../protocols/p2p/framing.ts'
import { callExchange, serveExchange, STREAMS_PER_PEER } from '../../protocols/p2p/request-response.ts'
import type { PeerNode } from '../../protocols/p2p/node.ts'
import { newWallet, random, startPair, until } from './harness.ts'

const REPLY = {
  epoch: 1,
  delegation: 0,
  key33: random(33),
  sealed: random(80),
  signature: random(65),
  proof: random(64),
}
const REQUEST = {
  account: newWallet().address,
  epoch: 1,
  delegation: 0,
  auxPublicKey: random(32),
  signature: random(65),
}

async function startServed() {
  const pair = await startPair()
  const seen: unknown[] = []
  await serveExchange(pair.gateway, keysExchange, 'members', (request) => {
    seen.push(request)
    return REPLY
  })
  return { ...pair, seen }
}

async function rawStream(home: PeerNode, gateway: PeerNode, protocol = keysExchange.protocol) {
  const connection = await home.connect(gateway.peerId)
  return connection.newStream(protocol)
}

async function stillServes(home: PeerNode, gateway: PeerNode): Promise<void> {
  await expect(callExchange(home, keysExchange, gateway.peerId, REQUEST)).resolves.toEqual(REPLY)
}

describe('A gateway lives on', () => {
  it('after a frame that announces 100 MB', async () => {
    const { gateway, home, seen } = await startServed()
    const before = process.memoryUsage().rss
    const stream = await rawStream(home, gateway)
    stream.send(encodeLength(100 * 1024 * 1024))
    await until('the stream is reset', () => stream.status !== 'open')
    expect(process.memoryUsage().rss - before).toBeLessThan(50 * 1024 * 1024)
    expect(seen).toEqual([])
    await stillServes(home, gateway)
  })

  it('after more bytes than the frame announced', async () => {
    const { gateway, home, seen } = await startServed()
    const stream = await rawStream(home, gateway)
    stream.send(encodeLength(10))
    stream.send(random(200_000))
    await until('the stream is reset', () => stream.status !== 'open')
    expect(seen).toEqual([])
    await stillServes(home, gateway)
  })

  it('after garbage, empty frames, deep JSON and foreign fields, each answered by a fault', async () => {
    const { gateway, home, seen } = await startServed()
    const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
    const bodies = [
      random(100),
      new Uint8Array(0),
      utf8('['.repeat(1000)),
      utf8('{"__proto__":{"a":1}}'),
      utf8(JSON.stringify({ account: REQUEST.account, epoch: -1 })),
    ]
    for (const body of bodies) {
      const stream = await rawStream(home, gateway)
      const bytes = byteStream(stream)
      await bytes.write(encodeLength(body.length))
      if (body.length > 0) await bytes.write(body)
      const reply = await bytes.read({ signal: AbortSignal.timeout(5000) })
      expect(Buffer.from(reply?.subarray(4) ?? []).toString()).toMatch(
        /^\{"fault":\{"code":"(message-garbled|bad-field)"/,
      )
    }
    expect(seen).toEqual([])
    await stillServes(home, gateway)
  })

  it('after streams that stop inside a frame, and refuses more of them than it grants', async () => {
    const { gateway, home } = await startServed()
    const streams = await Promise.all(
      Array.from({ length: STREAMS_PER_PEER }, () => rawStream(home, gateway)),
    )
    for (const stream of streams) stream.send(encodeLength(100).subarray(0, 2))
    await expect(callExchange(home, keysExchange, gateway.peerId, REQUEST)).rejects.toMatchObject({
      code: 'exchange-refused',
    })
    await until('slow streams are reset', () => streams.every(({ status }) => status !== 'open'), 15_000)
    await stillServes(home, gateway)
  })

  it('after raw sockets that speak no libp2p, or nothing', async () => {
    const { gateway, home } = await startServed()
    const port = Number(/\/tcp\/(\d+)/.exec(gateway.addresses()[0] ?? '')?.[1])
    const sockets = Array.from({ length: 20 }, (_, i) => {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => undefined)
      if (i % 2 === 0) socket.write(random(5000))
      return socket
    })
    await until('garbage is hung up on', () => sockets.filter((socket) => socket.destroyed).length >= 10)
    await stillServes(home, gateway)
    sockets.forEach((socket) => socket.destroy())
  })

  it('after a call of a protocol that it does not serve', async () => {
    const { gateway, home } = await startServed()
    const hello = { step: 'hello', inviteId: random(8), nonce: random(32) } as const
    await expect(callExchange(home, joinExchange, gateway.peerId, hello)).rejects.toMatchObject({
      code: 'exchange-refused',
    })
    await stillServes(home, gateway)
  })
})
