import type { Interface } from 'ethers'
import { divideContract, type Allowance, type Contribution } from '../../protocols/rules/divide.ts'
import type { Clock } from '../../protocols/rules/clock.ts'
import { periodOf, slotAt } from '../../protocols/rules/units.ts'
import type { OutboxPort } from '../outbox-port.ts'
import type { Database, QuotaExchangeTable } from '../storage/schema.ts'
import type { Store } from '../storage/store.ts'

/** Homes of one `allocate` call. */
const CHUNK = 50
const GAS = { set: 200_000, allocateBase: 100_000, allocateHome: 70_000, close: 200_000 } as const
/** Several homes that are keyed within this time are allocated together. */
const GATHER_MS = 1_000

export interface AllocatorOptions {
  readonly store: Store
  readonly outbox: OutboxPort
  readonly abi: Interface
  readonly quota: string
  readonly contract: Allowance
  readonly clock: Clock
  readonly sampleMs: number
  readonly slotsPerBilling: number
  /** Revisions that the contract has opened so far. */
  readonly revisions: () => Promise<number>
  /** The first period that the contract lets be divided: none in which lots are traded already. */
  readonly earliestPeriod: () => Promise<number>
  readonly onFault: (thrown: unknown) => void
}

/** Divides the community contract among the members whenever they change, one revision at a time. */
export interface Allocator {
  /** The members changed, or an allocation was closed or refused. */
  wake(): void
  stop(): void
}

/** What a home may use, from the newest closed revision that holds in a period. */
export interface QuotaBook {
  /** With what the home bought, sold or lent; a loan of power counts in its slots, so name one. */
  quotaOf(home: string, period: number, slot?: number): Allowance | null
  refresh(db: Database): Promise<void>
  newest(): Allowance | null
}

interface BookRow {
  readonly revision: number
  readonly from_period: number
  readonly total: Allowance
  readonly homes: Map<string, Allowance>
}

/** A loan of power counts in its window only; without a slot it does not count. */
const counts = ({ from_slot, until_slot }: QuotaExchangeTable, slot: number | undefined): boolean =>
  until_slot === 0 || (slot !== undefined && slot >= from_slot && slot < until_slot)

function exchanged(part: Allowance, account: string, exchanges: readonly QuotaExchangeTable[]): Allowance {
  const of = (resource: number): number =>
    exchanges
      .filter((each) => each.resource === resource)
      .reduce((sum, { giver, taker, amount }) => {
        return sum + (taker === account ? amount : 0) - (giver === account ? amount : 0)
      }, 0)
  const { energyWh, powerW, waterMl } = part
  return { energyWh: energyWh + of(1), powerW: powerW + of(2), waterMl: waterMl + of(3) }
}

/** The closed revisions, kept in memory because every reading is judged by them. */
export function createQuotaBook(): QuotaBook {
  let revisions: BookRow[] = []
  let exchanges: readonly QuotaExchangeTable[] = []
  return {
    async refresh(db) {
      const closed = await db.selectFrom('community_contract').selectAll().where('closed', '=', 1).execute()
      const parts = await db.selectFrom('quota').selectAll().execute()
      exchanges = await db.selectFrom('quota_exchange').selectAll().execute()
      revisions = closed
        .map((row) => ({
          revision: row.revision,
          from_period: row.from_period,
          total: { energyWh: row.energy_wh, powerW: row.power_w, waterMl: row.water_ml },
          homes: new Map(
            parts
              .filter((part) => part.revision === row.revision)
              .map((part) => [
                part.home,
                { energyWh: part.energy_wh, powerW: part.power_w, waterMl: part.water_ml },
              ]),
          ),
        }))
        .sort((a, b) => b.revision - a.revision)
    },
    quotaOf(home, period, slot) {
      const account = home.toLowerCase()
      const part = revisions.find((row) => row.from_period <= period)?.homes.get(account)
      if (part === undefined) return null
      return exchanged(
        part,
        account,
        exchanges.filter((each) => each.period === period && counts(each, slot)),
      )
    },
    newest: () => revisions[0]?.total ?? null,
  }
}

async function contributions(db: Database): Promise<Contribution[]> {
  const members = await db
    .selectFrom('member')
    .select(['account', 'weight'])
    .where('state', '=', 'active')
    .orderBy('account')
    .execute()
  return members.map(({ account, weight }) => ({ account, weight }))
}

/** The homes of the newest revision, to see whether anything changed. */
async function newestRevision(
  db: Database,
): Promise<{ revision: number; closed: boolean; homes: string[] } | null> {
  const row = await db
    .selectFrom('community_contract')
    .select(['revision', 'closed'])
    .orderBy('revision', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (row === undefined) return null
  const parts = await db.selectFrom('quota').select('home').where('revision', '=', row.revision).execute()
  return { revision: row.revision, closed: row.closed === 1, homes: parts.map(({ home }) => home).sort() }
}

export function createAllocator(options: AllocatorOptions): Allocator {
  const { store, outbox, abi, clock, quota: to } = options
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()

  const allocate = async (members: readonly Contribution[], revision: number): Promise<void> => {
    const { contract } = options
    const current = periodOf(slotAt(clock.nowMs(), options.sampleMs), options.slotsPerBilling)
    const fromPeriod = Math.max(current, await options.earliestPeriod())
    const parts = divideContract(contract, members)
    const call = (name: string, step: string, values: readonly unknown[], gas: number) => ({
      id: `allocate:${revision}:${fromPeriod}:${step}`,
      kind: 'allocate',
      to,
      data: abi.encodeFunctionData(name, values),
      gas,
    })
    await store.transaction(async (trx) => {
      const amounts = [contract.energyWh, contract.powerW, contract.waterMl]
      await outbox.enqueue(trx, call('setCommunityContract', 'set', [fromPeriod, ...amounts], GAS.set))
      for (let at = 0; at < parts.length; at += CHUNK) {
        const some = parts.slice(at, at + CHUNK)
        const lists = [
          some.map((part) => part.account),
          some.map((part) => part.energyWh),
          some.map((part) => part.powerW),
          some.map((part) => part.waterMl),
        ]
        const gas = GAS.allocateBase + GAS.allocateHome * some.length
        await outbox.enqueue(trx, call('allocate', `part-${at}`, [revision, ...lists], gas))
      }
      await outbox.enqueue(trx, call('closeAllocation', 'close', [revision], GAS.close))
    })
  }

  const inHand = async (): Promise<boolean> => {
    const waiting = await store.db
      .selectFrom('intent')
      .select('id')
      .where('kind', '=', 'allocate')
      .where('state', 'in', ['queued', 'signed', 'sent', 'underpriced', 'stalled', 'reorged'])
      .limit(1)
      .executeTakeFirst()
    return waiting !== undefined
  }

  const look = async (): Promise<void> => {
    const members = await contributions(store.db)
    if (members.length === 0 || (await inHand())) return
    const newest = await newestRevision(store.db)
    const wanted = members.map(({ account }) => account).sort()
    if (newest?.closed === true && newest.homes.join() === wanted.join()) return
    await allocate(members, (await options.revisions()) + 1)
  }

  return {
    wake() {
      clearTimeout(timer)
      timer = setTimeout(() => {
        running = running.then(look).catch(options.onFault)
      }, GATHER_MS)
    },
    stop: () => clearTimeout(timer),
  }
}
