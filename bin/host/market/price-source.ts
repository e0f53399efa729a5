import { basename, join } from 'node:path'
import { XMLParser } from 'fast-xml-parser'
import { communityPrices } from '../../../actors/community-gateway/price-feed/sources/open-source.ts'
import type { PriceSource } from '../../../actors/community-gateway/price-feed/sources/source.ts'
import { wallClock } from '../../clock.ts'
import { packageFolder } from '../package-folder.ts'

/** Where a community's market prices come from. */
export interface PricesConfig {
  /** A file or an http(s) address; null: the built-in day that repeats. */
  readonly at: string | null
  /** The key that a provider asks for in the header `x-api-key`. */
  readonly key: string | null
}

/** The day of prices that comes with the package. */
export const bundledDay = (): string =>
  join(packageFolder(), 'actors', 'community-gateway', 'price-feed', 'day-prices.csv')

/** Opens the source that a community is started with. */
export function openPrices({ at, key }: PricesConfig): PriceSource {
  // A document type with entities of its own is refused: it could grow without end.
  const parser = new XMLParser({ processEntities: false, ignoreAttributes: true })
  const source = communityPrices(at, bundledDay(), {
    clock: wallClock,
    ...(key === null ? {} : { headers: { 'x-api-key': key } }),
    parseXml: (text): unknown => parser.parse(text),
  })
  return {
    name: at === null ? 'the built-in day' : basename(source.name),
    read: (signal) => source.read(signal),
  }
}
