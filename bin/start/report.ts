import { rename, writeFile, open } from 'node:fs/promises'
import { resolve } from 'node:path'

/** What one home counted, each figure where it happens (DESIGN §13). */
export interface HomeReport {
  readonly account: string
  readonly boards: 'firmware' | 'profile'
  readonly samples: number
  readonly rejected: number
  readonly sealed: number
  readonly submitted: number
  readonly final: number
  readonly alarmsRead: number
  /** Slots of this home that were opened, by the account that opened them. */
  readonly readers: Readonly<Record<string, number>>
}

/** Who read a home that was delegated, each figure counted where it happened. Amounts are micro-SCT. */
export interface ReadersReport {
  readonly delegation: number
  readonly home: string
  readonly delegatee: string
  readonly fromSlot: number
  /** The first slot that is not delegated any more; an end moves it forward. */
  readonly untilSlot: number
  readonly ended: boolean
  /** Slots of readings that the contract filed under the delegation. */
  readonly slotsOnChain: number
  readonly openedByDelegatee: number
  readonly recoveredByCommunity: number
  /** How many of the home's own envelopes of these slots its own operation keys open, tried one by one. */
  readonly openedByHome: number
  readonly alarms: {
    readonly onChain: number
    readonly readByDelegatee: number
    readonly readByHome: number
  }
  readonly agreedSlots: number
  /** Acknowledged slots that the contract paid for; null until the delegatee has claimed. */
  readonly watched: number | null
  readonly rewardMicroSct: number
  readonly paidMicroSct: number | null
}

/** The report file, exactly as DESIGN §13 gives it. */
export interface RunReport {
  readonly homes: readonly HomeReport[]
  readonly totals: {
    readonly samples: number
    readonly rejected: number
    readonly sealed: number
    readonly submitted: number
    readonly included: number
    readonly final: number
    readonly decrypted: number
    readonly lost: number
    readonly duplicates: number
    readonly alarmsSent: number
    readonly alarmsRead: number
  }
  readonly latencyMs: { readonly boardToDecrypted: Percentiles }
  readonly firstDecryptedMs: number | null
  readonly gas: {
    readonly perReading: { readonly p50: number | null; readonly max: number | null }
    readonly total: number
  }
  readonly chain: {
    readonly kind: 'embedded' | 'geth'
    readonly chainId: number
    readonly rpc: string
    readonly blocks: number
    readonly reorgs: number
    readonly signers: readonly string[]
  }
  readonly contracts: {
    readonly monitoring: string
    readonly quota: string
    readonly token: string | null
    readonly trading: string | null
  }
  readonly trades: {
    readonly offered: number
    readonly awarded: number
    readonly failed: number
    /** How many failed for which reason; reasons that did not occur are left out. */
    readonly failedBecause: Readonly<Record<string, number>>
    readonly delivered: number
    readonly offerToSettledMs: { readonly p50: number | null }
  }
  readonly delegations: { readonly active: number; readonly ended: number }
  /** One for each delegation, in the order in which the chain has them. */
  readonly readers: readonly ReadersReport[]
  readonly tokens: { readonly supply: string; readonly balances: string; readonly escrow: string }
  readonly memoryMb: { readonly max: number }
  readonly pages: readonly string[]
}

/** Latency percentiles; a reading never decrypted counts as infinite, which is written as null. */
export interface Percentiles {
  readonly p50: number | null
  readonly p95: number | null
  readonly p99: number | null
}

/** The value at rank `share` of a sorted list (nearest rank); null when it is infinite or there is none. */
export function percentile(sorted: readonly number[], share: number): number | null {
  const value = sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(sorted.length * share) - 1))]
  return value === undefined || !Number.isFinite(value) ? null : value
}

/** p50, p95 and p99 of latencies; `missing` readings were never decrypted. */
export function percentiles(latencies: readonly number[], missing: number): Percentiles {
  const sorted = [...latencies, ...Array.from({ length: missing }, () => Infinity)].sort((a, b) => a - b)
  return { p50: percentile(sorted, 0.5), p95: percentile(sorted, 0.95), p99: percentile(sorted, 0.99) }
}

/** Writes a JSON file whole or not at all: temporary file, flush, rename. */
export async function writeJsonFile(path: string, value: unknown): Promise<void> {
  const target = resolve(path)
  const temporary = `${target}.${process.pid}.tmp`
  await writeFile(temporary, `${JSON.stringify(value, null, 2)}\n`)
  const file = await open(temporary, 'r+')
  await file.sync()
  await file.close()
  await rename(temporary, target)
}
