import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type ChainFeed, createChainFeed, type FeedState } from '../../chain/proxy/feed.ts'
import { createRpc, type Rpc } from '../../chain/proxy/rpc.ts'
import { createPlug, type Plug } from '../../protocols/rules/cable.ts'
import { codeOf } from '../../protocols/rules/fault.ts'
import { type BadNode, startBadNode } from './bad-node.ts'
import { type Node, startNode } from './node.ts'

let node: Node
let bad: BadNode
let plug: Plug
let rpc: Rpc
let feed: ChainFeed | undefined

beforeEach(async () => {
  node = await startNode()
  bad = await startBadNode(node.url)
  plug = createPlug()
  // A call that is not broken off would outlast its test.
  rpc = createRpc({ url: bad.url, cable: plug, deadlineMs: 120_000 })
})

afterEach(async () => {
  await feed?.stop()
  feed = undefined
  rpc.close()
  await bad.stop()
  await node.kill()
})

const ask = (): Promise<unknown> => rpc.call('eth_chainId', [], z.string())

describe('The way to the node, its cable cut', () => {
  it('refuses every call before anything leaves, and carries the next one after', async () => {
    await ask()
    const before = bad.seen.length
    plug.set(true)
    await expect(ask()).rejects.toMatchObject({ code: 'rpc-unreachable' })
    expect(bad.seen).toHaveLength(before)
    plug.set(false)
    await expect(ask()).resolves.toBe('0x7a69')
  })

  it('breaks off calls that wait for their answers, those in the queue for a connection too', async () => {
    bad.mood = { kind: 'hang' }
    const waiting = Array.from({ length: 20 }, () => ask().catch(codeOf))
    await expect.poll(() => bad.seen.length).toBeGreaterThan(0)
    plug.set(true)
    for (const code of await Promise.all(waiting)) expect(code).toMatch(/^rpc-un(known|reachable)$/)
  })

  it('drops the announcements: the feed is away until the cable is mended, and catches up', async () => {
    const states: FeedState[] = []
    feed = await createChainFeed({
      rpc: createRpc({ url: node.url, cable: plug }),
      cable: plug,
      clock: { nowMs: () => Date.now() },
    })
    feed.onState((state) => states.push(state))
    await node.mine()
    await expect.poll(() => feed?.head()?.number).toBe(1)
    plug.set(true)
    await expect.poll(() => states).toEqual(['away'])
    await node.mine(3)
    expect(feed.head()?.number).toBe(1)
    plug.set(false)
    await expect.poll(() => feed?.head()?.number).toBe(4)
    expect(states).toEqual(['away', 'following'])
  })
})
