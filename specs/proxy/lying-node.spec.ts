import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  type AccountOutbox,
  type ContractProxy,
  createAccountOutbox,
  createContractProxy,
} from '../../actors/contract-proxy/live.ts'
import { openStore, type Store } from '../../actors/storage/store.ts'
import { type ChainFeed, createChainFeed } from '../../chain/proxy/feed.ts'
import { createRpc } from '../../chain/proxy/rpc.ts'
import { createSigner } from '../../chain/proxy/signing.ts'
import { codeOf } from '../../protocols/rules/fault.ts'
import { type BadNode, type Mood, startBadNode } from './bad-node.ts'
import { bodyOf, deployTally, keyOf, type Node, putCall, startNode, tallyAbi, timesOf } from './node.ts'

const clock = { nowMs: () => Date.now() }
const LONG = { timeout: 20_000, interval: 50 }
const GOOD: Mood = { kind: 'good' }

let folder: string
let node: Node
let bad: BadNode
let store: Store
let feed: ChainFeed
let outbox: AccountOutbox
let proxy: ContractProxy
let tally: string
let heard: string[]
let faults: string[]

const openOutbox = (): Promise<AccountOutbox> =>
  createAccountOutbox({
    ...{ store, feed, clock, signerKey: keyOf(1), mergeable: ['put'] },
    merge: (_kind, bodies) => ({ data: putCall(bodies), taken: bodies.length }),
    isFinal: ({ number }) => number <= (feed.head()?.number ?? 0) - 3,
    onFault: (thrown) => faults.push(codeOf(thrown)),
  })

beforeEach(async () => {
  heard = []
  faults = []
  folder = await mkdtemp(join(tmpdir(), 'meterhood-lies-'))
  node = await startNode()
  bad = await startBadNode(node.url)
  tally = await deployTally(node, createSigner(keyOf(0)).account)
  await node.mine(4)
  store = await openStore({ file: join(folder, 'gateway.sqlite') })
  const onFault = (thrown: unknown): void => void faults.push(codeOf(thrown))
  feed = await createChainFeed({ rpc: createRpc({ url: bad.url }), clock, webSocket: null, onFault })
  outbox = await openOutbox()
  proxy = await createContractProxy({
    ...{ store, feed, name: 'tally', address: tally, abi: tallyAbi, start: 0 },
    apply: (_trx, facts, block) => {
      heard.push(...facts.map(() => `${block.number}`))
      return Promise.resolve()
    },
    revert: (_trx, from) => {
      heard = heard.filter((number) => Number(number) < from)
      return Promise.resolve()
    },
  })
})

afterEach(async () => {
  bad.mood = GOOD
  await outbox.stop()
  await proxy.stop()
  await feed.stop()
  await store.close()
  await bad.stop()
  await node.kill()
  await rm(folder, { recursive: true, force: true })
})

const put = (number: number): Promise<void> =>
  store.transaction((trx) =>
    outbox.enqueue(trx, { id: `put-${number}`, kind: 'put', to: tally, data: bodyOf(number), gas: 90_000 }),
  )

const pool = z.object({ pending: z.string().transform(Number) })
const poolSize = async (): Promise<number> => pool.parse(await node.ask('txpool_status')).pending

/** Mines until the intent is final, and looks that it was done once and heard once. */
async function doneOnce(number: number): Promise<void> {
  const isFinal = async (): Promise<unknown> => {
    await node.mine()
    return outbox.counts()
  }
  await expect.poll(isFinal, LONG).toEqual({ final: 1 })
  expect(await timesOf(node, tally, number)).toBe(1)
  await expect.poll(() => heard.length, LONG).toBe(1)
}

describe('a gateway whose node lies', () => {
  for (const [what, place] of [
    ['above its head', { blockNumber: '0xffff', blockHash: `0x${'ab'.repeat(32)}` }],
    ['in a block that is not on the chain', { blockNumber: '0x2', blockHash: `0x${'cd'.repeat(32)}` }],
  ] as const) {
    it(`takes no receipt ${what} for a call’s`, async () => {
      await put(1)
      await expect.poll(poolSize, LONG).toBe(1)
      await outbox.stop()
      const face = { transactionIndex: '0x0', from: createSigner(keyOf(1)).account, to: tally, status: '0x1' }
      const change = (_told: unknown, [hash]: readonly unknown[]): unknown => {
        return { transactionHash: hash, gasUsed: '0x5208', logs: [], ...face, ...place }
      }
      bad.mood = { kind: 'lie', method: 'eth_getTransactionReceipt', change }
      bad.seen.length = 0
      outbox = await openOutbox()
      await expect.poll(() => bad.seen.includes('eth_getTransactionReceipt'), LONG).toBe(true)
      expect(await outbox.counts()).not.toHaveProperty('included')
      bad.mood = GOOD
      await doneOnce(1)
    })
  }

  it('finds in its blocks what its index of transactions has lost', async () => {
    await put(1)
    await expect.poll(poolSize, LONG).toBe(1)
    await outbox.stop()
    await node.mine(2)
    bad.mood = { kind: 'lie', method: 'eth_getTransactionReceipt', change: () => null }
    outbox = await openOutbox()
    await doneOnce(1)
    expect(faults).toEqual([])
  })

  it('goes back with an old head and comes again, and does nothing twice', async () => {
    await put(1)
    await expect.poll(poolSize, LONG).toBe(1)
    await node.mine(2)
    await expect.poll(() => heard.length, LONG).toBe(1)
    const old = await node.ask('eth_getBlockByNumber', '0x3', false)
    const change = (told: unknown, [which]: readonly unknown[]): unknown => (which === 'latest' ? old : told)
    bad.mood = { kind: 'lie', method: 'eth_getBlockByNumber', change }
    await expect.poll(() => feed.head()?.number, LONG).toBe(3)
    bad.mood = GOOD
    await doneOnce(1)
  })

  it('sends nothing to a node that says it has another chain, and goes on after it', async () => {
    bad.mood = { kind: 'cut' }
    await expect.poll(() => feed.state(), LONG).toBe('away')
    bad.mood = { kind: 'lie', method: 'eth_chainId', change: () => '0x1' }
    await expect.poll(() => feed.state(), LONG).toBe('foreign')
    bad.seen.length = 0
    await node.mine(2)
    expect(faults).toContain('foreign-chain')
    expect(bad.seen).not.toContain('eth_sendRawTransaction')
    bad.mood = GOOD
    await expect.poll(() => feed.state(), LONG).toBe('following')
    await put(1)
    await expect.poll(poolSize, LONG).toBe(1)
    await doneOnce(1)
  })

  it.each([
    ['leaves logs out', (receipts: Receipts) => receipts.map((each) => ({ ...each, logs: [] }))],
    ['leaves receipts out', () => []],
    ['gives none', () => null],
  ])('misses no event of a node that %s', async (_what, lie: (receipts: Receipts) => unknown) => {
    await put(1)
    await expect.poll(poolSize, LONG).toBe(1)
    const change = (told: unknown): unknown => lie(receiptsReply.parse(told))
    bad.mood = { kind: 'lie', method: 'eth_getBlockReceipts', change }
    await node.mine()
    await expect.poll(() => bad.seen.includes('eth_getBlockReceipts'), LONG).toBe(true)
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(heard).toEqual([])
    bad.mood = GOOD
    await doneOnce(1)
  })
})

const receiptsReply = z.array(z.looseObject({ logs: z.array(z.unknown()) }))
type Receipts = z.infer<typeof receiptsReply>
