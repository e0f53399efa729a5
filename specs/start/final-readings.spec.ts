import { expect, it } from 'vitest'
import { openStore } from '../../actors/storage/store.ts'
import { readingsAfter } from '../../bin/host/final-readings.ts'

it('readings in blocks after the final one wait to be final, and all do while there is none', async () => {
  const store = await openStore({ file: ':memory:' })
  const nothing = new Uint8Array(0)
  for (const block of [3, 4, 4, 5]) {
    const slot = await readingsAfter(store.db, -1)
    await store.db
      .insertInto('envelope')
      .values({
        ...{ home: '0xaa', slot, wire: nothing, points: nothing, sequence: slot, epoch: 0, delegation: 0 },
        ...{ extended: nothing, block, block_hash: '0x', tx_hash: '0x', log_index: slot, seen_at_ms: 0 },
      })
      .execute()
  }
  expect(await readingsAfter(store.db, 3)).toBe(3)
  expect(await readingsAfter(store.db, 5)).toBe(0)
  await store.close()
})
