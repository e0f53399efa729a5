import { createServer, type Server } from 'node:http'
import { connect, type Socket } from 'node:net'
import { EventSource } from 'eventsource'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { AlarmView } from '../../web/read-model.ts'
import type { ReadingEvent } from '../../web/messages.ts'
import { EventStream, KEPT_EVENTS, MAX_PAGES } from '../../web/server/event-stream.ts'
import { exampleHome, HOME_ACCOUNT, NOON_MS } from './example-views.ts'
import { startScripted, type Script, type ScriptedGateway } from './scripted-gateway.ts'

const endings: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

const start = async (script: Partial<Script> = {}): Promise<ScriptedGateway> => {
  const gateway = await startScripted({ view: exampleHome(), ...script })
  endings.push(() => gateway.pages.close())
  return gateway
}

interface Heard {
  readonly kind: string
  readonly data: string
  readonly id: string
}

/** A page that keeps everything it hears. */
function listen(url: string): { readonly heard: Heard[]; readonly source: EventSource } {
  const source = new EventSource(url)
  endings.push(() => source.close())
  const heard: Heard[] = []
  for (const kind of ['view', 'reading', 'alarm', 'time']) {
    source.addEventListener(kind, (event: { data: unknown; lastEventId: string }) => {
      heard.push({ kind, data: String(event.data), id: event.lastEventId })
    })
  }
  return { heard, source }
}

const kinds = (heard: readonly Heard[], kind: string): readonly Heard[] =>
  heard.filter((event) => event.kind === kind)

const reading = (slot: number): ReadingEvent => ({
  home: HOME_ACCOUNT,
  slot,
  atMs: NOON_MS + slot,
  meanPowerW: 300,
  peakPowerW: 400,
  importWh: 1,
  exportWh: 0,
  waterMl: 2,
})

const alarm: AlarmView = {
  id: '42',
  number: 42,
  code: 'energy-quota-90',
  severity: 'critical',
  text: 'Energy: 90 % of the quota is used.',
  resource: 'energy',
  atMs: NOON_MS,
  block: null,
  state: 'new',
}

describe('A page’s event stream', () => {
  it('begins with the gateway’s time and its view', async () => {
    const { pages } = await start({ clock: { nowMs: () => NOON_MS } })
    const { heard } = listen(`${pages.url}api/events`)
    await vi.waitFor(() => expect(kinds(heard, 'view')).toHaveLength(1))
    expect(kinds(heard, 'time')[0]?.data).toBe(String(NOON_MS))
    expect(JSON.parse(kinds(heard, 'view')[0]?.data ?? '')).toEqual(exampleHome())
  })

  it('carries nothing that the read model does not declare', async () => {
    const careless = { ...exampleHome(), walletKey: 'private' }
    const { pages } = await start({ view: careless })
    const { heard } = listen(`${pages.url}api/events`)
    await vi.waitFor(() => expect(kinds(heard, 'view')).toHaveLength(1))
    expect(kinds(heard, 'view')[0]?.data).not.toContain('private')
  })

  it('tells a reading and an alarm at once, whatever the views do', async () => {
    const { pages } = await start()
    const { heard } = listen(`${pages.url}api/events`)
    await vi.waitFor(() => expect(kinds(heard, 'view')).toHaveLength(1))
    pages.notifyReading(reading(7))
    pages.notifyAlarm(alarm)
    await vi.waitFor(() => expect(kinds(heard, 'alarm')).toHaveLength(1))
    expect(JSON.parse(kinds(heard, 'reading')[0]?.data ?? '')).toEqual(reading(7))
    expect(JSON.parse(kinds(heard, 'alarm')[0]?.data ?? '')).toEqual(alarm)
  })

  it('joins a burst of changes into the first view and the last', async () => {
    const gateway = await start()
    const { heard } = listen(`${gateway.pages.url}api/events`)
    await vi.waitFor(() => expect(kinds(heard, 'view')).toHaveLength(1))
    for (let n = 1; n <= 50; n++) gateway.show({ ...exampleHome(), slot: n })
    await vi.waitFor(() => expect(kinds(heard, 'view')).toHaveLength(3))
    const slots = kinds(heard, 'view').map(({ data }) => (JSON.parse(data) as { slot: number }).slot)
    expect(slots.slice(1)).toEqual([1, 50])
  })

  it('beats with a comment, so that no proxy closes a quiet line', async () => {
    const { pages } = await start({ heartbeatMs: 30 })
    const response = await fetch(`${pages.url}api/events`)
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'")
    const reader = response.body?.getReader()
    let text = ''
    while (!text.includes(': still here')) {
      const chunk: unknown = (await reader?.read())?.value
      text += chunk instanceof Uint8Array ? new TextDecoder().decode(chunk) : ''
    }
    await reader?.cancel()
    expect(text).toContain('retry: 1000')
  })

  it('says nothing that does not match its schema, and tells the log', async () => {
    const { pages, log } = await start()
    const { heard } = listen(`${pages.url}api/events`)
    await vi.waitFor(() => expect(kinds(heard, 'view')).toHaveLength(1))
    pages.notifyReading({ ...reading(1), importWh: -1 })
    pages.notifyAlarm({ ...alarm, severity: 'notice', code: 'Not A Code' })
    pages.notifyReading(reading(2))
    await vi.waitFor(() => expect(kinds(heard, 'reading')).toHaveLength(1))
    expect(kinds(heard, 'alarm')).toHaveLength(0)
    expect(log).toHaveLength(2)
  })
})

describe('A page that comes back', () => {
  it.each(['header', 'address'])('is told what it missed, by Last-Event-ID in the %s', async (way) => {
    const { pages } = await start()
    const first = listen(`${pages.url}api/events`)
    await vi.waitFor(() => expect(kinds(first.heard, 'view')).toHaveLength(1))
    pages.notifyReading(reading(1))
    await vi.waitFor(() => expect(kinds(first.heard, 'reading')).toHaveLength(1))
    first.source.close()
    pages.notifyReading(reading(2))
    pages.notifyAlarm(alarm)
    const id = kinds(first.heard, 'reading')[0]?.id ?? ''
    const url = `${pages.url}api/events${way === 'address' ? `?after=${id}` : ''}`
    const headers = way === 'header' ? { 'last-event-id': id } : undefined
    const source = new EventSource(url, {
      fetch: (input, init) => fetch(input, { ...init, headers: { ...init.headers, ...headers } }),
    })
    endings.push(() => source.close())
    const again: string[] = []
    for (const kind of ['reading', 'alarm', 'view']) source.addEventListener(kind, () => again.push(kind))
    await vi.waitFor(() => expect(again).toContain('view'))
    expect(again).toEqual(['reading', 'alarm', 'view'])
  })

  it('is told only the view when the gateway was started anew, or the id is nonsense', async () => {
    const { pages } = await start()
    pages.notifyReading(reading(1))
    for (const id of ['abcdef.0', 'nonsense', '0.1', 'a.b.c', '']) {
      const { heard } = listen(`${pages.url}api/events?after=${id}`)
      await vi.waitFor(() => expect(kinds(heard, 'view')).toHaveLength(1))
      expect(kinds(heard, 'reading')).toHaveLength(0)
    }
  })
})

describe('The stream’s limits', () => {
  const serve = async (stream: EventStream): Promise<number> => {
    const server: Server = createServer((_request, response) => stream.attach(response, {}, undefined))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    endings.push(() => {
      stream.close()
      server.closeAllConnections()
      server.close()
    })
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }
  const quiet = { run: 'spec', snapshot: () => '{}', nowMs: () => 0 }

  it(`lets ${MAX_PAGES} pages in and answers the next one`, async () => {
    const { pages } = await start()
    for (let n = 0; n < MAX_PAGES; n++) {
      const { heard } = listen(`${pages.url}api/events`)
      await vi.waitFor(() => expect(heard.length).toBeGreaterThan(0))
    }
    const response = await fetch(`${pages.url}api/events`)
    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({ code: 'too-many-pages' })
  })

  it('cuts off a page that takes nothing, and keeps serving the others', async () => {
    const stream = new EventStream(quiet)
    const port = await serve(stream)
    const stuck: Socket = connect(port, '127.0.0.1')
    endings.push(() => void stuck.destroy())
    stuck.pause()
    stuck.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')
    const { heard } = listen(`http://127.0.0.1:${port}/`)
    await vi.waitFor(() => expect(stream.pages).toBe(2))
    const load = JSON.stringify('x'.repeat(64 * 1024))
    for (let n = 0; n < 1000 && stream.pages === 2; n++) {
      stream.send('reading', load)
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(stream.pages).toBe(1)
    stuck.resume()
    await vi.waitFor(() => expect(stuck.closed).toBe(true))
    stream.send('alarm', '"still served"')
    await vi.waitFor(() => expect(kinds(heard, 'alarm')).toHaveLength(1))
  })

  it(`keeps the last ${KEPT_EVENTS} events for pages that come back`, async () => {
    const stream = new EventStream(quiet)
    const port = await serve(stream)
    for (let n = 0; n < KEPT_EVENTS + 10; n++) stream.send('reading', String(n))
    const server = createServer((_request, response) => stream.attach(response, {}, 'spec.0'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    endings.push(() => {
      server.closeAllConnections()
      server.close()
    })
    expect(port).toBeGreaterThan(0)
    const address = server.address()
    const other = typeof address === 'object' && address !== null ? address.port : 0
    const { heard } = listen(`http://127.0.0.1:${other}/`)
    await vi.waitFor(() => expect(kinds(heard, 'view')).toHaveLength(1))
    const told = kinds(heard, 'reading').map(({ data }) => Number(data))
    expect(told).toHaveLength(KEPT_EVENTS)
    expect(told[0]).toBe(10)
  })
})
