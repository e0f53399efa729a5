import { DELEGATED_FUNCTIONS } from '../../protocols/messages/delegation-terms.ts'
import type { Database, Trx } from '../storage/schema.ts'

/** The key that a delegatee reads with. */
export interface DelegatedKey {
  readonly delegation: number
  readonly epoch: number
  /** 33 bytes. */
  readonly key: Uint8Array
}

async function delegationAt(db: Database | Trx, home: string, slot: number) {
  return db
    .selectFrom('delegation')
    .select(['id', 'functions', 'from_slot'])
    .where('delegator', '=', home)
    .where('until_slot', '>', slot)
    .orderBy('block', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
}

async function keyOf(db: Database | Trx, delegation: number, epoch: number) {
  return db
    .selectFrom('delegation_epoch_key')
    .select(['key', 'from_slot'])
    .where('delegation', '=', delegation)
    .where('epoch', '=', epoch)
    .executeTakeFirst()
}

/**
 * The delegatee's key that a reading of this home, slot and epoch is sealed to, or null where the community's
 * own key is, as the contract's `expectedRecipient` answers.
 */
export async function readerOfReading(
  db: Database | Trx,
  home: string,
  slot: number,
  epoch: number,
): Promise<DelegatedKey | null> {
  const found = await delegationAt(db, home, slot)
  if (found === undefined || (found.functions & DELEGATED_FUNCTIONS.readings) === 0) return null
  const watch = await keyOf(db, found.id, epoch)
  if (watch === undefined || slot < watch.from_slot) return null
  return { delegation: found.id, epoch, key: watch.key }
}

/**
 * The delegatee's key that an alarm about this home is sealed to in a block of this slot and epoch, or null
 * where the home's own key is, as the contract's `alarmRecipient` answers.
 */
export async function readerOfAlarm(
  db: Database | Trx,
  home: string,
  slot: number,
  epoch: number,
): Promise<DelegatedKey | null> {
  const found = await delegationAt(db, home, slot)
  if (found === undefined || slot < found.from_slot) return null
  if ((found.functions & DELEGATED_FUNCTIONS.alarms) === 0) return null
  for (const each of [epoch, epoch - 1]) {
    const watch = await keyOf(db, found.id, each)
    if (watch !== undefined) return { delegation: found.id, epoch: each, key: watch.key }
  }
  return null
}
