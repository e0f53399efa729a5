import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ChainFact } from '../../actors/chain-fact.ts'
import { applyHomeFacts, revertHomeFacts, type HomeFacts } from '../../actors/smart-gateway/facts.ts'
import { startSmartGateway, type HomeActor } from '../../actors/smart-gateway/live.ts'
import { eventsOf, tellMachine, undoneOf } from '../../actors/smart-gateway/told-machine.ts'
import { openStore, type Store } from '../../actors/storage/store.ts'

const ACCOUNT = `0x${'22'.repeat(20)}`
const NOW_MS = 1_800_000_000_000
const SLOTS = [5, 6, 7]

const home: HomeFacts = {
  account: ACCOUNT,
  community: `0x${'33'.repeat(20)}`,
  chainId: 1,
  monitoring: `0x${'11'.repeat(20)}`,
  keyOf: () => null,
  watchKeyOf: () => null,
  nowMs: NOW_MS,
}

const readingFact = (slot: number, block: number, fork: string): ChainFact => ({
  name: 'Reading',
  args: { home: ACCOUNT, slot },
  block,
  blockHash: `0x${fork.repeat(32)}`,
  timestampMs: NOW_MS,
  transactionHash: `0x${'77'.repeat(32)}`,
  logIndex: slot,
})

/** The home's machine on its store; what it does outside always succeeds. */
const begin = (store: Store): Promise<HomeActor> =>
  startSmartGateway({
    store,
    clock: { nowMs: () => NOW_MS },
    account: ACCOUNT,
    findCommunity: async () => undefined,
    introduce: async () => undefined,
    exchangeKeys: async () => 0,
    publishKey: async () => undefined,
    keepSample: async () => undefined,
    sealReading: async (slot) => slot,
    submitReading: async (trx, slot) => {
      const nothing = new Uint8Array(0)
      const sealed = { envelope: nothing, points: nothing, extended_digest: nothing }
      const place = { sequence: slot, epoch: 0, delegation: 0, recipient: '', sealed_at_ms: NOW_MS }
      await trx
        .insertInto('sealed')
        .values({ slot, ...place, ...sealed, state: 'sealed' })
        .execute()
    },
    submitted: () => undefined,
    tellPeople: () => undefined,
    // One that begins again may seal a slot once more, which its store refuses.
    onFault: () => undefined,
  })

describe('what the chain tells a home’s machine', () => {
  let store: Store
  let actor: HomeActor
  beforeEach(async () => {
    store = await openStore({ file: ':memory:' })
    actor = await begin(store)
    await expect.poll(() => actor.snapshot().matches({ joining: 'registering' })).toBe(true)
    await actor.send({ type: 'KEY_PUBLISHED', epoch: 0, recipient: '' })
    for (const slot of SLOTS) {
      await actor.send({ type: 'READING_COMPLETE', slot })
      await expect.poll(() => actor.snapshot().context.lastSlot).toBe(slot)
    }
  })
  afterEach(async () => {
    await actor.stop()
    await store.close()
  })

  const applied = (block: number, fork: string, slots: readonly number[]): Promise<void> =>
    store.transaction(async (trx) => {
      const facts = slots.map((slot) => readingFact(slot, block, fork))
      await tellMachine(store, trx, eventsOf(await applyHomeFacts(trx, facts, home)), NOW_MS)
    })
  const reverted = (from: number): Promise<void> =>
    store.transaction(async (trx) =>
      tellMachine(store, trx, undoneOf(await revertHomeFacts(trx, from)), NOW_MS),
    )
  const waiting = async (): Promise<number> => {
    await actor.idle()
    return actor.snapshot().context.waiting
  }

  it('counts what waits as blocks hold readings, lose them to a fork and hold them again', async () => {
    expect(await waiting()).toBe(SLOTS.length)
    await applied(10, 'aa', SLOTS)
    expect(await waiting()).toBe(0)
    expect(actor.snapshot().matches({ operating: { reporting: 'settled' } })).toBe(true)
    await reverted(10)
    expect(await waiting()).toBe(SLOTS.length)
    await applied(10, 'bb', [5])
    await reverted(10)
    // The fork that lost wins after all: the same block a second time.
    await applied(10, 'aa', SLOTS)
    expect(await waiting()).toBe(0)
  })

  it('is not told what the repository did not keep', async () => {
    const refused = store.transaction(async (trx) => {
      const told = await applyHomeFacts(trx, [readingFact(5, 10, 'aa')], home)
      await tellMachine(store, trx, eventsOf(told), NOW_MS)
      throw new Error('the disk is full')
    })
    await expect(refused).rejects.toThrow('the disk is full')
    expect(await waiting()).toBe(SLOTS.length)
  })

  it('learns when it begins what blocks told while it was not there', async () => {
    await actor.stop()
    await applied(10, 'aa', SLOTS)
    actor = await begin(store)
    expect(await waiting()).toBe(0)
  })
})
