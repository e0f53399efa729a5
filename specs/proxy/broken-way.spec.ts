import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type AccountOutbox, createAccountOutbox } from '../../actors/contract-proxy/live.ts'
import { openStore, type Store } from '../../actors/storage/store.ts'
import { type ChainFeed, createChainFeed } from '../../chain/proxy/feed.ts'
import { createRpc } from '../../chain/proxy/rpc.ts'
import { createSigner } from '../../chain/proxy/signing.ts'
import { type BadNode, type Mood, startBadNode } from './bad-node.ts'
import { bodyOf, deployTally, freePort, keyOf, type Node, putCall, startNode, timesOf } from './node.ts'
import { gunzipSync } from 'node:zlib'
import { writeFile } from 'node:fs/promises'
import { z } from 'zod'

const clock = { nowMs: () => Date.now() }
const COUNT = 12

let folder: string
let node: Node
let bad: BadNode
let store: Store
let feed: ChainFeed
let outbox: AccountOutbox
let tally: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meterhood-way-'))
  node = await startNode({ blockTimeS: 0.2, port: await freePort() })
  bad = await startBadNode(node.url)
  tally = await deployTally(node, createSigner(keyOf(0)).account)
  store = await openStore({ file: join(folder, 'gateway.sqlite') })
  feed = await createChainFeed({ rpc: createRpc({ url: bad.url, deadlineMs: 500 }), clock, webSocket: null })
  outbox = await createAccountOutbox({
    store,
    feed,
    signerKey: keyOf(1),
    clock,
    mergeable: ['put'],
    merge: (_kind, bodies) => ({ data: putCall(bodies), taken: bodies.length }),
    isFinal: () => true,
    onFault: () => undefined,
  })
})

afterEach(async () => {
  await outbox.stop()
  await feed.stop()
  await store.close()
  await bad.stop()
  await node.kill()
  await rm(folder, { recursive: true, force: true })
})

const put = (number: number) =>
  store.transaction((trx) =>
    outbox.enqueue(trx, { id: `put-${number}`, kind: 'put', to: tally, data: bodyOf(number), gas: 90_000 }),
  )

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

async function checkOnce(): Promise<void> {
  await expect.poll(() => outbox.counts(), { timeout: 20_000, interval: 100 }).toEqual({ final: COUNT })
  for (let number = 1; number <= COUNT; number += 1) expect(await timesOf(node, tally, number)).toBe(1)
}

const moods: Mood[] = [
  { kind: 'cut' },
  { kind: 'hang' },
  { kind: 'lose' },
  { kind: 'garbage' },
  { kind: 'slow', ms: 300 },
  { kind: 'lie', method: 'eth_sendRawTransaction', change: () => '0x' },
]

describe('the outbox, while the way to its node is broken', () => {
  it.each(moods)('by $kind, loses nothing and does nothing twice', async (mood) => {
    for (let number = 1; number <= COUNT; number += 1) {
      if (number === 4) bad.mood = mood
      if (number === 9) {
        await pause(700)
        bad.mood = { kind: 'good' }
      }
      await put(number)
      await pause(20)
    }
    await checkOnce()
  })
})

describe('the outbox, when the chain’s node is killed', () => {
  it('and comes back from an older saved state, sends again what that state does not know', async () => {
    for (let number = 1; number <= 4; number += 1) await put(number)
    await pause(700)
    const dump = z.string().parse(await node.ask('anvil_dumpState'))
    const state = join(folder, 'state.json')
    await writeFile(state, gunzipSync(Buffer.from(dump.slice(2), 'hex')))
    for (let number = 5; number <= 9; number += 1) await put(number)
    await pause(900)
    const { port } = node
    await node.kill()
    await put(10)
    node = await startNode({ blockTimeS: 0.2, port, state })
    for (let number = 11; number <= COUNT; number += 1) await put(number)
    await checkOnce()
  })
})
