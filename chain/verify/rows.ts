import { cp, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import Libsql from 'libsql'
import { z } from 'zod'
import { ENVELOPE_BYTES } from '../../protocols/messages/record.ts'
import { messageOf } from '../../protocols/rules/fault.ts'
import { hexOf } from './encode.ts'
import type { Findings } from './report.ts'
import { cannotRead } from './rpc.ts'
import type { KeptRecord, Trail } from './trail.ts'

const bytes = z
  .custom<Uint8Array | ArrayBuffer>((value) => value instanceof Uint8Array || value instanceof ArrayBuffer)
  .transform((value) => Uint8Array.from(value instanceof ArrayBuffer ? new Uint8Array(value) : value))
const home = z.string().transform((account) => account.toLowerCase())

const envelopeRow = z.object({
  home,
  slot: z.number(),
  wire: bytes,
  points: bytes,
  sequence: z.number(),
  epoch: z.number(),
  delegation: z.number(),
  extended: bytes,
})
/** A record as the community gateway keeps it. */
export type EnvelopeRow = z.output<typeof envelopeRow>

const totalRow = z.object({
  period: z.number(),
  homes: z.string(),
  import_wh: z.number(),
  export_wh: z.number(),
  water_ml: z.number(),
  blindings: bytes,
  state: z.string(),
})
/** A total as the community gateway keeps it; only published ones are compared. */
export type TotalRow = z.output<typeof totalRow>

export interface Rows {
  readonly envelopes: readonly EnvelopeRow[]
  readonly totals: readonly TotalRow[]
  /** Whether the gateway still runs, so that the newest readings may not have reached its rows yet. */
  readonly mayLag: boolean
}

/** Where the community gateway's rows come from. */
export interface RowSource {
  /** Throws `cannot-read` when the database is missing or is none. */
  read(): Promise<Rows>
}

/** The rows of a gateway's SQLite file, read from a copy so that a living gateway is never disturbed. */
export function sqliteRows(file: string, mayLag: boolean): RowSource {
  return {
    read: async () => {
      const folder = await mkdtemp(join(tmpdir(), 'meterhood-rows-'))
      try {
        return { ...readRows(await copyDatabase(file, folder)), mayLag }
      } catch (thrown) {
        throw cannotRead(
          `${file} cannot be read (${messageOf(thrown)})`,
          'use --rpc with --contracts instead',
        )
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    },
  }
}

/** The write-ahead log holds the newest rows, so that it is copied with its database. */
async function copyDatabase(file: string, folder: string): Promise<string> {
  const copy = join(folder, basename(file))
  await cp(file, copy)
  const log = `${file}-wal`
  const exists = await stat(log).then(
    () => true,
    () => false,
  )
  if (exists) await cp(log, `${copy}-wal`)
  return copy
}

function readRows(file: string): Omit<Rows, 'mayLag'> {
  const database = new Libsql(file)
  try {
    const envelopes: unknown = database.prepare('select * from envelope order by home, slot').all()
    const totals: unknown = database.prepare('select * from total order by period').all()
    return { envelopes: z.array(envelopeRow).parse(envelopes), totals: z.array(totalRow).parse(totals) }
  } finally {
    database.close()
  }
}

/** Compares the community gateway's rows with the chain, byte by byte, both ways. */
export function compareRows(rows: Rows, trail: Trail, findings: Findings): void {
  const kept = new Map(rows.envelopes.map((row) => [`${row.home} ${row.slot}`, row]))
  const has = (account: string) => (record: KeptRecord) => kept.has(`${account} ${record.slot}`)
  for (const { home: account, records } of trail.homes.values()) {
    const due = rows.mayLag ? records.slice(0, 1 + records.findLastIndex(has(account))) : records
    for (const record of due) {
      const row = kept.get(`${account} ${record.slot}`)
      kept.delete(`${account} ${record.slot}`)
      compareRecord(account, record, row, findings)
    }
  }
  for (const row of kept.values()) {
    const says = `the community gateway keeps slot ${row.slot} of ${row.home}, which the chain does not have`
    findings.home('row-unknown', row.home, row.slot, 'envelope', says)
  }
  for (const row of rows.totals) compareTotal(row, trail, findings)
}

function compareRecord(
  account: string,
  record: KeptRecord,
  row: EnvelopeRow | undefined,
  findings: Findings,
): void {
  const { slot, payload } = record
  if (row === undefined) {
    const says = `the chain has slot ${slot} of ${account}, the community gateway does not`
    findings.home('row-missing', account, slot, 'envelope', says)
    return
  }
  const differs = [
    ['wire', hexOf(row.wire) !== hexOf(payload.subarray(0, ENVELOPE_BYTES))],
    ['points', hexOf(row.points) !== hexOf(payload.subarray(ENVELOPE_BYTES))],
    ['extended', hexOf(row.extended) !== hexOf(record.extended)],
    ['sequence', row.sequence !== record.sequence],
    ['epoch', row.epoch !== record.epoch],
    ['delegation', row.delegation !== record.delegation],
  ] as const
  for (const [field, different] of differs) {
    if (!different) continue
    const says = `the community gateway keeps another ${field} for slot ${slot} of ${account} than the chain`
    findings.home('row-differs', account, slot, field, says)
  }
}

function compareTotal(row: TotalRow, trail: Trail, findings: Findings): void {
  const told = trail.totals.get(row.period)
  if (told === undefined) {
    if (row.state !== 'published') return
    const says = `the community gateway keeps a total of period ${row.period} that was never published`
    findings.chain('row-unknown', `total of period ${row.period}`, says)
    return
  }
  const accounts = (row.homes.match(/0x[0-9a-f]{40}/gi) ?? []).map((account) => account.toLowerCase())
  const blindings = told.blindings.map((blinding) => blinding.toString(16).padStart(64, '0')).join('')
  const differs = [
    ['homes', accounts.sort().join() !== [...told.homes].sort().join()],
    ['import_wh', BigInt(row.import_wh) !== told.totals[0]],
    ['export_wh', BigInt(row.export_wh) !== told.totals[1]],
    ['water_ml', BigInt(row.water_ml) !== told.totals[2]],
    ['blindings', hexOf(row.blindings) !== `0x${blindings}`],
  ] as const
  for (const [field, different] of differs) {
    if (!different) continue
    const where = `for the total of period ${row.period}`
    const says = `the community gateway keeps another ${field} ${where} than the chain`
    findings.chain('row-differs', `${field} of the total of period ${row.period}`, says)
  }
}
