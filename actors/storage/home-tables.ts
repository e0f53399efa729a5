import type { Generated } from 'kysely'

/** Home: one D^t, or the slot that was refused. */
export interface SampleTable {
  slot: number
  t: number
  received_at_ms: number
  status: 'complete' | 'sealed' | 'rejected'
  reason: string | null
  sequence: number | null
  flags: number | null
  import_wh: number | null
  export_wh: number | null
  water_ml: number | null
  mean_power_w: number | null
  peak_power_w: number | null
  temperature_centi_c: number | null
  humidity_permille: number | null
  essential: Uint8Array | null
  extended: Uint8Array | null
}

/** Home: what left for the chain. */
export interface SealedTable {
  slot: number
  sequence: number
  epoch: number
  delegation: number
  recipient: string
  envelope: Uint8Array
  points: Uint8Array
  extended_wire: Uint8Array | null
  extended_digest: Uint8Array
  state: 'sealed' | 'included' | 'final' | 'refused'
  intent: string | null
  sealed_at_ms: number
  block: number | null
  tx_hash: string | null
}

/** Home: frames that did not pass the door. */
export interface RefusedTable {
  id: Generated<number>
  at_ms: number
  board_id: number | null
  code: string
  detail: string
  bytes: Uint8Array
}

/** Home: an alarm read from the chain. */
export interface AlarmTable {
  number: number
  opened_at_ms: number
  about: string
  code: number
  severity: number
  resource: number
  slot: number
  t: number
  value: number
  limit_value: number
  text: string
  wire: Uint8Array
  block: number
  seen: number
}
