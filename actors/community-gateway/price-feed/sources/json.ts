import { z } from 'zod'
import { Fault } from '../../../../protocols/rules/fault.ts'
import type { MarketPrice } from '../../../../protocols/rules/market-price.ts'
import { RESOURCES } from '../../../../protocols/rules/resource.ts'
import { esiosPrices, isEsios } from './esios.ts'
import { secondsOf, SOURCE_MAX_PRICES, unreadable } from './source.ts'

const documentSchema = z.strictObject({
  source: z.string().min(1).max(200),
  prices: z
    .array(
      z.strictObject({
        resource: z.enum(RESOURCES),
        microEuro: z.int(),
        validFrom: z.string(),
        validUntil: z.string(),
      }),
    )
    .max(SOURCE_MAX_PRICES),
})

/**
 * Prices of a JSON document: ours, `{"source", "prices": [{"resource", "microEuro", "validFrom",
 * "validUntil"}]}`, or one of ESIOS. Faults: `source-unreadable`, `source-empty`.
 */
export function readJson(name: string, text: string): readonly MarketPrice[] {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    throw unreadable(name, 'is no JSON')
  }
  if (isEsios(document)) return esiosPrices(name, document)
  const read = documentSchema.safeParse(document)
  if (!read.success) {
    const [issue] = read.error.issues
    throw unreadable(name, `${issue?.path.join('.') ?? 'document'}: ${issue?.message ?? 'unreadable'}`)
  }
  const { source, prices } = read.data
  if (prices.length === 0) throw new Fault('source-empty', `${name}: has no prices`, { source: name })
  return prices.map(({ resource, microEuro, validFrom, validUntil }, index) => {
    const validFromS = secondsOf(name, `prices.${index}.validFrom`, validFrom)
    const validUntilS = secondsOf(name, `prices.${index}.validUntil`, validUntil)
    if (validFromS >= validUntilS) throw unreadable(name, `prices.${index}: ends before it begins`)
    return { resource, microEuro, validFromS, validUntilS, source }
  })
}
