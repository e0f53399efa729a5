import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { pricesOfDay, readCsv } from '../../actors/community-gateway/price-feed/sources/csv.ts'
import { entsoePrices } from '../../actors/community-gateway/price-feed/sources/entsoe.ts'
import { readJson } from '../../actors/community-gateway/price-feed/sources/json.ts'
import {
  completedSource,
  openPriceSource,
  type SourceOptions,
} from '../../actors/community-gateway/price-feed/sources/open-source.ts'
import { codeOf } from '../../protocols/rules/fault.ts'
import { type MarketPrice, priceInForce } from '../../protocols/rules/market-price.ts'

const vector = (name: string) => readFile(join(import.meta.dirname, '../vectors/prices', name), 'utf8')
const atS = (moment: string): number => Date.parse(moment) / 1000
const NOW = Date.parse('2026-05-01T10:30:00Z')
const clock = { nowMs: () => NOW }

/** A price as a spec writes it: from, minutes, micro-euro. */
const shown = (prices: readonly MarketPrice[]) =>
  prices.map(({ microEuro, validFromS, validUntilS }) => [
    new Date(validFromS * 1000).toISOString().slice(0, 16),
    (validUntilS - validFromS) / 60,
    microEuro,
  ])

async function faultOf(work: () => unknown): Promise<{ code: string; message: string }> {
  try {
    await work()
    return { code: 'none', message: '' }
  } catch (thrown) {
    return { code: codeOf(thrown), message: thrown instanceof Error ? thrown.message : '' }
  }
}

describe('a CSV file of prices', () => {
  const HEAD = 'resource,valid_from,valid_until,micro_euro\n'

  it('is read with its source, its resources and its intervals', () => {
    const text = [
      "# source: the supplier's tariff of 2026",
      HEAD + 'energy,2026-05-01T10:00Z,2026-05-01T11:00Z,150000',
      'water,2026-01-01T00:00+01:00,2027-01-01T00:00+01:00,1950000',
    ].join('\n')
    expect(readCsv('tariff.csv', text)).toEqual([
      {
        resource: 'energy',
        microEuro: 150_000,
        validFromS: atS('2026-05-01T10:00Z'),
        validUntilS: atS('2026-05-01T11:00Z'),
        source: "the supplier's tariff of 2026",
      },
      {
        resource: 'water',
        microEuro: 1_950_000,
        validFromS: atS('2025-12-31T23:00Z'),
        validUntilS: atS('2026-12-31T23:00Z'),
        source: "the supplier's tariff of 2026",
      },
    ])
  })

  it.each([
    ['gas,2026-05-01T10:00Z,2026-05-01T11:00Z,1', 'line 2: resource'],
    ['energy,2026-05-01 10:00,2026-05-01T11:00Z,1', 'line 2: valid_from'],
    ['energy,2026-05-01T10:00Z,2026-05-01T10:00Z,1', 'line 2: valid_until is not after'],
    ['energy,2026-05-01T10:00Z,2026-05-01T11:00Z,0.15', 'line 2: micro_euro'],
    ['energy,2026-05-01T10:00Z,2026-05-01T11:00Z', 'line 2'],
    ['energy,2026-13-01T10:00Z,2026-05-01T11:00Z,1', 'line 2: valid_from'],
  ])('is refused, naming line and field: %s', async (line, place) => {
    const { code, message } = await faultOf(() => readCsv('p.csv', HEAD + line))
    expect(code).toBe('source-unreadable')
    expect(message).toContain('p.csv')
    expect(message).toContain(place)
  })

  it('is refused when it is empty', async () => {
    expect((await faultOf(() => readCsv('p.csv', HEAD))).code).toBe('source-empty')
  })

  it('may give a day that repeats, and covers today and tomorrow with it', () => {
    const rows = Array.from({ length: 24 }, (_, hour) => `energy,${hour},${1000 + hour}`)
    const day = readCsv('day.csv', `resource,hour,micro_euro\n${rows.join('\n')}`)
    if (!('hours' in day)) throw new Error('no day')
    const prices = pricesOfDay(day, NOW / 1000)
    expect(prices).toHaveLength(48)
    expect(priceInForce(prices, 'energy', NOW / 1000)).toMatchObject({
      microEuro: 1010,
      validFromS: atS('2026-05-01T10:00Z'),
      validUntilS: atS('2026-05-01T11:00Z'),
    })
    expect(priceInForce(prices, 'energy', NOW / 1000 + 86_400)?.microEuro).toBe(1010)
    expect(priceInForce(prices, 'water', NOW / 1000)).toBeNull()
  })

  it('is refused when an hour of its day is missing or given twice', async () => {
    const rows = Array.from({ length: 23 }, (_, hour) => `energy,${hour},1`)
    const missing = await faultOf(() => readCsv('d.csv', `resource,hour,micro_euro\n${rows.join('\n')}`))
    expect(missing.message).toContain('hour 23 is missing')
    const twice = await faultOf(() => readCsv('d.csv', 'resource,hour,micro_euro\nenergy,3,1\nenergy,3,1'))
    expect(twice.message).toContain('line 3: hour 3 twice')
  })
})

describe('a JSON document of prices', () => {
  const one = { resource: 'power', microEuro: 3500, validFrom: '2026-05-01T10:00Z' }
  const document = (prices: unknown[]) => JSON.stringify({ source: 'the supplier', prices })

  it('is read in the form of its own', () => {
    const text = document([{ ...one, validUntil: '2026-05-01T12:00:00Z' }])
    expect(shown(readJson('p.json', text))).toEqual([['2026-05-01T10:00', 120, 3500]])
    expect(readJson('p.json', text)[0]).toMatchObject({ resource: 'power', source: 'the supplier' })
  })

  it.each([
    ['{', 'no JSON'],
    ['{"prices": []}', 'source'],
    [document([{ ...one, microEuro: 0.5, validUntil: '2026-05-01T12:00Z' }]), 'prices.0.microEuro'],
    [document([{ ...one, validUntil: '2026-05-01T10:00Z' }]), 'prices.0: ends before'],
    [document([one]), 'prices.0.validUntil'],
  ])('is refused, naming the field: %s', async (text, place) => {
    const { code, message } = await faultOf(() => readJson('p.json', text))
    expect(code).toBe('source-unreadable')
    expect(message).toContain(place)
  })

  it('is read in the form of an ESIOS indicator: €/MWh, one zone, below zero too', async () => {
    const prices = readJson('esios', await vector('esios-1001.json'))
    expect(shown(prices)).toEqual([
      ['2026-04-30T22:00', 60, 120_500],
      ['2026-04-30T23:00', 60, -3_200],
      ['2026-05-01T00:00', 60, 98_765],
    ])
    expect(prices[0]?.source).toContain('ESIOS 1001')
  })

  it('is read in the form of the ESIOS archive, also on the day of 25 hours', async () => {
    const prices = readJson('esios', await vector('esios-archive-70.json'))
    expect(prices).toHaveLength(25)
    expect(shown(prices)[0]).toEqual(['2025-10-25T22:00', 60, 100_250])
    expect(shown(prices).at(-1)).toEqual(['2025-10-26T22:00', 60, 124_250])
  })
})

describe('a document of ENTSO-E, as an XML parser gives it', () => {
  const series = (change: object) => ({
    'currency_Unit.name': 'EUR',
    'price_Measure_Unit.name': 'MWH',
    'in_Domain.mRID': '10YES-REE------0',
    curveType: 'A03',
    Period: {
      timeInterval: { start: '2026-04-30T22:00Z', end: '2026-05-01T01:00Z' },
      resolution: 'PT60M',
      Point: [
        { position: '1', 'price.amount': '50.5' },
        { position: '3', 'price.amount': '-1.25' },
      ],
      ...change,
    },
  })
  const published = (...all: object[]) => ({
    Publication_MarketDocument: { type: 'A44', TimeSeries: all.length === 1 ? all[0] : all },
  })

  it('repeats the price before where a position is left out (A03)', () => {
    expect(shown(entsoePrices('entsoe', published(series({}))))).toEqual([
      ['2026-04-30T22:00', 60, 50_500],
      ['2026-04-30T23:00', 60, 50_500],
      ['2026-05-01T00:00', 60, -1_250],
    ])
  })

  it('leaves a position out that a plain curve does not give (A01)', () => {
    const plain = { ...series({}), curveType: 'A01' }
    expect(shown(entsoePrices('entsoe', published(plain))).map(([from]) => from)).toEqual([
      '2026-04-30T22:00',
      '2026-05-01T00:00',
    ])
  })

  it('joins several series and one point', () => {
    const timeInterval = { start: '2026-05-01T01:00Z', end: '2026-05-01T01:30Z' }
    const Point = { position: 1, 'price.amount': 7 }
    const next = series({ timeInterval, resolution: 'PT15M', Point })
    expect(shown(entsoePrices('entsoe', published(series({}), next))).slice(3)).toEqual([
      ['2026-05-01T01:00', 15, 7_000],
      ['2026-05-01T01:15', 15, 7_000],
    ])
  })

  it.each([
    [{ ...series({}), 'currency_Unit.name': 'GBP' }, 'expected EUR'],
    [{ ...series({}), 'price_Measure_Unit.name': 'KWH' }, 'expected MWH'],
    [series({ resolution: 'PT7M' }), 'resolution'],
    [series({ timeInterval: { start: '2026-04-30T22:00Z', end: '2026-06-30T22:00Z' } }), 'timeInterval'],
    [series({ Point: [{ position: 0, 'price.amount': 1 }] }), 'position'],
  ])('is refused where it is not what it says: %#', async (wrong, place) => {
    const { code, message } = await faultOf(() => entsoePrices('entsoe', published(wrong)))
    expect(code).toBe('source-unreadable')
    expect(message).toContain(place)
  })

  it('says in the words of the platform why there is nothing', async () => {
    const Reason = { code: 999, text: 'No matching data found' }
    const { code, message } = await faultOf(() =>
      entsoePrices('entsoe', { Acknowledgement_MarketDocument: { Reason } }),
    )
    expect(code).toBe('source-empty')
    expect(message).toContain('No matching data found')
  })
})

describe('a source that is opened', () => {
  let folder: string
  let answer: (request: IncomingMessage, response: ServerResponse) => void
  let address: string
  let close: () => Promise<void>

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'meterhood-prices-'))
    const server = createServer((request, response) => answer(request, response))
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    const bound = server.address()
    if (bound === null || typeof bound === 'string') throw new Error('no port')
    address = `http://127.0.0.1:${bound.port}`
    close = () =>
      new Promise((closed) => {
        server.closeAllConnections()
        server.close(() => closed())
      })
  })
  afterEach(async () => {
    await close()
    await rm(folder, { recursive: true })
  })

  const open = (at: string, more: Partial<SourceOptions> = {}) => openPriceSource({ at, clock, ...more })
  const signal = AbortSignal.timeout(60_000)
  const esios = async () => {
    const body = await vector('esios-1001.json')
    answer = (_, response) => response.end(body)
  }

  it('is a file of any of the forms', async () => {
    const file = join(folder, 'prices')
    await writeFile(file, await vector('esios-1001.json'))
    expect(await open(file).read(signal)).toHaveLength(3)
    await writeFile(
      file,
      'resource,valid_from,valid_until,micro_euro\nwater,2026-05-01T10:00Z,2026-05-01T11:00Z,5\n',
    )
    expect(await open(file).read(signal)).toMatchObject([{ resource: 'water', microEuro: 5 }])
  })

  it('is an address, asked with the days filled in and with its key', async () => {
    const asked: string[] = []
    const body = await vector('esios-1001.json')
    answer = (request, response) => {
      asked.push(request.url ?? '', String(request.headers['x-api-key']))
      response.end(body)
    }
    const at = `${address}/x?from={day}T00:00Z&until={next}T00:00Z&a={day-compact}0000&b={next-compact}0000`
    expect(await open(at, { headers: { 'x-api-key': 'k' } }).read(signal)).toHaveLength(3)
    expect(asked).toEqual([
      '/x?from=2026-05-01T00:00Z&until=2026-05-03T00:00Z&a=202605010000&b=202605030000',
      'k',
    ])
  })

  it('is away, and may be asked again, when it does not answer', async () => {
    answer = (_, response) => {
      response.statusCode = 503
      response.end('<html>later</html>')
    }
    expect((await faultOf(() => open(address).read(signal))).code).toBe('source-away')
    answer = (request) => request.socket.destroy()
    expect((await faultOf(() => open(address).read(signal))).code).toBe('source-away')
    expect((await faultOf(() => open(join(folder, 'none.csv')).read(signal))).code).toBe('source-away')
    answer = () => undefined
    const soon = AbortSignal.timeout(100)
    expect((await faultOf(() => open(address).read(soon))).code).toBe('source-away')
  })

  it('asks for somebody when it refuses the key, and never tells the address', async () => {
    answer = (_, response) => {
      response.statusCode = 401
      response.end()
    }
    const { code, message } = await faultOf(() => open(`${address}/?securityToken=secret`).read(signal))
    expect(code).toBe('source-unreadable')
    expect(message).toContain('check the key')
    expect(message).not.toContain('secret')
  })

  it('stops reading an answer that does not end', async () => {
    let sent = 0
    answer = (_, response) => {
      const more = (): void => {
        sent += 1
        if (!response.destroyed) response.write('x'.repeat(100_000), more)
      }
      more()
    }
    const { code, message } = await faultOf(() => open(address).read(signal))
    expect(code).toBe('source-unreadable')
    expect(message).toContain('more than 1000000 bytes')
    expect(sent).toBeLessThan(200)
  })

  it('adds what a wholesale price lacks to energy alone', async () => {
    await esios()
    const [first] = await open(address, { surchargeMicroEuro: 60_000 }).read(signal)
    expect(first?.microEuro).toBe(180_500)
  })

  it('refuses XML where nobody reads it, and reads it where somebody does', async () => {
    const body = await vector('entsoe-a44.xml')
    answer = (_, response) => response.end(body)
    expect((await faultOf(() => open(address).read(signal))).message).toContain('is XML')
    const parseXml = (text: string): unknown => {
      throw new Error(`${text.length} characters`)
    }
    expect((await faultOf(() => open(address, { parseXml }).read(signal))).message).toContain('is no XML')
  })

  it('is completed by another one for what it lacks', async () => {
    await esios()
    const day = join(import.meta.dirname, '../../actors/community-gateway/price-feed/day-prices.csv')
    const prices = await completedSource(open(address), open(day)).read(signal)
    const count = (resource: string) => prices.filter((price) => price.resource === resource).length
    expect([count('energy'), count('power'), count('water')]).toEqual([3, 48, 48])
    expect(prices.find(({ resource }) => resource === 'water')?.source).toMatch(/^synthetic day/)
  })
})
