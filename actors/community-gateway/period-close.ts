import { hexlify, type Interface } from 'ethers'
import { concatBytes } from '@noble/hashes/utils.js'
import { encodeScalar } from '../../protocols/crypto/group.ts'
import { differenceOfBlindings, sumBlindings } from '../../protocols/crypto/points.ts'
import { homesInTotal, type AnchoredHome, type TotalRefusal } from '../../protocols/rules/totals.ts'
import type { AnchorTable } from '../storage/schema.ts'
import type { Store } from '../storage/store.ts'
import type { OutboxPort } from '../outbox-port.ts'
import { periodEnds } from './held-readings.ts'

/** The quantities of a total by their place among a reading's points. */
const TOTALLED = [0, 1, 2] as const

export interface PeriodCloserOptions {
  readonly store: Store
  readonly outbox: OutboxPort
  readonly abi: Interface
  readonly monitoring: string
  readonly leastHomes: number
  readonly onRefused: (period: number, refusal: TotalRefusal) => void
}

/** What one home adds to the total: import, export, water. */
interface HomePeriod {
  readonly home: string
  readonly used: readonly bigint[]
  readonly blindings: readonly bigint[]
}

function anchored(anchors: readonly AnchorTable[]): AnchoredHome[] {
  const periods = new Map<string, number[]>()
  for (const { home, period } of anchors) periods.set(home, [...(periods.get(home) ?? []), period])
  return [...periods].map(([account, each]) => ({ account, periods: each }))
}

/**
 * What a home used in a period; null when it cannot be shown. A home that came with the period's last slot
 * has one record for both ends: it used nothing yet.
 */
async function homePeriod({ db }: Store, home: string, period: number): Promise<HomePeriod | null> {
  const ends = await periodEnds(db, home, period)
  if (ends === null || ends.start.record.slot === ends.end.record.slot) return null
  const { start, end } = ends
  const used = TOTALLED.map((place) => end.values[place] - start.values[place])
  // Registers that went back would spoil the sum of all others.
  if (used.some((value) => value < 0n)) return null
  const blindings = TOTALLED.map((place) =>
    differenceOfBlindings(end.blindings[place], start.blindings[place]),
  )
  return { home, used, blindings }
}

/**
 * Closes a billing period: publishes the community total over the homes with an anchor at both ends, the
 * public form of eq. 9. Done once for a period; asked again it changes nothing.
 */
export async function closePeriod(period: number, options: PeriodCloserOptions): Promise<void> {
  const { store } = options
  const known = await store.db
    .selectFrom('total')
    .select('period')
    .where('period', '=', period)
    .executeTakeFirst()
  if (known !== undefined) return
  const anchors = await store.db
    .selectFrom('anchor')
    .selectAll()
    .where('period', 'in', [period - 1, period])
    .execute()
  const counted = homesInTotal({
    period,
    homes: anchored(anchors),
    published: new Map(),
    least: options.leastHomes,
  })
  if (!counted.ok) {
    options.onRefused(period, counted.refused)
    return
  }
  const homes: HomePeriod[] = []
  for (const home of counted.homes) {
    // The set of homes is judged before; a home whose anchor cannot be opened would make the sum wrong.
    const each = await homePeriod(store, home, period)
    if (each !== null) homes.push(each)
  }
  if (homes.length >= options.leastHomes) await publish(period, homes, options)
}

async function publish(
  period: number,
  homes: readonly HomePeriod[],
  { store, outbox, abi, monitoring }: PeriodCloserOptions,
): Promise<void> {
  const [importWh, exportWh, waterMl] = TOTALLED.map((place) =>
    homes.reduce((sum, { used }) => sum + Number(used[place] ?? 0n), 0),
  )
  const blindings = TOTALLED.map((place) =>
    encodeScalar(sumBlindings(homes.map((home) => home.blindings[place] ?? 0n))),
  )
  const names = homes.map(({ home }) => home)
  const totals = { import_wh: importWh ?? 0, export_wh: exportWh ?? 0, water_ml: waterMl ?? 0 }
  await store.transaction(async (trx) => {
    const row = { period, homes: JSON.stringify(names), blindings: concatBytes(...blindings) }
    await trx
      .insertInto('total')
      .values({ ...row, ...totals, state: 'sent', block: null })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    const data = abi.encodeFunctionData('publishTotal', [
      period,
      names,
      [totals.import_wh, totals.export_wh, totals.water_ml],
      blindings.map((scalar) => hexlify(scalar)),
    ])
    await outbox.enqueue(trx, { id: `total:${period}`, kind: 'total', to: monitoring, data })
  })
}
