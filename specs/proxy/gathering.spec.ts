import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type AccountOutbox, createAccountOutbox } from '../../actors/contract-proxy/live.ts'
import { openStore, type Store } from '../../actors/storage/store.ts'
import { type ChainFeed, createChainFeed } from '../../chain/proxy/feed.ts'
import { createSigner } from '../../chain/proxy/signing.ts'
import { bodyOf, closeCall, deployTally, keyOf, type Node, putCall, startNode, tallyAbi } from './node.ts'

const COUNT = 6
const LONGEST_MS = 14_000

let folder: string
let node: Node
let store: Store
let feed: ChainFeed
let outbox: AccountOutbox
let tally: string
let aheadMs: number

const clock = { nowMs: () => Date.now() + aheadMs }

beforeEach(async () => {
  aheadMs = 0
  folder = await mkdtemp(join(tmpdir(), 'meterhood-gathering-'))
  node = await startNode()
  tally = await deployTally(node, createSigner(keyOf(0)).account)
  store = await openStore({ file: join(folder, 'gateway.sqlite') })
  feed = await createChainFeed({ rpc: node.rpc, clock })
  outbox = await open()
})

afterEach(async () => {
  await outbox.stop()
  await feed.stop()
  await store.close()
  await node.kill()
  await rm(folder, { recursive: true, force: true })
})

const open = (): Promise<AccountOutbox> =>
  createAccountOutbox({
    store,
    feed,
    signerKey: keyOf(1),
    clock,
    mergeable: ['put'],
    merge: (_kind, bodies) => ({ data: putCall(bodies), taken: bodies.length }),
    gather: { count: COUNT, longestMs: LONGEST_MS },
    abis: [tallyAbi],
    isFinal: () => true,
    onFault: (thrown) => {
      throw thrown
    },
  })

const put = (...numbers: number[]) =>
  store.transaction(async (trx) => {
    for (const number of numbers) {
      await outbox.enqueue(trx, { id: `put-${number}`, kind: 'put', to: tally, data: bodyOf(number) })
    }
  })

/** Which call carries each intent, by its nonce; null while it waits. */
const nonces = async () => {
  const rows = await store.db.selectFrom('intent').select('nonce').orderBy('position').execute()
  return rows.map(({ nonce }) => nonce)
}

/** A few blocks, and time for the outbox to meet them: whatever is ready has gone by then. */
async function blocks(): Promise<void> {
  const before = feed.head()?.number ?? 0
  await node.mine(3)
  await expect.poll(() => feed.head()?.number).toBe(before + 3)
  await new Promise((resolve) => setTimeout(resolve, 300))
}

describe('the outbox, with intents that gather', () => {
  it('lets them wait until there are as many as go in one call', async () => {
    await put(1, 2, 3)
    await put(4, 5)
    await blocks()
    expect(await nonces()).toEqual([null, null, null, null, null])
    await put(6, 7)
    await expect.poll(nonces).toEqual([0, 0, 0, 0, 0, 0, null])
  })

  it('sends fewer once the oldest has waited its time', async () => {
    await put(1, 2)
    await blocks()
    aheadMs = LONGEST_MS - 5_000
    await put(3)
    await blocks()
    expect(await nonces()).toEqual([null, null, null])
    aheadMs = LONGEST_MS
    await node.mine()
    await expect.poll(nonces).toEqual([0, 0, 0])
  })

  it('holds nothing up: what is asked for behind them sends them on their way, in order', async () => {
    await put(1, 2)
    await store.transaction((trx) =>
      outbox.enqueue(trx, { id: 'close', kind: 'close', to: tally, data: closeCall(false) }),
    )
    await expect.poll(nonces).toEqual([0, 0, 1])
    await put(3)
    await blocks()
    expect(await nonces()).toEqual([0, 0, 1, null])
  })

  it('sends at once when there is no time to wait any more, those that come later too', async () => {
    await put(1, 2)
    await blocks()
    outbox.hurry()
    await expect.poll(nonces).toEqual([0, 0])
    await put(3)
    await expect.poll(nonces).toEqual([0, 0, 1])
  })

  it('goes on gathering after a restart, and the time before it counts', async () => {
    await put(1, 2)
    await outbox.stop()
    outbox = await open()
    await put(3)
    await blocks()
    expect(await nonces()).toEqual([null, null, null])
    await outbox.stop()
    aheadMs = LONGEST_MS
    outbox = await open()
    await node.mine()
    await expect.poll(nonces).toEqual([0, 0, 0])
  })

  it('sends at once what was parted from others because one of them could not be done', async () => {
    await store.transaction(async (trx) => {
      await outbox.enqueue(trx, { id: 'put-1', kind: 'put', to: tally, data: bodyOf(1) })
      await trx.updateTable('intent').set({ alone: 1 }).where('id', '=', 'put-1').execute()
    })
    await expect.poll(nonces).toEqual([0])
  })

  it('does not trust a clock that was put back', async () => {
    await put(1)
    aheadMs = -3_600_000
    await node.mine()
    await expect.poll(nonces).toEqual([0])
  })
})
