/** Community: a home. */
export interface MemberTable {
  account: string
  peer_key: string
  name: string
  state: 'invited' | 'admitted' | 'active' | 'revoked'
  epoch: number | null
  delegation: number | null
  operation_key: Uint8Array | null
  admitted_block: number | null
  joined_at_ms: number
  last_slot: number | null
  /** What the home contributes to the community contract; quotas are divided by it. */
  weight: number
}

/** Secrets of a gateway, each sealed or protected by the file's own encryption. */
export interface SecretTable {
  owner: string
  purpose: string
  epoch: number
  value: Uint8Array
}

/** A board and the keys it was commissioned with. */
export interface BoardTable {
  board_id: number
  account: string
  kind: 'power' | 'water' | 'comfort'
  record_key: Uint8Array | null
  link_key: Uint8Array | null
  commissioned_at_ms: number
  last_sequence: number | null
  last_uptime_ms: number | null
}

/** Community: the record as the chain told it. */
export interface EnvelopeTable {
  home: string
  slot: number
  wire: Uint8Array
  points: Uint8Array
  sequence: number
  epoch: number
  delegation: number
  extended: Uint8Array
  block: number
  block_hash: string
  tx_hash: string
  log_index: number
  seen_at_ms: number
}

/** Community: what an envelope opened to. */
export interface ReadingTable {
  home: string
  slot: number
  t: number
  sequence: number
  flags: number
  import_wh: number
  export_wh: number
  water_ml: number
  mean_power_w: number
  peak_power_w: number
  /** Four blinding scalars of 32 bytes: import, export, water, peak. */
  blindings: Uint8Array
  /** Null when the points open to the reading; else the code of what is wrong. */
  fault: string | null
  accepted_at_ms: number
  block: number
}

/** Community: extended data that came over the peers' network. */
export interface ExtendedTable {
  home: string
  slot: number
  wire: Uint8Array
  digest: Uint8Array
  received_at_ms: number
  checked: number
  fault: string | null
}

/** Community: the public total of a billing period. */
export interface TotalTable {
  period: number
  homes: string
  import_wh: number
  export_wh: number
  water_ml: number
  blindings: Uint8Array
  state: 'draft' | 'sent' | 'published'
  block: number | null
}

/** The anchors that the contract keeps at the end of a billing period. */
export interface AnchorTable {
  home: string
  period: number
  slot: number
  digest: Uint8Array
  block: number
}

/** What a home may use from a revision of the community contract on. */
export interface QuotaTable {
  revision: number
  home: string
  energy_wh: number
  power_w: number
  water_ml: number
  block: number
}

/** The community contract of each revision. */
export interface CommunityContractTable {
  revision: number
  from_period: number
  energy_wh: number
  power_w: number
  water_ml: number
  closed: number
  block: number
}

/** Community: an alarm on its way to a home. */
export interface AlarmSentTable {
  id: string
  home: string
  code: number
  severity: number
  resource: number
  slot: number
  t: number
  value: number
  limit_value: number
  text: string
  envelope: Uint8Array | null
  number: number | null
  state: 'raised' | 'sealed' | 'published' | 'final'
  created_at_ms: number
  block: number | null
}

/** Readings declared void, with the proof that anybody can check. */
export interface VoidTable {
  home: string
  slot: number
  kem_point: Uint8Array
  dleq: Uint8Array
  block: number
}

/** Registers at the end of a quarter-hour, an hour or a day: what remains when full resolution is let go. */
export interface HistoryTable {
  home: string
  width_ms: number
  start_ms: number
  samples: number
  import_wh: number
  export_wh: number
  water_ml: number
  mean_power_w: number
  peak_power_w: number
}
