import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openStore, type Store } from '../../actors/storage/store.ts'
import { watchesOf, watchView } from '../../bin/host/watches.ts'

const [AWAY, NEAR, FAR] = ['0xaa', '0xbb', '0xcc']
const SAMPLE_MS = 2_000
const nameOf = (account: string): string => `home ${account}`

describe('what the manager reads of watches', () => {
  let store: Store
  beforeEach(async () => {
    store = await openStore({ file: ':memory:' })
  })
  afterEach(() => store.close())

  const agreed = (id: number, delegatee: string, from: number, until: number) =>
    store.db
      .insertInto('delegation')
      .values({
        ...{ id, delegator: AWAY, delegatee, functions: 3, from_slot: from, until_slot: until },
        ...{ agreed_until_slot: until, reward: '0', terms: '0x', block: id },
      })
      .execute()
  const seenAt = async (slot: number) =>
    watchView((await watchesOf(store.db, slot)).get(AWAY), slot, SAMPLE_MS, nameOf)

  it('is nothing while nothing is agreed, and nothing once it is over', async () => {
    expect(await seenAt(5)).toBeNull()
    await agreed(1, NEAR, 10, 20)
    const watches = await watchesOf(store.db, 5)
    expect(watchView(watches.get(AWAY), 20, SAMPLE_MS, nameOf)).toBeNull()
    expect(await seenAt(20)).toBeNull()
  })

  it('is who watches, until when, under the number by which it is ended', async () => {
    await agreed(1, NEAR, 10, 20)
    await agreed(2, FAR, 20, 30)
    expect(await seenAt(12)).toEqual({ delegation: 1, by: 'home 0xbb', untilMs: 40_000 })
    expect(await seenAt(20)).toEqual({ delegation: 2, by: 'home 0xcc', untilMs: 60_000 })
  })
})
