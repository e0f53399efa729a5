import { headOf, walkChain, type ChainHistory } from './blocks.ts'
import { checkLogs } from './logs.ts'
import { marketSettings, resolveContracts, type NamedContracts } from './market-state.ts'
import { beginMarket, type MarketSettings } from './market-trail.ts'
import { replay, type ContractAddresses } from './replay.ts'
import { createFindings, type Findings, type VerifyReport } from './report.ts'
import { compareRows, type RowSource } from './rows.ts'
import { createRpcReader, type RpcReader } from './rpc.ts'
import { checkState, checkStoredPayloads, settingOf } from './state.ts'
import type { Trail } from './trail.ts'
import { readQuantity } from './wire.ts'

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
  const history = await walkChain(rpc, head, new Set(Object.values(contracts)), findings)
  checkIdentity(target, chainId, history, findings)
  replay(history.transactions, contracts, trail, findings)
  await checkAnswers(rpc, history, contracts, trail, findings)
  if (rows !== null) compareRows(rows, trail, findings)
  return {
    ok: findings.faults.length === 0,
    checked: findings.checked,
    faults: findings.faults,
    blocks: history.blocks,
  }
}

async function checkAnswers(
  rpc: RpcReader,
  history: ChainHistory,
  contracts: ContractAddresses,
  trail: Trail,
  findings: Findings,
): Promise<void> {
  const { head, transactions } = history
  await checkLogs(rpc, Number(head.number), contracts, transactions, findings)
  await checkState(rpc, head, contracts, trail, findings)
  await checkStoredPayloads(rpc, head, contracts.monitoring, trail, findings)
}

function checkIdentity(
  target: VerifyTarget,
  chainId: number,
  history: ChainHistory,
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
  if (target.genesisHash !== null && target.genesisHash.toLowerCase() !== history.firstHash) {
    const says = `the first block is ${history.firstHash}, the community was founded on ${target.genesisHash}`
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
