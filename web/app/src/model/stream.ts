import type { AlarmEvent, ReadingEvent } from '../../../messages.ts'
import type { HomeView, View } from '../../../read-model.ts'
import { isAlarm, isReading, isTime, isView, parsed } from './door.ts'
import { announcement, beats, link, nowMs, setClock, tick, view } from './live.ts'
import { askedOf, unseenOf } from './delegation.ts'
import { newsOf } from './news.ts'
import { withAlarm, withReading } from './merge.ts'

/**
 * The gateway says the time every 15 s; silence for longer than two such words means that the line is
 * dead.
 */
const SILENCE_MS = 40_000
/** Waits between attempts to reach a gateway that is away, ms; the last one repeats. */
const WAITS_MS = [500, 1000, 2000, 4000, 8000, 15_000] as const
/** A page that nobody looks at lets go of its line after this long: browsers allow six to a gateway. */
const HIDDEN_MS = 60_000

let source: EventSource | null = null
let lastEventId = ''
let heardAt = 0
let attempts = 0
let retry: ReturnType<typeof setTimeout> | undefined
let hiding: ReturnType<typeof setTimeout> | undefined

/** Follows the gateway for as long as the page is open. */
export function follow(): void {
  connect()
  setInterval(() => {
    tick()
    if (source !== null && performance.now() - heardAt > SILENCE_MS) void lost()
  }, 1000)
  addEventListener('online', tryNow)
  document.addEventListener('visibilitychange', visibilityChanged)
}

/** Tries at once instead of waiting for the next attempt. */
export function tryNow(): void {
  attempts = 0
  if (link.value !== 'live') connect()
}

function connect(): void {
  disconnect()
  const opened = new EventSource(`/api/events?after=${encodeURIComponent(lastEventId)}`)
  source = opened
  heardAt = performance.now()
  opened.addEventListener('view', (event) => heard(event, isView, showView))
  opened.addEventListener('reading', (event) => heard(event, isReading, showReading))
  opened.addEventListener('alarm', (event) => heard(event, isAlarm, showAlarm))
  opened.addEventListener('time', (event) => heard(event, isTime, setClock))
  opened.addEventListener('error', () => void lost())
}

function disconnect(): void {
  clearTimeout(retry)
  source?.close()
  source = null
}

interface Heard {
  readonly data: unknown
  readonly lastEventId: string
}

function heard<T>(event: Heard, isKind: (told: unknown) => told is T, show: (told: T) => void): void {
  heardAt = performance.now()
  attempts = 0
  link.value = 'live'
  if (event.lastEventId !== '') lastEventId = event.lastEventId
  const told = parsed(event.data)
  if (isKind(told)) show(told)
}

function showView(told: View): void {
  const news = newsOf(view.value, told)
  if (news !== '') announcement.value = news
  view.value = told
  if (nowMs.value < told.updatedAtMs) setClock(told.updatedAtMs)
  document.title = titleOf(told)
}

function showReading(reading: ReadingEvent): void {
  beats.value += 1
  if (view.value !== null) view.value = withReading(view.value, reading)
}

function showAlarm(alarm: AlarmEvent): void {
  if (view.value === null) return
  view.value = withAlarm(view.value, alarm)
  document.title = titleOf(view.value)
  if ('text' in alarm) announcement.value = `New alarm: ${alarm.text}`
}

function titleOf(told: View): string {
  const fresh = told.role === 'home' ? waitingIn(told) : 0
  return fresh === 0 ? `${told.name} · Meterhood` : `(${fresh}) ${told.name} · Meterhood`
}

/** What waits for the people of the home: alarms that nobody has seen, and what nobody answered. */
function waitingIn({ alarms, market, delegations }: HomeView): number {
  const neighbours = delegations === null ? 0 : askedOf(delegations).length + unseenOf(delegations)
  const requests = market?.requests.filter(({ state }) => state === 'open').length ?? 0
  return alarms.filter(({ state }) => state === 'new').length + requests + neighbours
}

/** Asks why the line broke: signed out, or the gateway is away; then waits and tries again. */
async function lost(): Promise<void> {
  disconnect()
  const status = await statusNow()
  if (status === 401) {
    link.value = 'signed-out'
    return
  }
  if (link.value !== 'offline' && (status !== 200 || attempts > 0)) link.value = 'offline'
  const wait = WAITS_MS[Math.min(attempts, WAITS_MS.length - 1)] ?? WAITS_MS[0]
  attempts += 1
  clearTimeout(retry)
  retry = setTimeout(connect, wait)
}

async function statusNow(): Promise<number> {
  try {
    return (await fetch('/api/view', { cache: 'no-store' })).status
  } catch {
    return 0
  }
}

function visibilityChanged(): void {
  clearTimeout(hiding)
  if (document.visibilityState === 'hidden') {
    hiding = setTimeout(disconnect, HIDDEN_MS)
  } else if (source === null && link.value !== 'signed-out') {
    attempts = 0
    connect()
  }
}
