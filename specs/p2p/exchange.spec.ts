import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineMessage } from '../../protocols/messages/json-message.ts'
import { decodeLength, encodeLength, LENGTH_BYTES } from '../../protocols/p2p/framing.ts'
import { createRateLimiter } from '../../protocols/p2p/rate-limit.ts'
import {
  CALLS_WAITING_MAX,
  callExchange,
  serveExchange,
  STREAMS_PER_PEER,
} from '../../protocols/p2p/request-response.ts'
import type { Exchange } from '../../protocols/p2p/request-response.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import { movableClock, startPair, until } from './harness.ts'

const text = (maxBytes: number) => defineMessage('text', maxBytes, z.strictObject({ text: z.string() }))
const echo: Exchange<{ text: string }, { text: string }> = {
  protocol: '/meterhood/spec-echo/1',
  request: text(1024),
  reply: text(1024),
  timeoutMs: 2_000,
  rate: { burst: 1000, perSecond: 1000 },
}
const OVERHEAD = '{"text":""}'.length

describe('An exchange', () => {
  it('brings a request there and its reply back, many at a time', async () => {
    const { gateway, home } = await startPair()
    await serveExchange(gateway, echo, 'members', ({ text: said }) => ({ text: `${said}!` }))
    const words = Array.from({ length: 3 * STREAMS_PER_PEER }, (_, i) => `word ${i}`)
    const heard = await Promise.all(
      words.map((word) => callExchange(home, echo, gateway.peerId, { text: word })),
    )
    expect(heard.map((reply) => reply.text)).toEqual(words.map((word) => `${word}!`))
  })

  it('carries messages up to their cap and not one byte more', async () => {
    const { gateway, home } = await startPair()
    await serveExchange(gateway, echo, 'members', (request) => request)
    const whole = 'x'.repeat(1024 - OVERHEAD)
    await expect(callExchange(home, echo, gateway.peerId, { text: whole })).resolves.toEqual({ text: whole })
    const refused = callExchange(home, echo, gateway.peerId, { text: `${whole}x` })
    await expect(refused).rejects.toMatchObject({ code: 'message-too-large' })
    const lax = { ...echo, request: text(4096) }
    await expect(callExchange(home, lax, gateway.peerId, { text: `${whole}x` })).rejects.toMatchObject({
      code: 'exchange-refused',
    })
    await expect(callExchange(home, echo, gateway.peerId, { text: 'still there' })).resolves.toEqual({
      text: 'still there',
    })
  })

  it('carries a fault with its code and facts, and of other errors nothing', async () => {
    const { gateway, home } = await startPair()
    await serveExchange(gateway, echo, 'members', ({ text: said }) => {
      throw said === 'fault'
        ? new Fault('no-quota', 'nothing is left', { home: 3 })
        : new Error('secret path')
    })
    const fault = callExchange(home, echo, gateway.peerId, { text: 'fault' })
    await expect(fault).rejects.toMatchObject({ code: 'no-quota', facts: { home: 3, remote: true } })
    const failure = callExchange(home, echo, gateway.peerId, { text: 'error' })
    await expect(failure).rejects.toMatchObject({ code: 'unexpected', message: 'the peer failed to answer' })
    expect(gateway.events).toContainEqual(
      expect.objectContaining({ type: 'exchange-failed', message: 'secret path' }),
    )
  })

  it('ends when the handler takes too long, on both sides', async () => {
    const { gateway, home } = await startPair()
    const slow = { ...echo, timeoutMs: 200 }
    const signals: AbortSignal[] = []
    await serveExchange(gateway, slow, 'members', async (request, { signal }) => {
      signals.push(signal)
      await sleep(60_000, undefined, { signal }).catch(() => undefined)
      return request
    })
    const call = callExchange(home, slow, gateway.peerId, { text: 'slow' })
    await expect(call).rejects.toMatchObject({ code: 'exchange-timeout' })
    await until('the handler was told', () => signals[0]?.aborted === true)
  })

  it('ends when the caller gives up', async () => {
    const { gateway, home } = await startPair()
    await serveExchange(gateway, echo, 'members', () => new Promise(() => undefined))
    const call = callExchange(home, echo, gateway.peerId, { text: 'x' }, AbortSignal.timeout(50))
    await expect(call).rejects.toMatchObject({ code: 'exchange-timeout' })
  })

  it('refuses more than a peer’s share, and more calls than may wait', async () => {
    const { gateway, home } = await startPair()
    const rare = { ...echo, rate: { burst: 2, perSecond: 0.001 } }
    await serveExchange(gateway, rare, 'members', (request) => request)
    const call = () => callExchange(home, rare, gateway.peerId, { text: 'x' })
    await call()
    await call()
    await expect(call()).rejects.toMatchObject({ code: 'rate-limited' })
    const many = Array.from({ length: STREAMS_PER_PEER + CALLS_WAITING_MAX + 1 }, call)
    const codes = (await Promise.allSettled(many)).map((r) =>
      r.status === 'rejected' ? (r.reason as Fault).code : 'ok',
    )
    expect(codes.filter((code) => code === 'peer-busy')).toHaveLength(1)
    expect(new Set(codes)).toEqual(new Set(['rate-limited', 'peer-busy']))
  })

  it('for the community gateway is refused to homes', async () => {
    const { gateway, home } = await startPair()
    await serveExchange(home, echo, 'community', (request) => request)
    await serveExchange(gateway, echo, 'community', (request) => request)
    await expect(callExchange(gateway, echo, home.peerId, { text: 'x' })).resolves.toEqual({ text: 'x' })
    await expect(callExchange(home, echo, gateway.peerId, { text: 'x' })).rejects.toMatchObject({
      code: 'exchange-refused',
    })
  })

  it('with a peer whose address is not known names that', async () => {
    const { home } = await startPair()
    const { gateway: other } = await startPair()
    home.membership.admit({ peerKey: other.peerKey })
    await expect(callExchange(home, echo, other.peerId, { text: 'x' })).rejects.toMatchObject({
      code: 'no-address',
    })
  })
})

describe('A length prefix', () => {
  it('says any length up to the cap and is refused above it', () => {
    fc.assert(
      fc.property(fc.nat(0xffff_ffff), fc.nat(0xffff_ffff), (length, cap) => {
        const prefix = encodeLength(length)
        expect(prefix).toHaveLength(LENGTH_BYTES)
        if (length <= cap) expect(decodeLength(prefix, cap)).toBe(length)
        else expect(() => decodeLength(prefix, cap)).toThrow(/at most/)
      }),
    )
  })
})

describe('A rate limit', () => {
  it('never grants more than the burst and what time has added', () => {
    const step = fc.record({ waitMs: fc.nat(3000), peer: fc.constantFrom('a', 'b') })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        let nowMs = 0
        const limiter = createRateLimiter({ burst: 3, perSecond: 2 }, { nowMs: () => nowMs })
        const granted = { a: 0, b: 0 }
        for (const { waitMs, peer } of steps) {
          nowMs += waitMs
          if (limiter.take(peer)) granted[peer] += 1
          expect(granted[peer]).toBeLessThanOrEqual(3 + (2 * nowMs) / 1000)
        }
      }),
    )
  })

  it('is not fooled by a clock that goes back', () => {
    const clock = movableClock()
    const limiter = createRateLimiter({ burst: 1, perSecond: 1 }, clock)
    expect(limiter.take('a')).toBe(true)
    clock.forwardMs(-10_000)
    expect(limiter.take('a')).toBe(false)
  })
})
