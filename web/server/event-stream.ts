import type { ServerResponse } from 'node:http'
import { Fault } from '../../protocols/rules/fault.ts'

/** Pages open at once on one gateway: a family's devices many times over. */
export const MAX_PAGES = 32
/** Bytes waiting for a slow page before views are skipped for it: the next view tells everything anyway. */
export const SKIP_VIEW_BYTES = 256 * 1024
/** Bytes waiting for a slow page before it is cut off; it comes back with Last-Event-ID and catches up. */
export const MAX_WAITING_BYTES = 1024 * 1024
/** Readings and alarms kept for pages that come back. */
export const KEPT_EVENTS = 256
/** At most two views a second. */
export const VIEW_INTERVAL_MS = 500
/** A comment and the time this often: a quiet stream is not closed, and a page notices a dead one. */
export const HEARTBEAT_MS = 15_000

interface KeptEvent {
  readonly number: number
  readonly text: string
}

interface Page {
  readonly to: ServerResponse
  behind: boolean
}

export interface EventStreamOptions {
  /** Tells the events of this run of the gateway from those of an earlier run. */
  readonly run: string
  /** The current view as one line of JSON; null when it cannot be told. */
  readonly snapshot: () => string | null
  /** The gateway's time: pages count ages by it, since a device's own clock may be wrong. */
  readonly nowMs: () => number
  readonly heartbeatMs?: number
}

/**
 * Server-Sent Events to the pages of one gateway: `view` at most twice a second, `reading` and `alarm` at
 * once. Only readings and alarms carry an id, so that a page that comes back is told those it missed and
 * then the view.
 */
export class EventStream {
  readonly #options: EventStreamOptions
  readonly #pages = new Set<Page>()
  readonly #kept: KeptEvent[] = []
  readonly #heartbeat: NodeJS.Timeout
  #count = 0
  #cooling: NodeJS.Timeout | null = null
  #changed = false

  constructor(options: EventStreamOptions) {
    this.#options = options
    this.#heartbeat = setInterval(() => this.#beat(), options.heartbeatMs ?? HEARTBEAT_MS)
    this.#heartbeat.unref()
  }

  get pages(): number {
    return this.#pages.size
  }

  /** Attaches a page whose headers were not sent yet. Throws Fault `too-many-pages` at the limit. */
  attach(
    to: ServerResponse,
    headers: Readonly<Record<string, string>>,
    lastEventId: string | undefined,
  ): void {
    if (this.#pages.size >= MAX_PAGES) throw tooManyPages()
    const page: Page = { to, behind: false }
    this.#pages.add(page)
    to.on('close', () => this.#pages.delete(page))
    to.on('error', () => this.#pages.delete(page))
    to.on('drain', () => this.#catchUp(page))
    to.writeHead(200, {
      ...headers,
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    })
    this.#write(page, `retry: 1000\n\n${this.#time()}`)
    for (const missed of this.#since(lastEventId)) this.#write(page, missed.text)
    this.#writeView(page, this.#options.snapshot())
  }

  /** Says that the view may have changed; sent at once after a pause, else when the interval ends. */
  viewChanged(): void {
    this.#changed = true
    if (this.#cooling === null) this.#sendView()
  }

  /** Sends an event at once and keeps it for pages that come back. `data` is one line of JSON. */
  send(name: 'reading' | 'alarm', data: string): void {
    this.#count += 1
    const text = `id: ${this.#options.run}.${this.#count}\nevent: ${name}\ndata: ${data}\n\n`
    this.#kept.push({ number: this.#count, text })
    if (this.#kept.length > KEPT_EVENTS) this.#kept.shift()
    this.#broadcast(text)
  }

  /** Ends every page's stream and all timers. */
  close(): void {
    clearInterval(this.#heartbeat)
    if (this.#cooling !== null) clearTimeout(this.#cooling)
    for (const page of this.#pages) page.to.end()
    this.#pages.clear()
  }

  #sendView(): void {
    this.#changed = false
    this.#cooling = setTimeout(() => {
      this.#cooling = null
      if (this.#changed) this.#sendView()
    }, VIEW_INTERVAL_MS)
    this.#cooling.unref()
    if (this.#pages.size === 0) return
    const snapshot = this.#options.snapshot()
    for (const page of this.#pages) this.#writeView(page, snapshot)
  }

  #writeView(page: Page, snapshot: string | null): void {
    if (snapshot === null) return
    page.behind = page.to.writableLength > SKIP_VIEW_BYTES
    if (!page.behind) this.#write(page, `event: view\ndata: ${snapshot}\n\n`)
  }

  #catchUp(page: Page): void {
    if (page.behind) this.#writeView(page, this.#options.snapshot())
  }

  #beat(): void {
    this.#broadcast(`: still here\n\n${this.#time()}`)
  }

  #time(): string {
    return `event: time\ndata: ${this.#options.nowMs()}\n\n`
  }

  #broadcast(text: string): void {
    for (const page of this.#pages) this.#write(page, text)
  }

  #write(page: Page, text: string): void {
    page.to.write(text)
    if (page.to.writableLength <= MAX_WAITING_BYTES) return
    this.#pages.delete(page)
    page.to.destroy()
  }

  #since(lastEventId: string | undefined): readonly KeptEvent[] {
    const [run, number = ''] = lastEventId?.split('.') ?? []
    if (run !== this.#options.run || !/^\d{1,15}$/.test(number)) return []
    return this.#kept.filter((event) => event.number > Number(number))
  }
}

function tooManyPages(): Fault {
  return new Fault('too-many-pages', `this gateway already serves ${MAX_PAGES} open pages`, {
    field: 'pages',
    expected: `at most ${MAX_PAGES} open pages`,
    fix: 'close the page on a device that does not need it',
  })
}
