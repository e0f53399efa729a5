import type { CommunityTally, HomeTally } from '../host/configs.ts'
import type { RunChain } from './chain.ts'
import { percentiles, type HomeReport, type ReadersReport, type RunReport } from './report.ts'
import type { ChainCount } from './scan-chain.ts'
import type { DelegationCount } from './scan-delegations.ts'
import type { MarketCount } from './scan-market.ts'

/** Everything the report is put together from; nothing in it is computed from another figure of it. */
export interface RunFigures {
  readonly boards: 'firmware' | 'profile'
  readonly homes: readonly HomeTally[]
  readonly community: CommunityTally
  readonly chain: ChainCount
  readonly network: Pick<RunChain, 'kind' | 'chainId' | 'rpc' | 'signers'>
  readonly contracts: RunReport['contracts']
  readonly sampleMs: number
  readonly market: MarketCount
  readonly firstDecryptedMs: number | null
  readonly pages: readonly string[]
}

const sum = <T>(list: readonly T[], of: (each: T) => number): number =>
  list.reduce((total, each) => total + of(each), 0)

const sameAccount = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase()

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
  const opened = figures.community.decrypted.filter((each) => sameAccount(each.home, home.account))
  return {
    account: home.account,
    boards: figures.boards,
    samples: home.samples,
    rejected: home.rejected,
    sealed: home.sealed,
    submitted: home.submitted,
    final: home.final,
    alarmsRead: home.alarmsRead,
    readers: { [figures.community.account]: opened.length, ...neighboursOf(home, figures) },
  }
}

/** Slots of this home that neighbours opened, by account. */
function neighboursOf(home: HomeTally, figures: RunFigures): Readonly<Record<string, number>> {
  const readers: Record<string, number> = {}
  const own = figures.chain.delegations.filter((each) => sameAccount(each.home, home.account))
  for (const each of own) {
    const opened = openedByDelegatee(each, figures)
    if (opened > 0) readers[each.delegatee] = (readers[each.delegatee] ?? 0) + opened
  }
  return readers
}

const openedByDelegatee = ({ id, delegatee }: DelegationCount, { homes }: RunFigures): number =>
  tallyOf(homes, delegatee)?.cared.filter(({ delegation }) => delegation === id).length ?? 0

const tallyOf = (homes: readonly HomeTally[], account: string): HomeTally | undefined =>
  homes.find((home) => sameAccount(home.account, account))

/** Who read a delegated home. */
function readersOf(on: DelegationCount, figures: RunFigures): ReadersReport {
  const { homes, community } = figures
  const home = tallyOf(homes, on.home)
  const neighbour = tallyOf(homes, on.delegatee)
  const sealedTo = ({ delegation }: { readonly delegation: number }): boolean => delegation === on.id
  const { id, slots, alarms, ownAlarms, ...rest } = on
  return {
    delegation: id,
    ...rest,
    slotsOnChain: slots.length,
    openedByDelegatee: openedByDelegatee(on, figures),
    recoveredByCommunity: community.decrypted.filter(sealedTo).length,
    openedByHome: home?.openedBack.filter(sealedTo).length ?? 0,
    alarms: {
      onChain: alarms.length + ownAlarms,
      readByDelegatee: neighbour?.alarms.filter(({ about }) => sameAccount(about, on.home)).length ?? 0,
      readByHome: home?.alarms.filter(({ number }) => alarms.includes(number)).length ?? 0,
    },
  }
}

function delegationsOf({ chain, sampleMs }: RunFigures): RunReport['delegations'] {
  const over = chain.delegations.filter(
    ({ ended, untilSlot }) => ended || untilSlot * sampleMs <= chain.headMs,
  )
  return { active: chain.delegations.length - over.length, ended: over.length }
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
    delegations: delegationsOf(figures),
    readers: chain.delegations.map((each) => readersOf(each, figures)),
    tokens: figures.market.tokens,
    memoryMb: { max: Math.max(community.memoryMb, ...homes.map((home) => home.memoryMb)) },
    pages: figures.pages,
  }
}
