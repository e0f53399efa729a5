import { concatBytes } from '@noble/hashes/utils.js'
import { keptKeys } from '../../actors/smart-gateway/joining.ts'
import type { Store } from '../../actors/storage/store.ts'
import { SILENT_RECEIPT } from '../../protocols/crypto/acknowledgement.ts'
import { decodeScalar, keyPair, type KeyPair } from '../../protocols/crypto/group.ts'
import { recoverReading } from '../../protocols/crypto/recover-reading.ts'
import type { HomeTally } from './configs.ts'

/** What an envelope is bound to, beside what its row says. */
interface Place {
  readonly chainId: number
  readonly monitoring: string
}

/** Slots of neighbours that this home opened. */
async function caredSlots({ db }: Store): Promise<HomeTally['cared']> {
  const came = db.selectFrom('cared_reading').where('receipt', '!=', SILENT_RECEIPT)
  return came.select(['delegation', 'slot']).where('fault', 'is', null).execute()
}

async function ownKeys(store: Store, account: string): Promise<KeyPair[]> {
  const secrets = [...(await keptKeys(store, account)).values()]
  return secrets.map((secret) => keyPair(decodeScalar(secret, 'operationKey')))
}

/**
 * Tries every key of the home's own on every envelope that it sealed to a delegatee, with all that it was
 * bound to: a report that says nobody else reads must have tried.
 */
async function openedBack(
  store: Store,
  account: string,
  { chainId, monitoring }: Place,
): Promise<HomeTally['openedBack']> {
  const rows = await store.db
    .selectFrom('sealed')
    .innerJoin('delegation_epoch_key as watch', (join) =>
      join.onRef('watch.delegation', '=', 'sealed.delegation').onRef('watch.epoch', '=', 'sealed.epoch'),
    )
    .select(['sealed.slot', 'sealed.delegation', 'sealed.epoch', 'sealed.recipient'])
    .select(['sealed.envelope', 'sealed.points', 'watch.key'])
    .execute()
  const keys = rows.length === 0 ? [] : await ownKeys(store, account)
  const opens = rows.filter(({ slot, delegation, epoch, recipient, key, envelope, points }) => {
    const binding = { chainId, monitoring, sender: account, epoch, slot, delegation }
    const received = { binding, payload: concatBytes(envelope, points) }
    const sealedTo = { bytes: key, id: recipient }
    return keys.some(({ secret }) => recoverReading({ ...sealedTo, secret }, received).ok)
  })
  return opens.map(({ slot, delegation }) => ({ slot, delegation }))
}

/** What the report tells of delegations, from this home's own database. */
export async function delegationTally(
  store: Store,
  account: string,
  place: Place | null,
): Promise<Pick<HomeTally, 'cared' | 'alarms' | 'openedBack'>> {
  return {
    cared: await caredSlots(store),
    alarms: await store.db.selectFrom('alarm').select(['about', 'number']).execute(),
    openedBack: place === null ? [] : await openedBack(store, account, place),
  }
}
