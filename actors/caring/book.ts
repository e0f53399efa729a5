import { getBytes } from 'ethers'
import { z } from 'zod'
import { receiptOf, SILENT_RECEIPT } from '../../protocols/crypto/acknowledgement.ts'
import { recoverReading, type OpeningKey } from '../../protocols/crypto/recover-reading.ts'
import type { ChainFact } from '../chain-fact.ts'
import type { CaredReadingTable, Trx } from '../storage/schema.ts'

/** What a delegatee must know to open what was sealed to it. */
export interface WatchKeys {
  readonly chainId: number
  readonly monitoring: string
  /** The key of a delegation in an epoch, if this home holds it. */
  readonly keyOf: (delegation: number, epoch: number) => OpeningKey | null
}

const integer = z.union([z.number(), z.bigint()]).transform(Number)
const readingShape = z.object({
  home: z.string().transform((text) => text.toLowerCase()),
  slot: integer,
  epoch: integer,
  delegation: integer,
  payload: z.string().transform((hex) => getBytes(hex)),
})
type ReadingEvent = z.output<typeof readingShape>

/** Nothing that opens came in a slot. */
export const SILENT_SLOT = {
  fault: 'nothing-came',
  t: 0,
  import_wh: 0,
  export_wh: 0,
  water_ml: 0,
  mean_power_w: 0,
  peak_power_w: 0,
  receipt: SILENT_RECEIPT,
} as const

function opened(key: OpeningKey, event: ReadingEvent, { chainId, monitoring }: WatchKeys) {
  const { home, slot, epoch, delegation, payload } = event
  const binding = { chainId, monitoring, sender: home, epoch, slot, delegation }
  const result = recoverReading(key, { binding, payload })
  if (!result.ok) return { ...SILENT_SLOT, fault: result.code }
  const { essential, blindings } = result
  return {
    fault: null,
    t: essential.t,
    import_wh: essential.energyImportWh,
    export_wh: essential.energyExportWh,
    water_ml: essential.waterMl,
    mean_power_w: essential.meanPowerW,
    peak_power_w: essential.peakPowerW,
    receipt: receiptOf(blindings),
  }
}

/**
 * Keeps a slot of a neighbour's home. One that was acknowledged as silent gives way to a reading that came
 * late, which is acknowledged anew.
 */
export async function keepCaredSlot(trx: Trx, row: CaredReadingTable): Promise<void> {
  const { home, epoch, fault, t, receipt, acknowledged, opened_at_ms, block } = row
  const { import_wh, export_wh, water_ml, mean_power_w, peak_power_w } = row
  const registers = { import_wh, export_wh, water_ml, mean_power_w, peak_power_w }
  const set = { home, epoch, fault, t, ...registers, receipt, acknowledged, opened_at_ms, block }
  await trx
    .insertInto('cared_reading')
    .values(row)
    .onConflict((conflict) =>
      conflict
        .columns(['delegation', 'slot'])
        .doUpdateSet(set)
        .where('cared_reading.receipt', '=', SILENT_RECEIPT),
    )
    .execute()
}

/** Opens and keeps the readings that neighbours sealed to this home; the others do not concern it. */
export async function keepCaredReadings(
  trx: Trx,
  facts: readonly ChainFact[],
  keys: WatchKeys,
  nowMs: number,
): Promise<void> {
  for (const { name, args, block } of facts) {
    if (name !== 'Reading') continue
    const event = readingShape.parse(args)
    const key = event.delegation === 0 ? null : keys.keyOf(event.delegation, event.epoch)
    if (key === null) continue
    const { delegation, home, slot, epoch } = event
    const place = { delegation, home, slot, epoch, block }
    const found = opened(key, event, keys)
    await keepCaredSlot(trx, { ...place, ...found, acknowledged: 0, opened_at_ms: nowMs })
  }
}

/** Takes back what blocks from `fromBlock` on had brought. */
export async function revertCaredReadings(trx: Trx, fromBlock: number): Promise<void> {
  await trx.deleteFrom('cared_reading').where('block', '>=', fromBlock).execute()
}
