import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { type ContractProxy, createContractProxy, type ProxyState } from '../../actors/contract-proxy/live.ts'
import { openStore, type Store } from '../../actors/storage/store.ts'
import { monitoringAbi } from '../../chain/bindings/monitoring.gen.ts'
import type { ChainLog } from '../../chain/proxy/block.ts'
import type { FactOf } from '../../chain/proxy/facts.ts'
import { type ChainFeed, createChainFeed } from '../../chain/proxy/feed.ts'
import { createSigner } from '../../chain/proxy/signing.ts'
import { bodyOf, deployTally, keyOf, type Node, putCall, startNode, tallyAbi } from './node.ts'

const clock = { nowMs: () => Date.now() }
const deployer = createSigner(keyOf(0)).account
const other = createSigner(keyOf(1)).account

let folder: string
let node: Node
let store: Store
let feed: ChainFeed
let tally: string
let proxies: ContractProxy[]
let faults: number
/** Makes applying throw so often. */
let broken: number

beforeEach(async () => {
  proxies = []
  faults = broken = 0
  folder = await mkdtemp(join(tmpdir(), 'meterhood-proxy-'))
  node = await startNode()
  tally = await deployTally(node, deployer)
  store = await openStore({ file: join(folder, 'gateway.sqlite') })
  feed = await createChainFeed({ rpc: node.rpc, clock, onFault: () => (faults += 1) })
})

afterEach(async () => {
  for (const proxy of proxies) await proxy.stop()
  await feed.stop()
  await store.close()
  await node.kill()
  await rm(folder, { recursive: true, force: true })
})

interface Wanted {
  wants?: (log: ChainLog) => boolean
  onState?: (state: ProxyState) => void
}

/** Applies each Put as a row of the journal that names its block. */
async function follow(more: Wanted = {}): Promise<ContractProxy> {
  const proxy = await createContractProxy({
    store,
    feed,
    name: 'tally',
    address: tally,
    abi: tallyAbi,
    start: 1,
    apply: async (trx, facts) => {
      for (const { name, args, block } of facts) {
        await trx
          .insertInto('journal')
          .values({ at_ms: block, kind: name, json: `${Number(args.id)}` })
          .execute()
      }
      if (broken > 0) {
        broken -= 1
        throw new Error('half way')
      }
    },
    revert: async (trx, from) => {
      await trx.deleteFrom('journal').where('at_ms', '>=', from).execute()
    },
    ...more,
  })
  proxies.push(proxy)
  return proxy
}

const put = async (...numbers: number[]): Promise<void> => {
  const data = `0x${Buffer.from(putCall(numbers.map(bodyOf))).toString('hex')}`
  await node.ask('eth_sendTransaction', { from: deployer, to: tally, data })
}

const applied = async (): Promise<number[]> => {
  const rows = await store.db.selectFrom('journal').select('json').orderBy('id').execute()
  return rows.map((row) => Number(row.json))
}

const cursor = () => store.db.selectFrom('cursor').selectAll().executeTakeFirst()

describe('a contract proxy', () => {
  it('applies each event once, in order, together with its cursor', async () => {
    await put(1, 2)
    await node.mine()
    const proxy = await follow()
    await expect.poll(applied).toEqual([1, 2])
    await put(3)
    await node.mine()
    await expect.poll(applied).toEqual([1, 2, 3])
    await expect.poll(() => proxy.state()).toBe('ready')
    expect(await cursor()).toMatchObject({ contract: 'tally', block: 3 })
  })

  it('goes on after a restart where it was', async () => {
    await put(1)
    await node.mine()
    const first = await follow()
    await expect.poll(applied).toEqual([1])
    await first.stop()
    await put(2)
    await node.mine()
    await put(3)
    await node.mine()
    await follow()
    await expect.poll(applied).toEqual([1, 2, 3])
  })

  it('is ready after a restart though no block comes', async () => {
    const first = await follow()
    await first.caughtUp()
    await first.stop()
    const second = await follow()
    await expect.poll(() => second.state()).toBe('ready')
  })

  it('keeps neither facts nor cursor of a block that it could not apply whole, and tries again', async () => {
    const states: ProxyState[] = []
    const proxy = await follow({ onState: (state) => states.push(state) })
    await proxy.caughtUp()
    broken = 2
    await put(1, 2)
    await node.mine()
    await expect.poll(applied, { timeout: 5000 }).toEqual([1, 2])
    expect(faults).toBe(2)
    await expect.poll(() => proxy.state()).toBe('ready')
    expect(states).toContain('degraded')
  })

  it('takes back what a reorganisation undid', async () => {
    const proxy = await follow()
    await put(1)
    await node.mine()
    await put(2)
    await node.mine()
    await expect.poll(applied).toEqual([1, 2])
    await node.ask('anvil_rollback', 1)
    await expect.poll(applied, { timeout: 3000 }).toEqual([1])
    await put(3)
    await node.mine()
    await expect.poll(applied).toEqual([1, 3])
    expect(proxy.block()).toBe(3)
  })

  it('takes back, at its start, what was undone while it was away', async () => {
    const first = await follow()
    for (const number of [1, 2, 3, 4, 5]) {
      await put(number)
      await node.mine()
    }
    await expect.poll(applied).toEqual([1, 2, 3, 4, 5])
    await first.stop()
    await node.ask('anvil_rollback', 3)
    await put(6)
    await node.mine(10)
    await follow()
    await expect.poll(applied).toEqual([1, 2, 6])
  })

  it('looks only at the logs it wants', async () => {
    const topic = `0x${other.slice(2).padStart(64, '0')}`
    await follow({ wants: (log) => log.topics[1] === topic })
    await put(1)
    const data = `0x${Buffer.from(putCall([bodyOf(2)])).toString('hex')}`
    await node.ask('eth_sendTransaction', { from: other, to: tally, data })
    await node.mine()
    await expect.poll(applied).toEqual([2])
  })

  it('writes its cursor seldom while nothing happens', async () => {
    const proxy = await follow()
    await node.mine(60)
    await proxy.caughtUp()
    await expect.poll(() => proxy.block()).toBe(61)
    expect((await cursor())?.block).toBeLessThan(61)
  })

  it('decodes a log once for all who follow the contract', async () => {
    const seen = new Set<unknown>()
    const listen = (name: string) =>
      createContractProxy({
        store,
        feed,
        name,
        address: tally,
        abi: tallyAbi,
        start: 1,
        apply: async (_trx, facts) => facts.forEach((fact) => seen.add(fact)),
        revert: async () => undefined,
      })
    for (const name of ['a', 'b', 'c']) proxies.push(await listen(name))
    await put(1, 2)
    await node.mine()
    for (const proxy of proxies) await proxy.caughtUp()
    await expect.poll(() => proxies.every((proxy) => proxy.block() === 2)).toBe(true)
    expect(seen.size).toBe(2)
  })

  it('says that it is hindered while the node is away', async () => {
    const proxy = await follow()
    await expect.poll(() => proxy.state()).toBe('ready')
    await node.kill()
    await expect.poll(() => proxy.state(), { timeout: 5000 }).toBe('degraded')
  })

  it('gives facts the names and types of the generated binding', () => {
    type Reading = Extract<FactOf<typeof monitoringAbi>, { name: 'Reading' }>
    expectTypeOf<Reading['args']['home']>().toEqualTypeOf<string>()
    expectTypeOf<Reading['args']['slot']>().toEqualTypeOf<bigint>()
    expectTypeOf<Reading['args']['sequence']>().toEqualTypeOf<number>()
    expectTypeOf<Reading['args']['payload']>().toEqualTypeOf<string>()
    type Total = Extract<FactOf<typeof monitoringAbi>, { name: 'TotalPublished' }>
    expectTypeOf<Total['args']['homes']>().toEqualTypeOf<readonly string[]>()
    expect(z.array(z.unknown()).parse(monitoringAbi).length).toBeGreaterThan(10)
  })
})
