import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type AccountOutbox,
  createAccountOutbox,
  type OutboxOptions,
} from '../../actors/contract-proxy/live.ts'
import { openStore, type Store } from '../../actors/storage/store.ts'
import { type ChainFeed, createChainFeed } from '../../chain/proxy/feed.ts'
import { createSigner } from '../../chain/proxy/signing.ts'
import { codeOf } from '../../protocols/rules/fault.ts'
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
const key = keyOf(1)
const account = createSigner(key).account
const deployer = createSigner(keyOf(0)).account

let folder: string
let node: Node
let store: Store
let feed: ChainFeed
let outbox: AccountOutbox
let tally: string
let told: string[]
let faults: string[]
let finalUpTo: number

beforeEach(async () => {
  told = []
  faults = []
  finalUpTo = Number.MAX_SAFE_INTEGER
  folder = await mkdtemp(join(tmpdir(), 'meterhood-outbox-'))
  node = await startNode()
  tally = await deployTally(node, deployer)
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

const open = (more: Partial<OutboxOptions> = {}): Promise<AccountOutbox> =>
  createAccountOutbox({
    store,
    feed,
    signerKey: key,
    clock,
    mergeable: ['put'],
    merge: (_kind, bodies) => ({ data: putCall(bodies), taken: bodies.length }),
    abis: [tallyAbi],
    isFinal: ({ number }) => number <= finalUpTo,
    onOutcome: (intent, outcome) =>
      told.push(`${intent.id} ${outcome.state}${outcome.error === null ? '' : ` ${outcome.error}`}`),
    onFault: (thrown) => faults.push(codeOf(thrown)),
    ...more,
  })

const put = (number: number, more: { gas?: number } = {}) =>
  store.transaction((trx) =>
    outbox.enqueue(trx, { id: `put-${number}`, kind: 'put', to: tally, data: bodyOf(number), ...more }),
  )

const states = async () => {
  const rows = await store.db.selectFrom('intent').select(['id', 'state']).orderBy('position').execute()
  return Object.fromEntries(rows.map((row) => [row.id, row.state]))
}

const poolSize = async (): Promise<number> => {
  const status = z.object({ pending: z.string() }).parse(await node.ask('txpool_status'))
  return Number(status.pending)
}

/** Waits for `wanted`, mining a block at each look. */
async function mineUntil(wanted: () => Promise<boolean>): Promise<void> {
  for (let looked = 0; looked < 40; looked += 1) {
    await node.mine()
    for (let wait = 0; wait < 10; wait += 1) {
      if (await wanted()) return
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  throw new Error('it did not come')
}

describe('the outbox of an account', () => {
  it('carries an intent from queued to final and tells each state once', async () => {
    await put(1)
    await expect.poll(poolSize).toBe(1)
    await mineUntil(async () => (await states())['put-1'] === 'final')
    await expect.poll(() => told).toEqual(['put-1 sent', 'put-1 included', 'put-1 confirmed', 'put-1 final'])
    expect(await timesOf(node, tally, 1)).toBe(1)
    expect(await outbox.counts()).toEqual({ final: 1 })
    expect(await outbox.drained(1000)).toBe(true)
    expect(faults).toEqual([])
  })

  it('does an intent once however often asked, and never when its transaction is rolled back', async () => {
    await put(1)
    await put(1)
    const rolledBack = store.transaction(async (trx) => {
      await outbox.enqueue(trx, { id: 'put-2', kind: 'put', to: tally, data: bodyOf(2) })
      throw new Error('changed my mind')
    })
    await expect(rolledBack).rejects.toThrow()
    await mineUntil(async () => (await states())['put-1'] === 'final')
    expect(await states()).toEqual({ 'put-1': 'final' })
    expect([await timesOf(node, tally, 1), await timesOf(node, tally, 2)]).toEqual([1, 0])
  })

  it('sends an intent alone, and those that wait together in calls of at most four', async () => {
    await outbox.stop()
    outbox = await open({ maxInFlight: 1 })
    await put(1)
    await expect.poll(poolSize).toBe(1)
    for (const number of [2, 3, 4, 5, 6, 7]) await put(number)
    await mineUntil(async () => (await states())['put-7'] === 'final')
    const nonces = await store.db.selectFrom('intent').select('nonce').orderBy('position').execute()
    expect(nonces.map((row) => row.nonce)).toEqual([0, 1, 1, 1, 1, 2, 2])
    for (const number of [1, 4, 7]) expect(await timesOf(node, tally, number)).toBe(1)
  })

  it('takes back what a reorganisation undid and ends with it done once', async () => {
    await put(1)
    await expect.poll(poolSize).toBe(1)
    await node.mine()
    await expect.poll(async () => told.at(-1)).toBe('put-1 included')
    await node.ask('anvil_reorg', 1, [])
    await mineUntil(async () => (await states())['put-1'] === 'final')
    expect(told).toContain('put-1 reorged')
    expect(await timesOf(node, tally, 1)).toBe(1)
  })

  it.each([1, 3, 40])(
    'sends the same bytes again after the chain came back %i blocks older',
    async (depth) => {
      finalUpTo = 0
      await node.mine(40)
      await put(1)
      // Two that waited together would travel in one call.
      await expect.poll(poolSize).toBe(1)
      await put(2)
      await expect.poll(poolSize, { timeout: 20_000 }).toBe(2)
      await node.mine(depth)
      await expect.poll(async () => Object.values(await states()).includes('signed')).toBe(false)
      await expect.poll(() => feed.head()?.number).toBe(41 + depth)
      const before = await store.db.selectFrom('attempt').select(['hash', 'nonce']).execute()
      await node.ask('anvil_rollback', depth)
      await expect.poll(poolSize, { timeout: 20_000 }).toBe(2)
      finalUpTo = Number.MAX_SAFE_INTEGER
      await mineUntil(async () => Object.values(await states()).every((state) => state === 'final'))
      expect(await store.db.selectFrom('attempt').select(['hash', 'nonce']).execute()).toEqual(before)
      expect([await timesOf(node, tally, 1), await timesOf(node, tally, 2)]).toEqual([1, 1])
    },
  )

  it('sends again even what was final when the chain came back older than final', async () => {
    await put(1)
    await put(2)
    await mineUntil(async () => Object.values(await states()).every((state) => state === 'final'))
    const height = feed.head()?.number ?? 0
    await node.ask('anvil_rollback', height - 1)
    await put(3)
    await mineUntil(async () => (await states())['put-3'] === 'final')
    for (const number of [1, 2, 3]) expect(await timesOf(node, tally, number)).toBe(1)
  })

  it('does not call a block final before it is told so', async () => {
    finalUpTo = 0
    await put(1)
    await mineUntil(async () => (await states())['put-1'] === 'confirmed')
    await node.mine(4)
    expect((await states())['put-1']).toBe('confirmed')
    finalUpTo = Number.MAX_SAFE_INTEGER
    await mineUntil(async () => (await states())['put-1'] === 'final')
  })

  it('closes a gap when the node lost one of its transactions', async () => {
    await put(1)
    await expect.poll(poolSize).toBe(1)
    const lost = await store.db.selectFrom('attempt').select('hash').executeTakeFirstOrThrow()
    await node.ask('anvil_dropTransaction', lost.hash)
    await put(2)
    await mineUntil(async () => Object.values(await states()).every((state) => state === 'final'))
    expect([await timesOf(node, tally, 1), await timesOf(node, tally, 2)]).toEqual([1, 1])
    expect(await store.db.selectFrom('attempt').select('hash').execute()).toHaveLength(2)
  })

  it('offers again at once what a node that changed its chain may have lost', async () => {
    await node.mine(3)
    await put(1)
    await expect.poll(poolSize).toBe(1)
    const lost = await store.db.selectFrom('attempt').select('hash').executeTakeFirstOrThrow()
    await node.ask('anvil_dropTransaction', lost.hash)
    await expect.poll(() => feed.head()?.number).toBe(4)
    await node.ask('anvil_rollback', 2)
    await expect.poll(poolSize, { timeout: 5000 }).toBe(1)
  })

  it('pays more at the same nonce when the chain has become dearer, and is done once', async () => {
    await put(1)
    await expect.poll(poolSize).toBe(1)
    await node.ask('anvil_setNextBlockBaseFeePerGas', '0x174876e800')
    await mineUntil(async () => (await states())['put-1'] === 'final')
    const attempts = await store.db.selectFrom('attempt').select(['nonce', 'max_fee_wei']).execute()
    expect(attempts.length).toBeGreaterThan(1)
    expect(new Set(attempts.map((attempt) => attempt.nonce))).toEqual(new Set([0]))
    const fees = attempts.map((attempt) => Number(attempt.max_fee_wei)).sort((a, b) => a - b)
    for (const [index, fee] of fees.entries())
      if (index > 0) expect(fee).toBeGreaterThanOrEqual((fees[index - 1] ?? 0) * 1.1)
    expect(told).toContain('put-1 underpriced')
    expect(await timesOf(node, tally, 1)).toBe(1)
  })

  it('waits and tells while the chain costs more than the cap', async () => {
    await outbox.stop()
    outbox = await open({ fees: { tipWei: 1n, capWei: 1000n } })
    await put(1)
    await expect.poll(() => faults).toContain('fee-above-cap')
    expect(await states()).toEqual({ 'put-1': 'queued' })
    await outbox.stop()
    outbox = await open()
    await mineUntil(async () => (await states())['put-1'] === 'final')
  })

  it('fails an intent that its contract would revert, by its error, and uses no nonce', async () => {
    await store.transaction((trx) =>
      outbox.enqueue(trx, { id: 'close', kind: 'close', to: tally, data: closeCall(true) }),
    )
    await mineUntil(async () => (await states())['close'] === 'final')
    await put(1)
    await mineUntil(async () => (await states())['put-1'] === 'failed')
    await expect.poll(() => told.at(-1)).toBe('put-1 failed Refused')
    expect(await store.db.selectFrom('call').select('nonce').execute()).toEqual([{ nonce: 0 }])
  })

  it('waits for an intent that needs another one still on its way', async () => {
    await store.transaction((trx) =>
      outbox.enqueue(trx, { id: 'close', kind: 'close', to: tally, data: closeCall(true) }),
    )
    await mineUntil(async () => (await states())['close'] === 'final')
    await store.transaction(async (trx) => {
      await outbox.enqueue(trx, { id: 'open', kind: 'close', to: tally, data: closeCall(false) })
      await outbox.enqueue(trx, { id: 'put-1', kind: 'put', to: tally, data: bodyOf(1) })
    })
    await mineUntil(async () => (await states())['put-1'] === 'final')
  })

  it('names the error of an intent that was reverted on the chain', async () => {
    await put(0, { gas: 100_000 })
    await mineUntil(async () => (await states())['put-0'] === 'failed')
    await expect
      .poll(() => told)
      .toEqual(['put-0 sent', 'put-0 included Refused', 'put-0 confirmed Refused', 'put-0 failed Refused'])
  })

  it('does one by one what was reverted together, so that only the guilty one fails', async () => {
    await outbox.stop()
    outbox = await open({ maxInFlight: 1 })
    await put(9, { gas: 100_000 })
    await expect.poll(poolSize).toBe(1)
    for (const number of [1, 0, 2]) await put(number, { gas: 100_000 })
    await mineUntil(
      async () => (await states())['put-2'] === 'final' && (await states())['put-0'] === 'failed',
    )
    expect(await states()).toEqual({
      'put-9': 'final',
      'put-1': 'final',
      'put-0': 'failed',
      'put-2': 'final',
    })
    for (const number of [1, 2, 9]) expect(await timesOf(node, tally, number)).toBe(1)
  })

  it('keeps offering what the account cannot pay, tells once, and goes on when it can', async () => {
    await node.ask('anvil_setBalance', account, '0x0')
    await put(1, { gas: 100_000 })
    await expect.poll(() => faults).toEqual(['call-unfunded'])
    await node.mine(7)
    expect((await states())['put-1']).toBe('rejected')
    await node.ask('anvil_setBalance', account, '0xde0b6b3a7640000')
    await mineUntil(async () => (await states())['put-1'] === 'final')
    expect(faults).toEqual(['call-unfunded'])
  })

  it('signs anew only when the nonce is finally used by somebody else with the same key', async () => {
    finalUpTo = 0
    await put(1)
    await expect.poll(poolSize).toBe(1)
    const ours = await store.db.selectFrom('attempt').select('hash').executeTakeFirstOrThrow()
    await node.ask('anvil_dropTransaction', ours.hash)
    await node.ask('eth_sendTransaction', { from: account, to: account, value: '0x1', nonce: '0x0' })
    await node.mine(8)
    await expect.poll(() => told).toContain('put-1 stalled')
    expect(await store.db.selectFrom('call').select('nonce').execute()).toEqual([{ nonce: 0 }])
    finalUpTo = Number.MAX_SAFE_INTEGER
    await mineUntil(async () => (await states())['put-1'] === 'final')
    expect(faults).toContain('nonce-taken')
    const nonces = await store.db.selectFrom('call').select(['nonce', 'state']).orderBy('nonce').execute()
    expect(nonces).toEqual([
      { nonce: 0, state: 'lost' },
      { nonce: 1, state: 'final' },
    ])
    expect(await timesOf(node, tally, 1)).toBe(1)
  })

  it('takes up after a restart what was included while it was away', async () => {
    await put(1)
    await expect.poll(poolSize).toBe(1)
    await outbox.stop()
    await node.mine(5)
    outbox = await open()
    await mineUntil(async () => (await states())['put-1'] === 'final')
    await expect.poll(() => told).toEqual(['put-1 sent', 'put-1 included', 'put-1 confirmed', 'put-1 final'])
  })
})
