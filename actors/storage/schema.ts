import type { Generated, Kysely, Transaction } from 'kysely'
import type {
  MemberTable,
  SecretTable,
  BoardTable,
  EnvelopeTable,
  ReadingTable,
  ExtendedTable,
  TotalTable,
  AnchorTable,
  QuotaTable,
  CommunityContractTable,
  AlarmSentTable,
  VoidTable,
  HistoryTable,
} from './community-tables.ts'
import type { CertificateTable } from './certificate-tables.ts'
import type {
  CaredReadingTable,
  DelegationEpochKeyTable,
  DelegationNumberTable,
  DelegationTable,
  OwnDelegationTable,
  WatchedTable,
} from './delegation-tables.ts'
import type { ExcessEventTable, JudgementTable } from './excess-tables.ts'
import type { AuctionBidTable, AuctionRefundTable, AuctionTable, OwnTradeTable } from './market-tables.ts'
import type { PostedPriceTable } from './price-tables.ts'
import type { QuotaExchangeTable, TradeDecisionTable, TradeRuleTable } from './rule-tables.ts'
import type { SampleTable, SealedTable, RefusedTable, AlarmTable } from './home-tables.ts'

export type * from './certificate-tables.ts'
export type * from './community-tables.ts'
export type * from './delegation-tables.ts'
export type * from './excess-tables.ts'
export type * from './home-tables.ts'
export type * from './market-tables.ts'
export type * from './price-tables.ts'
export type * from './rule-tables.ts'

/*
 * The tables of a gateway. One schema serves SQLite (every gateway) and PostgreSQL (the community
 * gateway, by choice).
 *
 * Words used throughout:
 * - accounts, contracts and transaction hashes are lower-case 0x text, so that equal means equal;
 * - moments are unix milliseconds; slots, periods and blocks are counts; flags are 0 or 1;
 * - what may pass 2^53 (wei) is decimal text, 256-bit numbers are blobs: an integer column never loses a
 *   digit;
 * - `block` on a row taken from the chain is the block that told it, so that a reorganisation can take it
 *   back.
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
 * Messages to an actor: waiting while `event` holds them, taken once it is null. A taken one stays for a
 * while, so that a repeated message changes nothing.
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

/**
 * What a gateway wants of the chain. `nonce` names the call that carries it; several intents may share
 * one call.
 */
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

/**
 * How far the events of a contract are applied. `trail` holds earlier positions, to find where a fork
 * began.
 */
export interface CursorTable {
  contract: string
  block: number
  hash: string
  trail: string
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
  excess_event: ExcessEventTable
  judgement: JudgementTable
  auction: AuctionTable
  auction_bid: AuctionBidTable
  auction_refund: AuctionRefundTable
  own_trade: OwnTradeTable
  trade_rule: TradeRuleTable
  trade_decision: TradeDecisionTable
  quota_exchange: QuotaExchangeTable
  posted_price: PostedPriceTable
  delegation: DelegationTable
  delegation_epoch_key: DelegationEpochKeyTable
  delegation_number: DelegationNumberTable
  watched: WatchedTable
  own_delegation: OwnDelegationTable
  cared_reading: CaredReadingTable
  certificate: CertificateTable
}

/** The database of a gateway, outside a transaction. */
export type Database = Kysely<Schema>
/** The database within a transaction: everything done through it is committed together or not at all. */
export type Trx = Transaction<Schema>
