import { getBytes } from 'ethers'
import { readMeta } from '../../actors/storage/meta.ts'
import type { IntentState } from '../../actors/storage/schema.ts'
import { communityKey, type HomeOpening } from './home-joining.ts'

/** An epoch that began while the home was away, or was still joining, is met now. */
export async function newestEpoch(home: HomeOpening): Promise<void> {
  const newest = await readMeta(home.store.db, 'epoch')
  if (newest !== null) epochBegan(home, Number(newest))
}

/** Readings are sealed to the new key from here on; the home's own key is exchanged anew. */
export function epochBegan(home: HomeOpening, epoch: number): void {
  const fault = (thrown: unknown): void => home.log.fault(thrown, 'epoch')
  communityKey(home, epoch).then((key) => {
    home.sealer.prepare(getBytes(key))
    home.gateway.actor?.send({ type: 'EPOCH_ANNOUNCED', epoch, recipient: key }).catch(fault)
  }, fault)
}

/** The home's operation key of an epoch is on the chain. */
export function published(home: HomeOpening, epoch: number): void {
  communityKey(home, epoch).then(
    (key) => {
      home.sealer.prepare(getBytes(key))
      home.gateway.actor
        ?.send({ type: 'KEY_PUBLISHED', epoch, recipient: key })
        .then(() => newestEpoch(home))
        .catch((thrown: unknown) => home.log.fault(thrown))
    },
    (thrown: unknown) => home.log.fault(thrown),
  )
}

const ON_CHAIN: readonly IntentState[] = ['included', 'confirmed', 'final']

/** A crash may have come between the block with the home's key and the machine that waits for it. */
export async function publishedMeanwhile(home: HomeOpening): Promise<void> {
  const newest = await readMeta(home.store.db, 'epoch')
  if (newest === null) return
  const call = await home.store.db
    .selectFrom('intent')
    .select('state')
    .where('id', '=', `key:${newest}`)
    .executeTakeFirst()
  if (call !== undefined && ON_CHAIN.includes(call.state)) published(home, Number(newest))
}
