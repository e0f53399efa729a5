import type { AlarmDraft } from '../../protocols/rules/alarm.ts'

/** What a home is told when a reading does not follow from the frames of its boards. */
export function mismatchAlarm(slot: number, code: string): AlarmDraft {
  const text =
    code === 'mac-mismatch'
      ? 'A board is not the one that was installed.'
      : 'A reading does not follow from its boards.'
  return { code: 'bad-data', severity: 'warning', resource: 'none', slot, value: 1, limit: 0, text }
}
