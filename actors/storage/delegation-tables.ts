/**
 * A delegation as the chain has it, at every gateway. It counts from `from_slot` up to, not including,
 * `until_slot`, which an end moves forward. Amounts are micro-SCT in decimal digits. The columns named
 * …_block tell since which block a fact holds, so that a fork can take it back.
 */
export interface DelegationTable {
  id: number
  delegator: string
  delegatee: string
  /** Bits: 1 readings, 2 alarms. */
  functions: number
  from_slot: number
  until_slot: number
  /** Until when the parties agreed; the end if nobody ends it before. */
  agreed_until_slot: number
  reward: string
  /** Hash of the text that both read, 0x hex. */
  terms: string
  block: number
  ended_by: string | null
  ended_block: number | null
  watched_count: number | null
  watched_root: string | null
  paid: string | null
  claimed_block: number | null
  returned: string | null
  returned_block: number | null
}

/** The key of a delegation in an epoch, and the first slot that is sealed to it. */
export interface DelegationEpochKeyTable {
  delegation: number
  epoch: number
  key: Uint8Array
  from_slot: number
  block: number
}

/** The community gateway: numbers given out, one a negotiation. */
export interface DelegationNumberTable {
  id: number
  /** 16 bytes in hex. */
  negotiation: string
  delegator: string
  delegatee: string
  given_at_ms: number
}

/** The community gateway: slots that a delegatee acknowledged, in the order in which they count. */
export interface WatchedTable {
  delegation: number
  slot: number
  /** 32 bytes; zeros: nothing came in that slot. */
  receipt: Uint8Array
  at_ms: number
}

/** A home's own part in a delegation, from the first word on. */
export interface OwnDelegationTable {
  /** 16 bytes in hex. */
  negotiation: string
  role: 'delegator' | 'delegatee'
  peer: string
  /** The number that the community gave; null before. */
  delegation: number | null
  /** The newest state of its machine, for lists. */
  state: string
  began_at_ms: number
  ended_at_ms: number | null
}

/** A neighbour's reading as its delegatee opened it, or why it could not. */
export interface CaredReadingTable {
  delegation: number
  home: string
  slot: number
  epoch: number
  fault: string | null
  t: number
  import_wh: number
  export_wh: number
  water_ml: number
  mean_power_w: number
  peak_power_w: number
  /** What acknowledges the slot; zeros: nothing came. */
  receipt: Uint8Array
  acknowledged: number
  opened_at_ms: number
  block: number
}
