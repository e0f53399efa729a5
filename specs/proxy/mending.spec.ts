import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type AccountOutbox,
  createAccountOutbox,
  type Intent,
  type OutboxOptions,
} from '../../actors/contract-proxy/live.ts'
import { openStore, type Store } from '../../actors/storage/store.ts'
import { type ChainFeed, createChainFeed } from '../../chain/proxy/feed.ts'
import { createSigner } from '../../chain/proxy/signing.ts'
import {
  bodyOf,
  closeCall,
  deployTally,
  keyOf,
  type Node,
  putCall,
  startNode,
  tallyAbi,
  timesOf,
} from './node.ts'

const clock = { nowMs: () => Date.now() }
/** The contract refuses what has this number; made anew it has the other. */
const [STALE, FRESH] = [0, 10]
const GAS = 100_000

let folder: string
let node: Node
let store: Store
let feed: ChainFeed
let outbox: AccountOutbox
let tally: string
/** Whether the home knows by now that its bodies are out of date, and whether they may go. */
let knows: boolean
let certain: boolean

beforeEach(async () => {
  ;[knows, certain] = [false, true]
  folder = await mkdtemp(join(tmpdir(), 'meterhood-mending-'))
  node = await startNode()
  tally = await deployTally(node, createSigner(keyOf(0)).account)
  store = await openStore({ file: join(folder, 'gateway.sqlite') })
  feed = await createChainFeed({ rpc: node.rpc, clock })
})

afterEach(async () => {
  await outbox.stop()
  await feed.stop()
  await store.close()
  await node.kill()
  await rm(folder, { recursive: true, force: true })
})

const mended = (intent: Intent): Intent =>
  knows && intent.id === `put-${STALE}` ? { ...intent, data: bodyOf(FRESH) } : intent

const open = (more: Partial<OutboxOptions> = {}): Promise<AccountOutbox> =>
  createAccountOutbox({
    store,
    feed,
    signerKey: keyOf(1),
    clock,
    mergeable: ['put'],
    merge: (_kind, bodies) => ({ data: putCall(bodies), taken: bodies.length }),
    abis: [tallyAbi],
    isFinal: () => true,
    refresh: async (waiting) => waiting.filter(({ kind }) => certain || kind !== 'put').map(mended),
    mendable: (_kind, error) => error === 'Refused',
    onFault: () => undefined,
    ...more,
  })

const ask = (id: string, kind: string, data: Uint8Array) =>
  store.transaction((trx) => outbox.enqueue(trx, { id, kind, to: tally, data, gas: GAS }))
const put = (number: number) => ask(`put-${number}`, 'put', bodyOf(number))

const rows = async () => {
  const found = await store.db.selectFrom('intent').select(['id', 'state', 'nonce']).execute()
  return new Map(found.map((row) => [row.id, row]))
}
const stateOf = async (id: string) => (await rows()).get(id)?.state
const nonceOf = async (id: string) => (await rows()).get(id)?.nonce ?? -1

const poolSize = async (): Promise<number> => {
  const status = z.object({ pending: z.string() }).parse(await node.ask('txpool_status'))
  return Number(status.pending)
}

/** Waits for a state, mining a block at each look. */
async function mineUntil(id: string, wanted: string): Promise<void> {
  for (let looked = 0; looked < 60; looked += 1) {
    await node.mine()
    for (let wait = 0; wait < 10; wait += 1) {
      if ((await stateOf(id)) === wanted) return
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  throw new Error(`${id} is ${await stateOf(id)}`)
}

describe('the outbox, with bodies that may go out of date', () => {
  it('makes anew what was refused, and lets nothing of its kind pass it', async () => {
    outbox = await open()
    await put(STALE)
    await expect.poll(poolSize).toBe(1)
    await mineUntil(`put-${STALE}`, 'included')
    await put(1)
    await put(2)
    knows = true
    await mineUntil('put-2', 'final')
    expect(await stateOf(`put-${STALE}`)).toBe('final')
    for (const number of [FRESH, 1, 2]) expect(await timesOf(node, tally, number)).toBe(1)
    expect(await nonceOf(`put-${STALE}`)).toBeLessThanOrEqual(await nonceOf('put-1'))
  })

  it('makes anew what waits, before it is signed', async () => {
    certain = false
    outbox = await open()
    await put(STALE)
    ;[knows, certain] = [true, true]
    outbox.wake()
    await mineUntil(`put-${STALE}`, 'final')
    expect(await timesOf(node, tally, FRESH)).toBe(1)
    const calls = await store.db.selectFrom('call').select('nonce').execute()
    expect(calls).toHaveLength(1)
  })

  it('holds up no other call with one that must wait', async () => {
    certain = false
    outbox = await open()
    await put(1)
    await ask('open', 'close', closeCall(false))
    await mineUntil('open', 'final')
    expect(await stateOf('put-1')).toBe('queued')
    certain = true
    await mineUntil('put-1', 'final')
  })

  it('sends one call at a time while it is told to, and then as many as the contract takes', async () => {
    outbox = await open({ singly: () => true })
    await put(1)
    await expect.poll(poolSize).toBe(1)
    for (const number of [2, 3, 4, 5, 6, 7]) await put(number)
    await mineUntil('put-7', 'final')
    const nonces = await Promise.all([1, 2, 3, 4, 5, 6, 7].map((number) => nonceOf(`put-${number}`)))
    expect(nonces).toEqual([0, 1, 1, 1, 1, 1, 1])
  })
})
