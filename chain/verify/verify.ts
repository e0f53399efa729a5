import type { Certificate } from '../../protocols/crypto/certificate.ts'
import { headOf, walkChain, type ChainHistory } from './blocks.ts'
import { createFinalWatch } from './final.ts'
import { checkLogs } from './logs.ts'
import { marketSettings, resolveContracts, type NamedContracts } from './market-state.ts'
import { beginMarket, type MarketSettings } from './market-trail.ts'
import { readPast, type Past } from './past.ts'
import { replay, type ContractAddresses } from './replay.ts'
import { createFindings, type Findings, type VerifyReport } from './report.ts'
import { compareRows, type RowSource } from './rows.ts'
import { createRpcReader, type RpcReader } from './rpc.ts'
import { checkState, checkStoredPayloads, settingOf } from './state.ts'
import type { Trail } from './trail.ts'
import { readHeader, readQuantity } from './wire.ts'

/** What to verify: a node, the contracts, and what is known of the chain beforehand. */
export interface VerifyTarget {
  readonly rpc: string
  readonly contracts: NamedContracts
  /** The chain id that the community was told, or null to take the node's. */
  readonly chainId: number | null
  /** Hash of the first block, or null when it is not known. */
  readonly genesisHash: string | null
  /** The community gateway's own rows, when they shall be compared. */
  readonly rows: RowSource | null
  /** Folder of the archives that the chain may have been begun anew from. */
  readonly archives?: string | null
  /** Certificates of final blocks. */
  readonly certificates?: readonly Certificate[]
}

/**
 * Verifies a community from its chain alone: the chain's own honesty, then keys, order, envelopes,
 * commitments, totals, openings, quotas and trades, each replayed from what the homes signed. Nothing is
 * taken on the word of a contract, of a gateway or of the node. Throws `cannot-read` when there is nothing to
 * judge.
 */
export async function verifyCommunity(target: VerifyTarget): Promise<VerifyReport> {
  const findings = createFindings()
  const rpc = createRpcReader(target.rpc)
  // Rows are read before the head, so that a row can never be ahead of the chain it is compared with.
  const rows = target.rows === null ? null : await target.rows.read()
  const chainId = Number(readQuantity(await rpc.call('eth_chainId', [])))
  const head = await headOf(rpc)
  const slotsPerBilling = await settingOf(rpc, target.contracts.monitoring, 'slotsPerBilling', null)
  const contracts = await resolveContracts(rpc, target.contracts)
  const settings = await marketSettings(rpc, contracts)
  const trail = beginTrail(contracts.monitoring, chainId, slotsPerBilling, settings)
  const touched = new Set(Object.values(contracts))
  const first = readHeader(await rpc.call('eth_getBlockByNumber', ['0x0', false])).hash
  const past = await readPast(target.archives ?? null, first, target.genesisHash, touched, findings)
  const domain = { chainId, genesisHash: past?.origin ?? first }
  const final = createFinalWatch(target.certificates ?? [], domain, past, findings)
  const base = past?.base ?? 0
  const history = await walkChain(rpc, { head, contracts: touched, base, final }, findings)
  checkIdentity(target, chainId, history, past, findings)
  replay([...(past?.transactions ?? []), ...history.transactions], contracts, trail, findings)
  if (past !== null) checkCommunity(past, trail, findings)
  await checkAnswers(rpc, history, base, contracts, trail, findings)
  if (rows !== null) compareRows(rows, trail, findings)
  return {
    ok: findings.faults.length === 0,
    checked: findings.checked,
    faults: findings.faults,
    blocks: history.blocks,
    final: final.judge(history.blocks - 1),
  }
}

/** Archives count only with the signature of the account that the contracts know as the community's. */
function checkCommunity({ community }: Past, trail: Trail, findings: Findings): void {
  if (trail.community === community) return
  const says = `the archives are signed by ${community}, the community is ${trail.community ?? 'unknown'}`
  findings.chain('archive', 'community', says)
}

async function checkAnswers(
  rpc: RpcReader,
  history: ChainHistory,
  base: number,
  contracts: ContractAddresses,
  trail: Trail,
  findings: Findings,
): Promise<void> {
  const { head, transactions } = history
  await checkLogs(rpc, { head: Number(head.number), base }, contracts, transactions, findings)
  await checkState(rpc, head, contracts, trail, findings)
  await checkStoredPayloads(rpc, head, contracts.monitoring, trail, findings)
}

function checkIdentity(
  target: VerifyTarget,
  chainId: number,
  history: ChainHistory,
  past: Past | null,
  findings: Findings,
): void {
  if (target.chainId !== null && target.chainId !== chainId) {
    const says = `the node serves chain ${chainId}, the community lives on chain ${target.chainId}`
    findings.chain('chain-id', 'chainId', says)
  }
  const signedFor = history.transactions.map(({ transaction }) => Number(transaction.chainId ?? chainId))
  const other = signedFor.find((id) => id !== chainId)
  if (other !== undefined) {
    const says = `a transaction was signed for chain ${other}, the node says that it is chain ${chainId}`
    findings.chain('chain-id', 'transaction.chainId', says)
  }
  const founded = past?.origin ?? history.firstHash
  if (target.genesisHash !== null && target.genesisHash.toLowerCase() !== founded) {
    const says =
      `the first block is ${history.firstHash}, the community was founded on ${target.genesisHash}: ` +
      'another chain, or one begun anew from archives that were not given'
    findings.chain('genesis', 'hash of block 0', says)
  }
}

function beginTrail(
  monitoring: string,
  chainId: number,
  slotsPerBilling: number,
  settings: MarketSettings,
): Trail {
  return {
    chainId,
    monitoring,
    slotsPerBilling,
    community: null,
    epochs: new Map(),
    homes: new Map(),
    totals: new Map(),
    revisions: new Map(),
    moves: [],
    loans: [],
    delegations: new Map(),
    market: beginMarket(settings),
  }
}
