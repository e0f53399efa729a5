import type { CommunityTally, HomeTally } from '../host/configs.ts'
import type { RunChain } from './chain.ts'
import { percentiles, type HomeReport, type RunReport } from './report.ts'
import type { ChainCount } from './scan-chain.ts'
import type { MarketCount } from './scan-market.ts'

/** Everything the report is put together from; nothing in it is computed from another figure of it. */
export interface RunFigures {
  readonly boards: 'firmware' | 'profile'
  readonly homes: readonly HomeTally[]
  readonly community: CommunityTally
  readonly chain: ChainCount
  readonly network: Pick<RunChain, 'kind' | 'chainId' | 'rpc' | 'signers'>
  readonly contracts: RunReport['contracts']
  readonly market: MarketCount
  readonly firstDecryptedMs: number | null
  readonly pages: readonly string[]
}

const sum = <T>(list: readonly T[], of: (each: T) => number): number =>
  list.reduce((total, each) => total + of(each), 0)

const slotKey = (home: string, slot: number): string => `${home.toLowerCase()}:${slot}`

/** Latencies of the readings that were decrypted, and how many sealed ones were not. */
function latencies(figures: RunFigures): { measured: number[]; missing: number; lost: number } {
  const accepted = new Map(
    figures.community.decrypted.map((each) => [slotKey(each.home, each.slot), each.acceptedAtMs]),
  )
  const measured: number[] = []
  let missing = 0
  let lost = 0
  for (const home of figures.homes) {
    for (const { slot, receivedAtMs, waiting } of home.slots) {
      const acceptedAtMs = accepted.get(slotKey(home.account, slot))
      if (acceptedAtMs !== undefined) measured.push(acceptedAtMs - receivedAtMs)
      else {
        missing += 1
        if (!waiting) lost += 1
      }
    }
  }
  return { measured, missing, lost }
}

function homeReport(home: HomeTally, figures: RunFigures): HomeReport {
  const opened = figures.community.decrypted.filter(
    (each) => each.home.toLowerCase() === home.account.toLowerCase(),
  )
  return {
    account: home.account,
    boards: figures.boards,
    samples: home.samples,
    rejected: home.rejected,
    sealed: home.sealed,
    submitted: home.submitted,
    final: home.final,
    alarmsRead: home.alarmsRead,
    readers: { [figures.community.account]: opened.length },
  }
}

/** The report of a run (DESIGN §13). */
export function assembleReport(figures: RunFigures): RunReport {
  const { homes, community, chain, network } = figures
  const { measured, missing, lost } = latencies(figures)
  return {
    homes: homes.map((home) => homeReport(home, figures)),
    totals: {
      samples: sum(homes, (home) => home.samples),
      rejected: sum(homes, (home) => home.rejected),
      sealed: sum(homes, (home) => home.sealed),
      submitted: sum(homes, (home) => home.submitted),
      included: chain.included,
      final: sum(homes, (home) => home.final),
      decrypted: community.decrypted.length,
      lost,
      duplicates: chain.duplicates,
      alarmsSent: community.alarmsSent + sum(homes, (home) => home.alarmsSent),
      alarmsRead: sum(homes, (home) => home.alarmsRead),
    },
    latencyMs: { boardToDecrypted: percentiles(measured, missing) },
    firstDecryptedMs: figures.firstDecryptedMs,
    gas: { perReading: chain.gasPerReading, total: chain.gasTotal },
    chain: {
      kind: network.kind,
      chainId: network.chainId,
      rpc: network.rpc,
      blocks: chain.blocks,
      reorgs: Math.max(community.reorgs, ...homes.map((home) => home.reorgs)),
      signers: network.signers,
    },
    contracts: figures.contracts,
    trades: figures.market.trades,
    delegations: { active: 0, ended: 0 },
    tokens: figures.market.tokens,
    memoryMb: { max: Math.max(community.memoryMb, ...homes.map((home) => home.memoryMb)) },
    pages: figures.pages,
  }
}
