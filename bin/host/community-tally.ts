import type { Store } from '../../actors/storage/store.ts'
import type { CommunityTally } from './configs.ts'

/** Envelopes that are not opened yet and alarms that are not on the chain yet. */
export async function unfinished({ db }: Store): Promise<number> {
  const unopened = await db
    .selectFrom('envelope')
    .leftJoin('reading', (join) =>
      join.onRef('reading.home', '=', 'envelope.home').onRef('reading.slot', '=', 'envelope.slot'),
    )
    .select((row) => row.fn.countAll<number>().as('count'))
    .where('reading.slot', 'is', null)
    .executeTakeFirst()
  const alarms = await db
    .selectFrom('alarm_sent')
    .select((row) => row.fn.countAll<number>().as('count'))
    .where('state', 'in', ['raised', 'sealed'])
    .executeTakeFirst()
  return (unopened?.count ?? 0) + (alarms?.count ?? 0)
}

/** The community gateway's own figures for the report. */
export async function tallyOf({ db }: Store, account: string, reorgs: number): Promise<CommunityTally> {
  const rows = await db
    .selectFrom('reading')
    .innerJoin('envelope', (join) =>
      join.onRef('envelope.home', '=', 'reading.home').onRef('envelope.slot', '=', 'reading.slot'),
    )
    .select(['reading.home', 'reading.slot', 'reading.accepted_at_ms', 'envelope.delegation'])
    .where('reading.fault', 'is', null)
    .execute()
  const sent = await db
    .selectFrom('alarm_sent')
    .select((row) => row.fn.countAll<number>().as('count'))
    .where('state', 'in', ['published', 'final'])
    .executeTakeFirst()
  const faulty = await db
    .selectFrom('reading')
    .select((row) => row.fn.countAll<number>().as('count'))
    .where('fault', 'is not', null)
    .executeTakeFirst()
  return {
    account,
    decrypted: rows.map(({ home, slot, delegation, accepted_at_ms }) => ({
      ...{ home, slot, delegation },
      acceptedAtMs: accepted_at_ms,
    })),
    faulty: faulty?.count ?? 0,
    alarmsSent: sent?.count ?? 0,
    reorgs,
    memoryMb: Math.round(process.memoryUsage.rss() / 1_048_576),
  }
}
