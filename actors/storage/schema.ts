import type { Generated, Kysely, Transaction } from 'kysely'

/*
 * The tables of a gateway. One schema serves SQLite (every gateway) and PostgreSQL (the community gateway, by choice).
 *
 * Words used throughout:
 * - accounts, contracts and transaction hashes are lower-case 0x text, so that equal means equal;
 * - moments are unix milliseconds; slots, periods and blocks are counts; flags are 0 or 1;
 * - what may pass 2^53 (wei) is decimal text, 256-bit numbers are blobs: an integer column never loses a digit;
 * - `block` on a row taken from the chain is the block that told it, so that a reorganisation can take it back.
 */

/** Facts about the store itself: whose it is, of which chain, which schema. */
export interface MetaTable {
  key: string
  value: string
}

/** The last committed state of a durable actor. `checksum` is the SHA-256 of `json`, in hex. */
export interface SnapshotTable {
  machine: string
  version: number
  step: number
  json: string
  checksum: string
  saved_at_ms: number
}

/**
 * Messages to an actor: waiting while `event` holds them, taken once it is null. A taken one stays for a while, so that
 * a repeated message changes nothing.
 */
export interface InboxTable {
  actor: string
  id: string
  position: number
  event: string | null
  at_ms: number
}

/** Counts that the report prints, raised in the transaction that does what they count. */
export interface CounterTable {
  name: string
  value: number
}

/** What happened, for people: newest last. */
export interface JournalTable {
  id: Generated<number>
  at_ms: number
  kind: string
  json: string
}

/** What a gateway wants of the chain. `nonce` names the call that carries it; several intents may share one call. */
export interface IntentTable {
  id: string
  account: string
  /** Order of arrival within the account. */
  position: number
  kind: string
  target: string
  data: Uint8Array
  value: string
  /** Gas limit the caller asked for; null lets the node estimate. */
  gas: number | null
  state: IntentState
  nonce: number | null
  /** 1 when it must travel alone: its merged call was reverted. */
  alone: number
  /** Name of the contract's error, or the reason why it ended badly. */
  error: string | null
  block: number | null
  tx_hash: string | null
  created_at_ms: number
  ended_at_ms: number | null
}

/** The states of actors/contract-proxy/intent-machine.ts. */
export type IntentState =
  | 'queued'
  | 'signed'
  | 'sent'
  | 'underpriced'
  | 'stalled'
  | 'rejected'
  | 'included'
  | 'confirmed'
  | 'reorged'
  | 'final'
  | 'failed'
  | 'lost'

/** One use of the account's nonce sequence: what is signed, and how far it came. */
export interface CallTable {
  account: string
  nonce: number
  kind: string
  target: string
  data: Uint8Array
  value: string
  gas: number
  state: IntentState
  /** Context of the call's machine, JSON. */
  context: string
  created_at_ms: number
}

/** The very bytes that were signed: the first at a nonce and its replacements. */
export interface AttemptTable {
  hash: string
  account: string
  nonce: number
  raw: Uint8Array
  max_fee_wei: string
  tip_wei: string
  signed_at_ms: number
}

/** How far the events of a contract are applied. `trail` holds earlier positions, to find where a fork began. */
export interface CursorTable {
  contract: string
  block: number
  hash: string
  trail: string
}

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

export interface Schema {
  meta: MetaTable
  snapshot: SnapshotTable
  inbox: InboxTable
  counter: CounterTable
  journal: JournalTable
  intent: IntentTable
  call: CallTable
  attempt: AttemptTable
  cursor: CursorTable
  sample: SampleTable
  sealed: SealedTable
  refused: RefusedTable
  alarm: AlarmTable
  member: MemberTable
  secret: SecretTable
  board: BoardTable
  envelope: EnvelopeTable
  reading: ReadingTable
  extended: ExtendedTable
  total: TotalTable
  anchor: AnchorTable
  quota: QuotaTable
  community_contract: CommunityContractTable
  alarm_sent: AlarmSentTable
  void: VoidTable
  history: HistoryTable
}

/** The database of a gateway, outside a transaction. */
export type Database = Kysely<Schema>
/** The database within a transaction: everything done through it is committed together or not at all. */
export type Trx = Transaction<Schema>
