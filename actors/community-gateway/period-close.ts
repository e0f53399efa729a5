import { hexlify, type Interface } from 'ethers'
import { concatBytes } from '@noble/hashes/utils.js'
import { decodeScalar, encodeScalar, Scalars } from '../../protocols/crypto/group.ts'
import { homesInTotal, type AnchoredHome, type TotalRefusal } from '../../protocols/rules/totals.ts'
import { slotsOf } from '../../protocols/rules/billing.ts'
import type { Allowance } from '../../protocols/rules/divide.ts'
import type { AnchorTable, Database } from '../storage/schema.ts'
import type { Store } from '../storage/store.ts'
import type { OutboxPort } from '../outbox-port.ts'

const SCALAR = 32
/** Resource numbers of the quota contract. */
const RESOURCE = { energy: 1, water: 3 } as const

export interface PeriodCloserOptions {
  readonly store: Store
  readonly outbox: OutboxPort
  readonly monitoringAbi: Interface
  readonly quotaAbi: Interface
  readonly monitoring: string
  readonly quota: string
  readonly slotsPerBilling: number
  readonly leastHomes: number
  readonly quotaOf: (home: string, slot: number) => Allowance | null
  readonly onRefused: (period: number, refusal: TotalRefusal) => void
}

interface Registers {
  readonly importWh: number
  readonly exportWh: number
  readonly waterMl: number
  readonly blindings: readonly bigint[]
}

interface HomePeriod {
  readonly home: string
  readonly start: Registers
  readonly end: Registers
}

interface Excess {
  readonly home: string
  readonly resource: 'energy' | 'water'
  readonly amount: number
}

/** The opened reading of an anchor's slot. */
async function registersAt(db: Database, home: string, slot: number): Promise<Registers | null> {
  const row = await db
    .selectFrom('reading')
    .select(['import_wh', 'export_wh', 'water_ml', 'blindings'])
    .where('home', '=', home)
    .where('slot', '=', slot)
    .where('fault', 'is', null)
    .executeTakeFirst()
  if (row === undefined) return null
  const blindings = [0, 1, 2].map((index) =>
    decodeScalar(row.blindings.slice(index * SCALAR, (index + 1) * SCALAR), 'blinding'),
  )
  return { importWh: row.import_wh, exportWh: row.export_wh, waterMl: row.water_ml, blindings }
}

function anchored(anchors: readonly AnchorTable[]): AnchoredHome[] {
  const periods = new Map<string, number[]>()
  for (const { home, period } of anchors) periods.set(home, [...(periods.get(home) ?? []), period])
  return [...periods].map(([account, each]) => ({ account, periods: each }))
}

const sumOf = (homes: readonly HomePeriod[], name: 'importWh' | 'exportWh' | 'waterMl'): number =>
  homes.reduce((sum, { start, end }) => sum + end[name] - start[name], 0)

/** P of the public total: the sum of the differences of blindings, one for each quantity. */
const blindingOf = (homes: readonly HomePeriod[], index: number): bigint =>
  homes.reduce(
    (sum, { start, end }) =>
      Scalars.add(sum, Scalars.sub(end.blindings[index] ?? 0n, start.blindings[index] ?? 0n)),
    0n,
  )

function excessesOf(homes: readonly HomePeriod[], quotaOf: (home: string) => Allowance | null): Excess[] {
  return homes.flatMap(({ home, start, end }): Excess[] => {
    const quota = quotaOf(home)
    if (quota === null) return []
    const energy = end.importWh - start.importWh - quota.energyWh
    const water = end.waterMl - start.waterMl - quota.waterMl
    return [
      ...(energy > 0 ? [{ home, resource: 'energy' as const, amount: energy }] : []),
      ...(water > 0 ? [{ home, resource: 'water' as const, amount: water }] : []),
    ]
  })
}

/**
 * Closes a billing period: publishes the community total over the homes with an anchor at both ends (the
 * public form of eq. 9) and asserts each home's excess over its quota. Done once for a period; asked again it
 * changes nothing.
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
  const slotOf = (home: string, of: number): number =>
    anchors.find((anchor) => anchor.home === home && anchor.period === of)?.slot ?? -1
  const homes: HomePeriod[] = []
  for (const home of counted.homes) {
    // A home that came with the period's last slot has one anchor for both ends: it used nothing yet.
    if (slotOf(home, period - 1) === slotOf(home, period)) continue
    const start = await registersAt(store.db, home, slotOf(home, period - 1))
    const end = await registersAt(store.db, home, slotOf(home, period))
    // The set of homes is judged before; a home whose anchor cannot be opened would make the sum wrong.
    if (start !== null && end !== null) homes.push({ home, start, end })
  }
  if (homes.length >= options.leastHomes) await publish(period, homes, options)
}

async function publish(
  period: number,
  homes: readonly HomePeriod[],
  options: PeriodCloserOptions,
): Promise<void> {
  const { store, outbox, monitoringAbi, quotaAbi } = options
  const totals = {
    importWh: sumOf(homes, 'importWh'),
    exportWh: sumOf(homes, 'exportWh'),
    waterMl: sumOf(homes, 'waterMl'),
  }
  const blindings = [0, 1, 2].map((index) => blindingOf(homes, index))
  const names = homes.map(({ home }) => home)
  const { last } = slotsOf(period, options.slotsPerBilling)
  const excesses = excessesOf(homes, (home) => options.quotaOf(home, last))
  await store.transaction(async (trx) => {
    const bytes = concatBytes(...blindings.map((scalar) => encodeScalar(scalar)))
    await trx
      .insertInto('total')
      .values({
        period,
        homes: JSON.stringify(names),
        import_wh: totals.importWh,
        export_wh: totals.exportWh,
        water_ml: totals.waterMl,
        blindings: bytes,
        state: 'sent',
        block: null,
      })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    const data = monitoringAbi.encodeFunctionData('publishTotal', [
      period,
      names,
      [totals.importWh, totals.exportWh, totals.waterMl],
      blindings.map((scalar) => hexlify(encodeScalar(scalar))),
    ])
    await outbox.enqueue(trx, { id: `total:${period}`, kind: 'total', to: options.monitoring, data })
    for (const { home, resource, amount } of excesses) {
      const assertion = quotaAbi.encodeFunctionData('assertExcess', [
        home,
        period,
        RESOURCE[resource],
        amount,
      ])
      const id = `excess:${period}:${home}:${resource}`
      await outbox.enqueue(trx, { id, kind: 'excess', to: options.quota, data: assertion })
    }
  })
}
