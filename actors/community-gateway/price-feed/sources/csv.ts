import { parse } from 'csv-parse/sync'
import { z } from 'zod'
import { Fault } from '../../../../protocols/rules/fault.ts'
import type { MarketPrice } from '../../../../protocols/rules/market-price.ts'
import { type Resource, RESOURCES } from '../../../../protocols/rules/resource.ts'
import { secondsOf, SOURCE_MAX_PRICES, unreadable } from './source.ts'

/** Prices that repeat every day: 24 hours of UTC for each resource that is listed. */
export interface DayPrices {
  readonly hours: Readonly<Partial<Record<Resource, readonly number[]>>>
  readonly source: string
}

const integer = z
  .string()
  .regex(/^-?\d{1,10}$/, 'expected a whole number of micro-euro')
  .transform(Number)
const resource = z.enum(RESOURCES)
const datedRow = z.strictObject({
  resource,
  valid_from: z.string(),
  valid_until: z.string(),
  micro_euro: integer,
})
const hourlyRow = z.strictObject({
  resource,
  hour: z
    .string()
    .regex(/^([01]?\d|2[0-3])$/, 'expected an hour from 0 to 23')
    .transform(Number),
  micro_euro: integer,
})

/**
 * Prices of a CSV file, in one of two forms: `resource,valid_from,valid_until,micro_euro` with moments in
 * ISO 8601, or `resource,hour,micro_euro` for a day that repeats. Lines that begin with # are comments;
 * `# source: …` says where the prices come from. Fault: `source-unreadable`, naming the line.
 */
export function readCsv(name: string, text: string): readonly MarketPrice[] | DayPrices {
  const source = /^#\s*source:\s*(.+)$/m.exec(text)?.[1]?.trim() ?? name
  const rows = rowsOf(name, text)
  const hourly = rows[0] !== undefined && 'hour' in rows[0].record
  return hourly ? dayOf(name, source, rows) : rows.map((row) => datedPrice(name, source, row))
}

interface Row {
  readonly line: number
  readonly record: Readonly<Record<string, string>>
}

const rowSchema = z.array(
  z.object({ record: z.record(z.string(), z.string()), info: z.object({ lines: z.number() }) }),
)

function rowsOf(name: string, text: string): readonly Row[] {
  const options = { columns: true, comment: '#', trim: true, skip_empty_lines: true, info: true, bom: true }
  let parsed: unknown
  try {
    parsed = parse(text, { ...options, to: SOURCE_MAX_PRICES + 1 })
  } catch (thrown) {
    throw unreadable(name, thrown instanceof Error ? thrown.message.slice(0, 160) : 'no CSV')
  }
  const rows = rowSchema.parse(parsed).map(({ record, info }) => ({ record, line: info.lines }))
  if (rows.length === 0) throw new Fault('source-empty', `${name}: has no prices`, { source: name })
  if (rows.length > SOURCE_MAX_PRICES) throw unreadable(name, `more than ${SOURCE_MAX_PRICES} prices`)
  return rows
}

function checked<Out>(name: string, schema: z.ZodType<Out>, { line, record }: Row): Out {
  const result = schema.safeParse(record)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw unreadable(name, `line ${line}: ${issue?.path.join('.') ?? 'row'}: ${issue?.message ?? 'unreadable'}`)
}

function datedPrice(name: string, source: string, row: Row): MarketPrice {
  const read = checked(name, datedRow, row)
  const validFromS = secondsOf(name, `line ${row.line}: valid_from`, read.valid_from)
  const validUntilS = secondsOf(name, `line ${row.line}: valid_until`, read.valid_until)
  if (validFromS >= validUntilS)
    throw unreadable(name, `line ${row.line}: valid_until is not after valid_from`)
  return { resource: read.resource, microEuro: read.micro_euro, validFromS, validUntilS, source }
}

function dayOf(name: string, source: string, rows: readonly Row[]): DayPrices {
  const hours: Partial<Record<Resource, number[]>> = {}
  for (const row of rows) {
    const read = checked(name, hourlyRow, row)
    const known = (hours[read.resource] ??= [])
    if (known[read.hour] !== undefined) throw unreadable(name, `line ${row.line}: hour ${read.hour} twice`)
    known[read.hour] = read.micro_euro
  }
  for (const [each, known] of Object.entries(hours)) {
    const missing = Array.from({ length: 24 }, (_, hour) => hour).find((hour) => known[hour] === undefined)
    if (missing !== undefined)
      throw unreadable(name, `${each}: hour ${missing} is missing; 0 to 23 are needed`)
  }
  return { hours, source }
}

const [HOUR_S, DAY_S] = [3600, 86_400]

/** The prices of a repeating day, from the day of `nowS` to the end of the next one. */
export function pricesOfDay({ hours, source }: DayPrices, nowS: number): readonly MarketPrice[] {
  const midnightS = Math.floor(nowS / DAY_S) * DAY_S
  return RESOURCES.flatMap((each) =>
    [0, 1].flatMap((day) =>
      (hours[each] ?? []).map((microEuro, hour) => {
        const validFromS = midnightS + day * DAY_S + hour * HOUR_S
        return { resource: each, microEuro, validFromS, validUntilS: validFromS + HOUR_S, source }
      }),
    ),
  )
}
