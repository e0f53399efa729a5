import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type ChainFeed, createChainFeed, type FeedOptions, type FeedState } from '../../chain/proxy/feed.ts'
import { createRpc } from '../../chain/proxy/rpc.ts'
import { extend, joined, type Trail } from '../../chain/proxy/trail.ts'
import { codeOf } from '../../protocols/rules/fault.ts'
import { type BadNode, startBadNode } from './bad-node.ts'
import { freePort, type Node, startNode } from './node.ts'

const clock = { nowMs: () => Date.now() }

let node: Node
let bad: BadNode
let opened: ChainFeed[]
let faults: string[]

beforeEach(async () => {
  faults = []
  opened = []
  node = await startNode()
  bad = await startBadNode(node.url)
})

afterEach(async () => {
  for (const feed of opened) await feed.stop()
  await bad.stop()
  await node.kill()
})

async function follow(more: Partial<FeedOptions> = {}): Promise<ChainFeed> {
  const feed = await createChainFeed({
    rpc: node.rpc,
    clock,
    onFault: (thrown) => faults.push(codeOf(thrown)),
    ...more,
  })
  opened.push(feed)
  return feed
}

/** By way of the node that misbehaves; blocks are found by asking alone. */
const followBad = (more: Partial<FeedOptions> = {}): Promise<ChainFeed> =>
  follow({ rpc: createRpc({ url: bad.url, deadlineMs: 400 }), webSocket: null, ...more })

/** Writes down all that a subscriber is told. */
function diary(feed: ChainFeed, from: { trail?: Trail; start?: number } = {}) {
  const lines: string[] = []
  const trails: Trail[] = []
  const subscription = feed.subscribe({
    name: 'diary',
    ...from,
    onBlock: (block, trail) => {
      lines.push(`${block.number}`)
      trails.push(trail)
    },
    onFork: (height) => void lines.push(`fork ${height}`),
  })
  return { lines, trails, subscription }
}

describe('a chain feed', () => {
  it('delivers each block once and in order', async () => {
    const feed = await follow()
    const { lines } = diary(feed, { start: 0 })
    await node.mine(20)
    await expect.poll(() => lines).toEqual(Array.from({ length: 21 }, (_, number) => `${number}`))
  })

  it('finds blocks that nobody announces', async () => {
    const feed = await follow({ webSocket: null })
    const { lines } = diary(feed)
    await node.mine(3)
    await expect.poll(() => lines.at(-1)).toBe('3')
  })

  it('asks for each block once however many subscribers there are', async () => {
    const feed = await followBad()
    const diaries = Array.from({ length: 40 }, () => diary(feed))
    const [from, to] = z
      .tuple([z.string(), z.string()])
      .rest(z.string())
      .parse(await node.ask('eth_accounts'))
    for (let sent = 0; sent < 5; sent += 1) {
      await node.ask('eth_sendTransaction', { from, to, value: '0x1' })
      await node.mine()
      await expect.poll(() => diaries.every(({ lines }) => lines.at(-1) === `${sent + 1}`)).toBe(true)
    }
    expect(bad.seen.filter((method) => method === 'eth_getBlockReceipts')).toHaveLength(5)
  })

  it('tells a fork before the blocks that replace it', async () => {
    const feed = await follow()
    const { lines } = diary(feed)
    for (const height of [1, 2, 3, 4]) {
      await node.mine()
      await expect.poll(() => lines.at(-1)).toBe(`${height}`)
    }
    await node.ask('anvil_reorg', 2, [])
    await expect.poll(() => lines.slice(-3)).toEqual(['fork 3', '3', '4'])
  })

  it('tells a rewind, also when no new block comes', async () => {
    const feed = await follow()
    const { lines } = diary(feed)
    await node.mine()
    await expect.poll(() => lines.at(-1)).toBe('1')
    await node.mine(9)
    await expect.poll(() => lines.at(-1)).toBe('10')
    await node.ask('anvil_rollback', 6)
    await expect.poll(() => lines.at(-1), { timeout: 3000 }).toBe('fork 5')
    expect(feed.head()?.number).toBe(4)
    await node.mine()
    await expect.poll(() => lines.at(-1)).toBe('5')
  })

  it('starts a subscriber far behind, in order, and finds the fork that happened meanwhile', async () => {
    await node.mine(150)
    const awake = await follow()
    const first = diary(awake, { start: 1 })
    await first.subscription.caughtUp()
    const trail = first.trails.at(-1) ?? []
    await awake.stop()
    await node.ask('anvil_rollback', 50)
    await node.mine(80)
    const later = await follow()
    const second = diary(later, { trail })
    await second.subscription.caughtUp()
    const [fork = '', next = '', ...rest] = second.lines
    const height = Number(fork.replace('fork ', ''))
    expect(fork).toMatch(/^fork \d+$/u)
    expect(height).toBeLessThanOrEqual(101)
    expect(height).toBeGreaterThan(50)
    expect([next, ...rest]).toEqual(Array.from({ length: 181 - height }, (_, index) => `${height + index}`))
  })

  it('delivers a block again when its subscriber could not take it', async () => {
    const feed = await follow()
    const lines: string[] = []
    let broken = 2
    feed.subscribe({
      name: 'clumsy',
      onBlock: ({ number }) => {
        lines.push(`${number}`)
        if (number === 1 && broken > 0) {
          broken -= 1
          throw new Error('disk full')
        }
      },
      onFork: () => undefined,
    })
    await node.mine(2)
    await expect.poll(() => lines.slice(-4), { timeout: 5000 }).toEqual(['1', '1', '1', '2'])
  })

  it('refuses a node of another chain, whether by its id or by its first block', async () => {
    const other = { code: 'foreign-chain' }
    await expect(follow({ expect: { chainId: 5 } })).rejects.toMatchObject(other)
    const genesisHash = `0x${'11'.repeat(32)}`
    await expect(follow({ expect: { chainId: 31337, genesisHash } })).rejects.toMatchObject(other)
  })

  it('stops following when another chain appears behind the same address', async () => {
    const port = await freePort()
    const first = await startNode({ port })
    const states: FeedState[] = []
    const feed = await follow({ rpc: first.rpc })
    feed.onState((state) => states.push(state))
    const { lines } = diary(feed)
    await first.kill()
    await expect.poll(() => feed.state()).toBe('away')
    const second = await startNode({ port, chainId: 4242 })
    await second.mine(3)
    await expect.poll(() => feed.state(), { timeout: 5000 }).toBe('foreign')
    expect(lines).toEqual(['0'])
    expect(faults).toContain('foreign-chain')
    await second.kill()
  })

  it('says that the chain stands still after five periods, and that it moves again', async () => {
    let nowMs = 0
    const feed = await follow({ clock: { nowMs: () => nowMs }, blockPeriodMs: 1000, webSocket: null })
    expect(feed.state()).toBe('following')
    nowMs = 5001
    await expect.poll(() => feed.state()).toBe('stalled')
    await node.mine()
    await expect.poll(() => feed.state()).toBe('following')
  })

  it('says so too when the node is frozen and leaves it without an answer', async () => {
    let nowMs = 0
    const rpc = createRpc({ url: bad.url, deadlineMs: 4000 })
    const feed = await follow({ rpc, clock: { nowMs: () => nowMs }, blockPeriodMs: 100, webSocket: null })
    const states: FeedState[] = []
    feed.onState((state) => states.push(state))
    bad.mood = { kind: 'hang' }
    const asked = bad.seen.length
    await expect.poll(() => bad.seen.length).toBeGreaterThan(asked)
    nowMs = 2001
    await expect.poll(() => states).toEqual(['stalled'])
    await expect.poll(() => states).toEqual(['stalled', 'away'])
    bad.mood = { kind: 'good' }
    await node.mine()
    await expect.poll(() => states).toEqual(['stalled', 'away', 'following'])
  })

  it('waits for a node that is away at its start', async () => {
    bad.mood = { kind: 'cut' }
    const feed = await followBad()
    expect(feed.state()).toBe('away')
    const { lines } = diary(feed)
    bad.mood = { kind: 'good' }
    await expect.poll(() => lines, { timeout: 5000 }).toEqual(['0'])
  })

  it.each([
    { kind: 'cut' },
    { kind: 'hang' },
    { kind: 'lose' },
    { kind: 'garbage' },
    { kind: 'slow', ms: 600 },
  ] as const)('is away while the way to the node is broken ($kind), and misses nothing', async (mood) => {
    const feed = await followBad()
    const { lines } = diary(feed)
    await node.mine()
    await expect.poll(() => lines.at(-1)).toBe('1')
    bad.mood = mood
    await node.mine(5)
    await expect.poll(() => feed.state(), { timeout: 5000 }).toBe('away')
    bad.mood = { kind: 'good' }
    await expect.poll(() => lines.slice(-6), { timeout: 5000 }).toEqual(['1', '2', '3', '4', '5', '6'])
    expect(lines.some((line) => line.startsWith('fork'))).toBe(false)
  })

  const lies: [name: string, method: string, change: (result: unknown) => unknown][] = [
    ['drops a receipt', 'eth_getBlockReceipts', () => []],
    ['tells of a receipt in another block', 'eth_getBlockReceipts', (result) => changed(result, 'blockHash')],
    ['tells of another transaction', 'eth_getBlockReceipts', (result) => changed(result, 'transactionHash')],
    ['gives a block without a hash', 'eth_getBlockByNumber', () => ({ number: '0x1' })],
  ]

  it.each(lies)('takes nothing from a node that %s', async (_name, method, change) => {
    const feed = await followBad()
    const { lines } = diary(feed)
    await expect.poll(() => lines).toEqual(['0'])
    bad.mood = { kind: 'lie', method, change }
    const [from, to] = z
      .tuple([z.string(), z.string()])
      .rest(z.string())
      .parse(await node.ask('eth_accounts'))
    await node.ask('eth_sendTransaction', { from, to, value: '0x1' })
    await node.mine()
    await expect.poll(() => faults.at(-1)).toMatch(/untrusted-rpc|rpc-garbage/u)
    expect(lines).toEqual(['0'])
    bad.mood = { kind: 'good' }
    await expect.poll(() => lines, { timeout: 5000 }).toEqual(['0', '1'])
  })
})

const changed = (result: unknown, field: string): unknown =>
  z
    .array(z.record(z.string(), z.unknown()))
    .parse(result)
    .map((one) => ({ ...one, [field]: `0x${'ab'.repeat(32)}` }))

describe('a trail', () => {
  const trailOf = (heights: readonly number[]): Trail =>
    heights.reduce<Trail>((trail, number) => extend(trail, { number, hash: `0x${number}` }), [])

  const heights = (length: number, first: number): number[] =>
    Array.from({ length }, (_, index) => first + index)

  it('stays short however many blocks were applied', () => {
    expect(trailOf(heights(50_000, 1)).length).toBeLessThan(80)
  })

  it('holds, for a fork of any depth, a block at most three times as deep', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 0, max: 1000 }), (length, first) => {
        const trail = trailOf(heights(length, first))
        const top = first + length - 1
        for (const depth of [1, 5, 16, 40, 100, 500, 2000]) {
          if (depth >= length) continue
          const kept = trail.findLast((ref) => ref.number <= top - depth)
          expect(kept).toBeDefined()
          expect(top - (kept?.number ?? 0)).toBeLessThanOrEqual(3 * depth + 16)
        }
      }),
      { numRuns: 30 },
    )
  })

  it('of who rests goes on with what the others applied meanwhile, and keeps what is older', () => {
    const shared = trailOf(heights(9, 20))
    const own = trailOf(heights(22, 1))
    expect(joined(own, shared)).toEqual([...own.filter(({ number }) => number < 20), ...shared])
    expect(joined(shared.slice(0, 3), shared)).toBe(shared)
    expect(joined(own, [])).toEqual(own)
  })

  it('is always in order and ends with the newest', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 1, maxLength: 60 }), (numbers) => {
        const trail = trailOf(numbers)
        expect(trail.map((ref) => ref.number)).toEqual(
          [...trail].map((ref) => ref.number).sort((a, b) => a - b),
        )
        expect(trail.at(-1)?.number).toBe(numbers.at(-1))
      }),
    )
  })
})
