import { readFile, stat } from 'node:fs/promises'
import type { Clock } from '../../../../protocols/rules/clock.ts'
import { type Fault, messageOf } from '../../../../protocols/rules/fault.ts'
import { completedBy, type MarketPrice } from '../../../../protocols/rules/market-price.ts'
import { type DayPrices, pricesOfDay, readCsv } from './csv.ts'
import { entsoePrices } from './entsoe.ts'
import { readJson } from './json.ts'
import { away, type PriceSource, SOURCE_MAX_BYTES, unreadable } from './source.ts'

/** How a source is reached and read. */
export interface SourceOptions {
  /**
   * A file, or an http(s) address. In an address `{day}`, `{next}` (2026-05-01), `{day-compact}` and
   * `{next-compact}` (20260501) stand for today and for the day after tomorrow, in UTC.
   */
  readonly at: string
  readonly clock: Clock
  /** Sent with an HTTP request: the key that a provider asks for. */
  readonly headers?: Readonly<Record<string, string>>
  /** Reads XML into objects named as their elements; without it XML is refused. */
  readonly parseXml?: (text: string) => unknown
  /** Added to every price of energy: tolls and charges that a wholesale price lacks. */
  readonly surchargeMicroEuro?: number
}

/** Opens a source of prices; what it holds (CSV, JSON, ESIOS, ENTSO-E) is seen when it is read. */
export function openPriceSource(options: SourceOptions): PriceSource {
  const { at, surchargeMicroEuro = 0 } = options
  const isAddress = /^https?:\/\//.test(at)
  const name = isAddress ? new URL(at).host : at
  return {
    name,
    read: async (signal) => {
      const text = isAddress ? await fetched(name, options, signal) : await contentOf(name, at)
      const prices = pricesIn(name, text, options)
      return surchargeMicroEuro === 0 ? prices : prices.map((price) => charged(price, surchargeMicroEuro))
    },
  }
}

/**
 * The source that a community is started with: `at`, completed by the prices of a day that repeats; without
 * `at`, that day alone.
 */
export function communityPrices(
  at: string | null,
  day: string,
  options: Omit<SourceOptions, 'at'>,
): PriceSource {
  const usual = openPriceSource({ at: day, clock: options.clock })
  return at === null ? usual : completedSource(openPriceSource({ ...options, at }), usual)
}

/** The prices of one source, and of another for the resources that the first one lacks. */
export function completedSource(first: PriceSource, other: PriceSource): PriceSource {
  return {
    name: first.name,
    read: async (signal) => completedBy(await first.read(signal), await other.read(signal)),
  }
}

const charged = (price: MarketPrice, surcharge: number): MarketPrice =>
  price.resource === 'energy' ? { ...price, microEuro: price.microEuro + surcharge } : price

function pricesIn(name: string, text: string, { clock, parseXml }: SourceOptions): readonly MarketPrice[] {
  const start = text.trimStart()[0]
  if (start === '{' || start === '[') return readJson(name, text)
  if (start !== '<') {
    const read = readCsv(name, text)
    return isDay(read) ? pricesOfDay(read, Math.floor(clock.nowMs() / 1000)) : read
  }
  if (parseXml === undefined) throw unreadable(name, 'is XML, which this gateway does not read')
  return entsoePrices(name, parsedXml(name, text, parseXml))
}

const isDay = (read: readonly MarketPrice[] | DayPrices): read is DayPrices => 'hours' in read

function parsedXml(name: string, text: string, parseXml: (text: string) => unknown): unknown {
  try {
    return parseXml(text)
  } catch (thrown) {
    throw unreadable(name, `is no XML (${messageOf(thrown).slice(0, 120)})`)
  }
}

async function contentOf(name: string, path: string): Promise<string> {
  try {
    const { size } = await stat(path)
    if (size <= SOURCE_MAX_BYTES) return await readFile(path, 'utf8')
  } catch (thrown) {
    throw away(name, messageOf(thrown).slice(0, 120))
  }
  throw unreadable(name, `is larger than ${SOURCE_MAX_BYTES} bytes`)
}

const DAY_MS = 86_400_000

/** The address with its days filled in. */
function addressAt(at: string, nowMs: number): string {
  const day = new Date(nowMs).toISOString().slice(0, 10)
  const next = new Date(nowMs + 2 * DAY_MS).toISOString().slice(0, 10)
  return at
    .replaceAll('{day}', day)
    .replaceAll('{next}', next)
    .replaceAll('{day-compact}', day.replaceAll('-', ''))
    .replaceAll('{next-compact}', next.replaceAll('-', ''))
}

async function fetched(name: string, options: SourceOptions, signal: AbortSignal): Promise<string> {
  const { at, headers = {}, clock } = options
  let response: Response
  try {
    response = await fetch(addressAt(at, clock.nowMs()), { headers, signal, redirect: 'follow' })
  } catch (thrown) {
    throw away(name, causeOf(thrown))
  }
  const body = await bodyOf(name, response)
  // ENTSO-E answers a question without data, or a wrong one, with 4xx and an acknowledgement that says why.
  if (response.ok || body.includes('<Acknowledgement_MarketDocument')) return body
  throw statusFault(name, response.status)
}

function statusFault(name: string, status: number): Fault {
  const refused = status === 401 || status === 403
  if (!refused) return away(name, `HTTP ${status}`)
  return unreadable(name, `refuses us (HTTP ${status}); check the key in the address or the header`)
}

async function bodyOf(name: string, response: Response): Promise<string> {
  const stream: ReadableStream<Uint8Array> | null = response.body
  const reader = stream?.getReader()
  const parts: Uint8Array[] = []
  for (let size = 0; ;) {
    const part = await reader?.read().catch((thrown: unknown) => {
      throw away(name, causeOf(thrown))
    })
    if (part?.value === undefined) return Buffer.concat(parts).toString('utf8')
    parts.push(part.value)
    size += part.value.length
    if (size <= SOURCE_MAX_BYTES) continue
    await reader?.cancel()
    throw unreadable(name, `answers more than ${SOURCE_MAX_BYTES} bytes`)
  }
}

function causeOf(thrown: unknown): string {
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown
  return messageOf(cause).slice(0, 120)
}
