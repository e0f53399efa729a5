/** What an alarm is about; its numbers on the wire are in protocols/messages. */
export type AlarmDraftCode =
  | 'quota-80'
  | 'quota-90'
  | 'quota-100'
  | 'power-over'
  | 'power-trip'
  | 'power-restored'
  | 'silence'
  | 'bad-data'
  | 'board-away'
  | 'board-fault'

export type AlarmDraftSeverity = 'info' | 'warning' | 'critical'
export type AlarmDraftResource = 'none' | 'energy' | 'power' | 'water'

/** An alarm before it has a number, a home and a seal. `value` and `limit` are in Wh, W, mL or slots. */
export interface AlarmDraft {
  readonly code: AlarmDraftCode
  readonly severity: AlarmDraftSeverity
  readonly resource: AlarmDraftResource
  readonly slot: number
  readonly value: number
  readonly limit: number
  /** For the householder, in plain words, at most 60 bytes of UTF-8. */
  readonly text: string
}

/** A power as people read it: 3450 W is "3.5 kW". */
export function kilowatts(watts: number): string {
  return `${(watts / 1000).toFixed(1)} kW`
}
