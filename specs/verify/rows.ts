import { join } from 'node:path'
import { openStore, type Store } from '../../actors/storage/store.ts'
import { ORDER } from '../../protocols/crypto/group.ts'
import { usedIn, type SpecCommunity } from './community.ts'

/** Writes the community gateway's rows as the gateway does, into its real store, and closes it. */
export async function writeRows(community: SpecCommunity, totals: readonly number[]): Promise<string> {
  const file = join(community.folder, 'community', 'gateway.sqlite')
  const store = await openStore({ file })
  for (const { readings } of community.homes) {
    for (const { home, record } of readings) {
      await store.db
        .insertInto('envelope')
        .values({
          home,
          slot: record.slot,
          wire: record.payload.subarray(0, 113),
          points: record.payload.subarray(113),
          sequence: record.sequence,
          epoch: record.epoch,
          delegation: 0,
          extended: record.extended,
          block: 1,
          block_hash: '0x',
          tx_hash: '0x',
          log_index: 0,
          seen_at_ms: 0,
        })
        .execute()
    }
  }
  for (const period of totals) await writeTotal(store, community, period)
  await store.close()
  return file
}

async function writeTotal(store: Store, community: SpecCommunity, period: number): Promise<void> {
  const places = [0, 1, 2] as const
  const sums = places.map((place) => {
    const used = community.homes.map((home) => usedIn(home, period, place))
    return {
      value: Number(used.reduce((sum, { value }) => sum + value, 0n)),
      blinding: used.reduce((sum, { blinding }) => sum + blinding, 0n) % ORDER,
    }
  })
  const blindings = sums.map(({ blinding }) => blinding.toString(16).padStart(64, '0')).join('')
  await store.db
    .insertInto('total')
    .values({
      period,
      homes: JSON.stringify(community.homes.map(({ account }) => account)),
      import_wh: sums[0]?.value ?? 0,
      export_wh: sums[1]?.value ?? 0,
      water_ml: sums[2]?.value ?? 0,
      blindings: Buffer.from(blindings, 'hex'),
      state: 'published',
      block: 1,
    })
    .execute()
}
