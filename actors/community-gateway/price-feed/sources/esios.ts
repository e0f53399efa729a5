import { z } from 'zod'
import { Fault } from '../../../../protocols/rules/fault.ts'
import type { MarketPrice } from '../../../../protocols/rules/market-price.ts'
import { microEuroPerKwh, secondsOf, SOURCE_MAX_PRICES, unreadable } from './source.ts'

const HOUR_S = 3600
/** The peninsula, where a document has several zones and none was chosen. */
const PENINSULA = 8741

const indicatorSchema = z.object({
  indicator: z.object({
    id: z.number(),
    name: z.string(),
    values: z
      .array(
        z.object({ value: z.number(), datetime_utc: z.string(), geo_id: z.number(), geo_name: z.string() }),
      )
      .max(SOURCE_MAX_PRICES),
  }),
})
const archiveSchema = z.object({
  PVPC: z
    .array(
      z.looseObject({
        Dia: z.string().regex(/^\d\d\/\d\d\/\d{4}$/, 'expected dd/mm/yyyy'),
        Hora: z.string().regex(/^\d\d-\d\d$/, 'expected hh-hh'),
        PCB: z.string().regex(/^-?\d+(,\d+)?$/, 'expected €/MWh with a decimal comma'),
      }),
    )
    .max(SOURCE_MAX_PRICES),
})

/**
 * Whether a JSON document is one of ESIOS (Red Eléctrica): an indicator, such as 1001, or the archive of a
 * day's PVPC.
 */
export function isEsios(document: unknown): boolean {
  return typeof document === 'object' && document !== null && ('indicator' in document || 'PVPC' in document)
}

/** The energy prices of an ESIOS document, €/MWh there. Faults: `source-unreadable`, `source-empty`. */
export function esiosPrices(name: string, document: unknown): readonly MarketPrice[] {
  const archive = typeof document === 'object' && document !== null && 'PVPC' in document
  const prices = archive
    ? archivePrices(name, parsed(name, archiveSchema, document))
    : indicatorPrices(name, parsed(name, indicatorSchema, document))
  if (prices.length === 0) throw new Fault('source-empty', `${name}: has no prices`, { source: name })
  return prices
}

function parsed<Out>(name: string, schema: z.ZodType<Out>, document: unknown): Out {
  const read = schema.safeParse(document)
  if (read.success) return read.data
  const [issue] = read.error.issues
  throw unreadable(name, `${issue?.path.join('.') ?? 'document'}: ${issue?.message ?? 'unreadable'}`)
}

function indicatorPrices(name: string, { indicator }: z.infer<typeof indicatorSchema>): MarketPrice[] {
  const zones = new Set(indicator.values.map(({ geo_id: zone }) => zone))
  const zone = zones.has(PENINSULA) || zones.size !== 1 ? PENINSULA : [...zones][0]
  const source = `ESIOS ${indicator.id} ${indicator.name}`.slice(0, 120)
  const values = indicator.values
    .filter(({ geo_id: each }) => each === zone)
    .map(({ value, datetime_utc: at }, index) => ({
      microEuro: microEuroPerKwh(name, value),
      validFromS: secondsOf(name, `values.${index}.datetime_utc`, at),
    }))
    .sort((a, b) => a.validFromS - b.validFromS)
  const stepS = stepOf(values.map(({ validFromS }) => validFromS))
  return values.map(({ microEuro, validFromS }) => ({
    resource: 'energy',
    microEuro,
    validFromS,
    validUntilS: validFromS + stepS,
    source,
  }))
}

/** The shortest time between two prices: an hour, or a quarter of one. */
function stepOf(moments: readonly number[]): number {
  const gaps = moments.slice(1).map((at, index) => at - (moments[index] ?? at))
  return Math.min(HOUR_S, ...gaps.filter((gap) => gap > 0))
}

/** Rows of a local day, in order: the k-th begins k hours after midnight, also on days of 23 or 25 hours. */
function archivePrices(name: string, { PVPC: rows }: z.infer<typeof archiveSchema>): MarketPrice[] {
  const counts = new Map<string, number>()
  return rows.map(({ Dia: day, PCB: price }) => {
    const index = counts.get(day) ?? 0
    counts.set(day, index + 1)
    const validFromS = madridMidnightS(name, day) + index * HOUR_S
    const microEuro = microEuroPerKwh(name, Number(price.replace(',', '.')))
    const source = `ESIOS PVPC ${day}`
    return { resource: 'energy', microEuro, validFromS, validUntilS: validFromS + HOUR_S, source }
  })
}

const madrid = new Intl.DateTimeFormat('es-ES', {
  timeZone: 'Europe/Madrid',
  day: '2-digit',
  month: '2-digit',
  year: 'numeric',
  hour: '2-digit',
  hourCycle: 'h23',
})

/** The midnight that begins a day in Madrid: an hour before that of UTC in winter, two in summer. */
function madridMidnightS(name: string, day: string): number {
  const [date, month, year] = day.split('/').map(Number)
  const utcS = Date.UTC(year ?? 0, (month ?? 0) - 1, date) / 1000
  for (const hours of [1, 2]) {
    const midnightS = utcS - hours * HOUR_S
    if (madrid.format(midnightS * 1000) === `${day}, 00`) return midnightS
  }
  throw unreadable(name, `Dia: "${day}" is no day`)
}
