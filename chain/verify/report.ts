/** One thing that does not hold: where (home and slot when they apply), which field, and a plain sentence. */
export interface VerifyFault {
  readonly code: FaultCode
  readonly home: string | null
  readonly slot: number | null
  readonly field: string
  /** What a person should know, in one sentence. */
  readonly says: string
}

/** Every code a fault may carry, with what it means (docs/verify.md shows the same table). */
export const FAULT_CODES = {
  'chain-id': 'the node serves another chain than the one asked for',
  genesis: 'the first block is not the one the community was founded on',
  'header-hash': 'a block header does not hash to the hash the node gives it',
  'parent-link': 'a block does not name the block before it as its parent',
  'transactions-root': 'the transactions served are not those the header commits to',
  'receipts-root': 'the receipts served are not those the header commits to',
  'transaction-sender': 'a transaction is not signed by the account it is served under',
  'logs-differ': 'eth_getLogs tells another story than the receipts',
  'state-root': 'a contract account served is not in the state its header commits to',
  'contract-code': 'a contract is made of other code than this version compiles',
  'state-differs': 'the contract answers something else than its own events say',
  seal: 'a block is not sealed by a signer that may seal it',
  certificate: 'a certificate of finality does not carry the votes of enough signers',
  final: 'the node lacks a block that the signers made final, or serves another one',
  archive:
    'an archive that the chain was begun anew from is not the community’s, or holds what nobody signed',
  event: 'a log of a contract cannot be read as the event it claims to be',
  'community-key': 'a key announced by the community is not a usable key',
  'operation-key': 'an operation key lacks the community signature or the proof of its constant',
  'unknown-epoch': 'a reading names an epoch whose keys were never announced',
  'unknown-home': 'a reading comes from an account that was not admitted at that block',
  recipient: 'a reading is not sealed to the key the contract expects',
  order: 'slots or sequence numbers of a home do not rise',
  payload: 'a reading is not an envelope and four points',
  point: 'a point of a reading is not on the curve',
  calldata: 'what the home signed is not what the contract logged',
  delegation: 'a delegation lacks a consent, or its window, end, claim or reward is not what is due',
  digest: 'a record is not the one whose digest the contract holds',
  anchor: 'an anchor of a billing period is not the last reading before its boundary',
  void: 'a reading was declared void without a proof that its points are wrong',
  total: 'a community total does not open the sum of its homes’ points',
  opening: 'an excess was settled by an opening that does not fit the points',
  quota: 'quotas do not add up to the community contract',
  auction: 'a step of an auction came outside its phase, out of turn or twice',
  'sealed-value': 'a bid or a maximum price that was shown is not the one that was sealed',
  award: 'an auction did not end as its reveals say: winner, price or failure',
  exchange: 'quota was not locked, moved or freed exactly once with a bid, an award or a refund',
  payment: 'a refund, a payment or a share of forfeits is not what is due',
  tokens: 'the supply is not balances and escrow, or the market owes more than it holds',
  'row-differs': 'the community gateway keeps other bytes than the chain',
  'row-missing': 'the chain has a reading that the community gateway lacks',
  'row-unknown': 'the community gateway keeps a reading that the chain lacks',
} as const

export type FaultCode = keyof typeof FAULT_CODES

/** How much was looked at; `trades` are auctions. */
export interface Checked {
  keys: number
  envelopes: number
  commitments: number
  totals: number
  trades: number
  delegations: number
}

/** What `verify` answers: `ok` only when no fault was found. */
export interface VerifyReport {
  readonly ok: boolean
  readonly checked: Readonly<Checked>
  readonly faults: readonly VerifyFault[]
  /** Blocks walked, the head included. */
  readonly blocks: number
  /** The newest height that a certificate proves final; null where none was given. */
  readonly final: number | null
}

/** The notebook of one verification: checks write into it, the report is read from it. */
export interface Findings {
  readonly checked: Checked
  readonly faults: VerifyFault[]
  /** Notes a fault of no home in particular (a block, the chain, the community). */
  chain(code: FaultCode, field: string, says: string): void
  /** Notes a fault of one home, and of one slot of it when `slot` is given. */
  home(code: FaultCode, home: string, slot: number | null, field: string, says: string): void
}

/** An empty notebook. */
export function createFindings(): Findings {
  const faults: VerifyFault[] = []
  return {
    checked: { keys: 0, envelopes: 0, commitments: 0, totals: 0, trades: 0, delegations: 0 },
    faults,
    chain: (code, field, says) => faults.push({ code, home: null, slot: null, field, says }),
    home: (code, home, slot, field, says) => faults.push({ code, home, slot, field, says }),
  }
}

/** The JSON form of a report, exactly as DESIGN §13 gives it. */
export function reportJson(report: VerifyReport): string {
  const faults = report.faults.map(({ code, home, slot, field }) => ({ code, home, slot, field }))
  return JSON.stringify({ ok: report.ok, checked: report.checked, faults })
}
