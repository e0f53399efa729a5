import { ALARM_CODES, ALARM_RESOURCES, ALARM_SEVERITIES } from '../protocols/messages/alarm-payload.ts'
import type { AlarmDraft } from '../protocols/rules/alarm.ts'
import type { Trx } from './storage/schema.ts'

/** The name of an alarm about a home, the same whoever drafts it again. */
export const alarmId = (home: string, { slot, code, resource }: AlarmDraft): string =>
  `${home}:${slot}:${code}:${resource}`

/** Keeps an alarm that is still to be sealed and published; one of its kind for a slot only. */
export async function draftAlarm(trx: Trx, home: string, draft: AlarmDraft, nowMs: number): Promise<boolean> {
  const inserted = await trx
    .insertInto('alarm_sent')
    .values({
      id: alarmId(home, draft),
      home,
      code: ALARM_CODES[draft.code],
      severity: ALARM_SEVERITIES[draft.severity],
      resource: ALARM_RESOURCES[draft.resource],
      slot: draft.slot,
      t: nowMs,
      value: draft.value,
      limit_value: draft.limit,
      text: draft.text,
      envelope: null,
      number: null,
      state: 'raised',
      created_at_ms: nowMs,
      block: null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  return (inserted.numInsertedOrUpdatedRows ?? 0n) > 0n
}
