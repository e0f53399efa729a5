import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ChainFeed, createChainFeed } from '../../chain/proxy/feed.ts'
import type { BlockRef } from '../../chain/proxy/block.ts'
import { maybeHeaderReply } from '../../chain/proxy/replies.ts'
import type { Trail } from '../../chain/proxy/trail.ts'
import { type Node, startNode } from './node.ts'

/** Blocks come, some of the newest are replaced or are gone, or who reads them begins again. */
type Step = { readonly mine: number } | { readonly back: number; readonly anew: boolean } | 'restart'

const RUNS = 20
const EACH = 3

let node: Node
let feed: ChainFeed
let faults: unknown[]

async function open(): Promise<ChainFeed> {
  const onFault = (thrown: unknown): void => void faults.push(thrown)
  return createChainFeed({ rpc: node.rpc, clock: { nowMs: () => Date.now() }, onFault })
}

beforeEach(async () => {
  faults = []
  node = await startNode()
  feed = await open()
})

afterEach(async () => {
  await feed.stop()
  await node.kill()
})

/** Keeps every third block, glances at the others, and takes back what a fork takes back. */
function thirds(from: { trail?: Trail; start?: number } = {}, kept = new Map<number, string>()) {
  const glanced: number[] = []
  const applied: number[] = []
  const forks: number[] = []
  const seen: { trail: Trail } = { trail: from.trail ?? [] }
  const subscription = feed.subscribe({
    name: 'thirds',
    ...from,
    glance: ({ number }) => {
      if (number % EACH === 0) return false
      glanced.push(number)
      return true
    },
    onBlock: ({ number, hash }, trail) => {
      applied.push(number)
      kept.set(number, hash)
      seen.trail = trail
    },
    onFork: (height, trail) => {
      forks.push(height)
      for (const number of kept.keys()) if (number >= height) kept.delete(number)
      seen.trail = trail
    },
  })
  return { kept, glanced, applied, forks, seen, subscription }
}

const goBack = ({ back, anew }: { back: number; anew: boolean }): Promise<unknown> =>
  anew ? node.ask('anvil_reorg', back, []) : node.ask('anvil_rollback', back)

const refOf = ({ number, hash }: BlockRef): BlockRef => ({ number, hash })

/** What the node itself says that it holds. */
async function heldAt(which: number | 'latest'): Promise<BlockRef> {
  const at = which === 'latest' ? which : `0x${which.toString(16)}`
  const header = await node.rpc.call('eth_getBlockByNumber', [at, false], maybeHeaderReply)
  if (header === null) throw new Error(`there is no block ${which}`)
  return refOf(header)
}

describe('a glance at a block', () => {
  it('passes the block, once, and the place in the chain goes on', async () => {
    const { glanced, applied, seen, subscription } = thirds({ start: 1 })
    for (let height = 1; height <= 10; height += 1) {
      await node.mine()
      await expect.poll(() => subscription.position()?.number).toBe(height)
      expect(subscription.behind()).toBe(0)
    }
    expect(glanced).toEqual([1, 2, 4, 5, 7, 8, 10])
    expect(applied).toEqual([3, 6, 9])
    expect(seen.trail.map(({ number }) => number)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(subscription.trail().map(({ number }) => number)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  })

  it('also passes blocks on the way to the head', async () => {
    await node.mine(30)
    await expect.poll(() => feed.head()?.number).toBe(30)
    const { glanced, applied, subscription } = thirds({ start: 1 })
    await subscription.caughtUp()
    expect(applied).toEqual([3, 6, 9, 12, 15, 18, 21, 24, 27, 30])
    expect(glanced).toHaveLength(20)
  })

  it('leaves a fork of passed blocks told, from the first that is gone', async () => {
    const { forks, kept, subscription } = thirds({ start: 1 })
    await node.mine(8)
    await expect.poll(() => subscription.position()?.number).toBe(8)
    await node.ask('anvil_reorg', 2, [])
    await expect.poll(() => forks).toEqual([7])
    await subscription.caughtUp()
    expect([...kept.keys()]).toEqual([3, 6])
  })

  it('comes again with a block that could not be applied', async () => {
    let glances = 0
    let throws = true
    const subscription = feed.subscribe({
      ...{ name: 'throws once', start: 1, onFork: () => undefined },
      glance: () => {
        glances += 1
        return false
      },
      onBlock: () => {
        if (throws) {
          throws = false
          throw new Error('not now')
        }
      },
    })
    await node.mine()
    await expect.poll(() => subscription.position()?.number).toBe(1)
    expect(glances).toBeGreaterThan(1)
    expect(faults).toHaveLength(1)
  })

  it('that throws is told and made again, and keeps no other reader from the block', async () => {
    let throwing = 0
    const one = feed.subscribe({
      ...{ name: 'throws twice', start: 1, onBlock: () => undefined, onFork: () => undefined },
      glance: ({ number }) => {
        if (number !== 2 || throwing === 2) return true
        throwing += 1
        throw new Error('not now')
      },
    })
    const { glanced, applied, subscription } = thirds({ start: 1 })
    for (const height of [1, 2, 3]) {
      await node.mine()
      await expect.poll(() => subscription.position()?.number).toBe(height)
    }
    expect(glanced).toEqual([1, 2])
    expect(applied).toEqual([3])
    expect(feed.state()).toBe('following')
    await expect.poll(() => one.position()?.number).toBe(3)
    expect(faults).toHaveLength(1)
  })

  it('keeps what the chain holds, whatever blocks come and go, and after a start from its disk', async () => {
    const step: fc.Arbitrary<Step> = fc.oneof(
      fc.record({ mine: fc.integer({ min: 1, max: 12 }) }),
      fc.record({ back: fc.integer({ min: 1, max: 9 }), anew: fc.boolean() }),
      fc.constant('restart'),
    )
    const follows = async (steps: readonly Step[]): Promise<void> => {
      let reader = thirds({ start: 1 })
      for (const each of steps) {
        if (each === 'restart') {
          // As a process that ends: what it kept and the trail of that are on its disk.
          await reader.subscription.stop()
          reader = thirds({ trail: reader.seen.trail, start: 1 }, reader.kept)
        } else if ('mine' in each) await node.mine(each.mine)
        else if ((feed.head()?.number ?? 0) > each.back) await goBack(each)
        const head = await heldAt('latest')
        await expect.poll(() => feed.head()?.hash).toBe(head.hash)
        await reader.subscription.caughtUp()
        const position = reader.subscription.position()
        expect(position === undefined ? undefined : refOf(position)).toEqual(head)
        if (head.number > 0) expect(reader.subscription.trail().at(-1)).toEqual(head)
        for (let number = 1; number <= head.number; number += 1) {
          const held = number % EACH === 0 ? await heldAt(number) : undefined
          expect(reader.kept.get(number)).toBe(held?.hash)
        }
      }
      await reader.subscription.stop()
    }
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 8 }), follows), {
      numRuns: RUNS,
    })
    expect(faults).toEqual([])
  })
})
