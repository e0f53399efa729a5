import { z } from 'zod'
import { Fault } from '../../../../protocols/rules/fault.ts'
import type { MarketPrice } from '../../../../protocols/rules/market-price.ts'
import { microEuroPerKwh, secondsOf, unreadable } from './source.ts'

const RESOLUTION_S: Readonly<Record<string, number>> = {
  PT15M: 900,
  PT30M: 1800,
  PT60M: 3600,
  PT1H: 3600,
  P1D: 86_400,
}
/** Positions of a day of quarter-hours, with room for the day of 25 hours. */
const MOST_POSITIONS = 100

const text = z.union([z.string(), z.number()]).transform(String)
/** A parser of XML gives an element that occurs once by itself, and one that occurs again in a list. */
const asList = (found: unknown): unknown => (Array.isArray(found) ? found : [found])
const listOf = <Item extends z.ZodType>(item: Item) => z.preprocess(asList, z.array(item))

const periodSchema = z.object({
  timeInterval: z.object({ start: z.string(), end: z.string() }),
  resolution: z.string(),
  Point: listOf(z.object({ position: z.coerce.number().int().min(1), 'price.amount': z.coerce.number() })),
})
const seriesSchema = z.object({
  'currency_Unit.name': z.string(),
  'price_Measure_Unit.name': z.string(),
  'in_Domain.mRID': z.union([text, z.object({ '#text': text }).transform((each) => each['#text'])]),
  curveType: z.string().default('A01'),
  Period: listOf(periodSchema),
})
const publicationSchema = z.object({
  Publication_MarketDocument: z.object({ type: z.string(), TimeSeries: listOf(seriesSchema) }),
})
const acknowledgementSchema = z.object({
  Acknowledgement_MarketDocument: z.object({ Reason: listOf(z.object({ code: text, text })) }),
})

type Series = z.infer<typeof seriesSchema>
type Period = z.infer<typeof periodSchema>

/**
 * The energy prices of a day-ahead document of ENTSO-E (document type A44), as an XML parser that keeps the
 * names of elements gives it. A position that the document leaves out repeats the one before (curve type
 * A03). Faults: `source-unreadable`, `source-empty` (an acknowledgement without data).
 */
export function entsoePrices(name: string, document: unknown): readonly MarketPrice[] {
  const refused = acknowledgementSchema.safeParse(document)
  if (refused.success) {
    const reason = refused.data.Acknowledgement_MarketDocument.Reason[0]?.text ?? 'no data'
    throw new Fault('source-empty', `${name}: ${reason.slice(0, 160)}`, { source: name })
  }
  const read = publicationSchema.safeParse(document)
  if (!read.success) {
    const [issue] = read.error.issues
    throw unreadable(name, `${issue?.path.join('.') ?? 'document'}: ${issue?.message ?? 'unreadable'}`)
  }
  const { type, TimeSeries: series } = read.data.Publication_MarketDocument
  if (type !== 'A44') throw unreadable(name, `type: expected A44 (day-ahead prices), got ${type}`)
  return series.flatMap((each) => seriesPrices(name, each))
}

function seriesPrices(name: string, series: Series): MarketPrice[] {
  const [currency, unit] = [series['currency_Unit.name'], series['price_Measure_Unit.name']]
  if (currency !== 'EUR') throw unreadable(name, `currency_Unit.name: expected EUR, got ${currency}`)
  if (unit !== 'MWH') throw unreadable(name, `price_Measure_Unit.name: expected MWH, got ${unit}`)
  const source = `ENTSO-E day-ahead ${series['in_Domain.mRID']}`
  return series.Period.flatMap((period) => periodPrices(name, period, series.curveType, source))
}

function periodPrices(name: string, period: Period, curve: string, source: string): MarketPrice[] {
  const stepS = RESOLUTION_S[period.resolution]
  if (stepS === undefined) throw unreadable(name, `resolution: ${period.resolution} is none that prices have`)
  const startS = secondsOf(name, 'timeInterval.start', period.timeInterval.start)
  const positions = (secondsOf(name, 'timeInterval.end', period.timeInterval.end) - startS) / stepS
  if (!Number.isInteger(positions) || positions < 1 || positions > MOST_POSITIONS) {
    throw unreadable(name, `timeInterval: ${positions} steps of ${period.resolution}; a day was expected`)
  }
  const given = new Map(period.Point.map((point) => [point.position, point['price.amount']]))
  const prices: MarketPrice[] = []
  let last: number | undefined
  for (let position = 1; position <= positions; position += 1) {
    last = given.get(position) ?? (curve === 'A03' ? last : undefined)
    if (last === undefined) continue
    const validFromS = startS + (position - 1) * stepS
    const microEuro = microEuroPerKwh(name, last)
    prices.push({ resource: 'energy', microEuro, validFromS, validUntilS: validFromS + stepS, source })
  }
  return prices
}
