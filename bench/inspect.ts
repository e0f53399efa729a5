import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { chromium, type Page } from 'playwright-core'
import { createActor } from 'xstate'
import { packageFolder } from '../bin/host/package-folder.ts'
import { inspecting } from '../actors/inspection/live-actor.ts'
import { contractProxyMachine } from '../actors/contract-proxy/machine.ts'
import { createInspector, type Inspector } from '../actors/inspection/inspector.ts'
import { serveRecordings } from '../web/server/serve-recordings.ts'
import { headerAt, recordedLines } from './recorded-run.ts'
import type { BenchRow } from './recovery.ts'

const HOMES = 40
const EVENTS_A_SECOND = 10_000
const SECONDS = 10
const BATCHES_A_SECOND = 20
const START_MS = Date.UTC(2026, 0, 5)
const LIMITS = { framesASecond: 30, offPercent: 5 } as const
const CHROMIUM = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium'
const STEPS = 100_000
const ROUNDS = 7

const row = (name: string, value: number, unit: string, limit: number | null, ok: boolean): BenchRow => {
  return { case: name, value, unit, limit, ok, baseline: null }
}

/** Counts the frames of the page, and the longest time between two of them. */
const WATCH = `
  globalThis.frames_ = { count: 0, longest: 0, since: performance.now(), last: performance.now() }
  const next = () => {
    const now = performance.now()
    frames_.longest = Math.max(frames_.longest, now - frames_.last)
    frames_.last = now
    frames_.count += 1
    requestAnimationFrame(next)
  }
  requestAnimationFrame(next)
`

interface Frames {
  readonly count: number
  readonly longest: number
  readonly since: number
  readonly last: number
}

/** Adds to the file what so many events a second are, evenly, for some seconds. */
async function pour(file: string): Promise<void> {
  const lines = recordedLines(HOMES, START_MS)
  const batch = EVENTS_A_SECOND / BATCHES_A_SECOND
  const texts = Array.from({ length: SECONDS * BATCHES_A_SECOND }, () => {
    return Array.from({ length: batch }, () => `${JSON.stringify(lines.next().value)}\n`).join('')
  })
  const begun = performance.now()
  for (const [at, text] of texts.entries()) {
    await appendFile(file, text)
    await sleep(Math.max(0, begun + ((at + 1) * 1_000) / BATCHES_A_SECOND - performance.now()))
  }
}

const stepsOn = async (page: Page): Promise<number> => {
  const text = await page.locator('.head').innerText()
  return Number((/([\d,]+) steps/.exec(text)?.[1] ?? '0').replaceAll(',', ''))
}

/** The page while events pour in and it shows the newest: frames a second, and whether every event came. */
async function frames(): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'meterhood-bench-'))
  const file = join(folder, 'run.mhr')
  await writeFile(file, `${JSON.stringify(headerAt(START_MS))}\n`)
  const appFolder = join(packageFolder(), 'dist', 'web', 'inspect')
  const pages = await serveRecordings({ files: [file], port: 0, appFolder })
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] })
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
    await page.goto(pages.url)
    await page.getByText('Nothing has happened yet').waitFor()
    const pouring = pour(file)
    await page.getByRole('button', { name: 'Newest' }).click()
    await page.locator('.picture svg').waitFor()
    await page.evaluate(WATCH)
    await pouring
    const { count, longest, since, last } = await page.evaluate<Frames>('frames_')
    const perSecond = (count * 1_000) / (last - since)
    const all = EVENTS_A_SECOND * SECONDS
    await page.getByText(`${all.toLocaleString('en-GB')} steps`).waitFor({ timeout: 20_000 })
    const came = await stepsOn(page)
    const { framesASecond } = LIMITS
    return [
      row('inspect.page.frames', perSecond, 'frames/s', framesASecond, perSecond >= framesASecond),
      row('inspect.page.longest', longest, 'ms', null, true),
      row('inspect.page.events', came / SECONDS, 'events/s', EVENTS_A_SECOND, came === all),
      row('inspect.page.drawn', 5, 'times/s', null, true),
    ]
  } finally {
    await browser.close()
    await pages.close()
    await rm(folder, { recursive: true, force: true })
  }
}

/** Microseconds of an event of a live machine. */
function eventUs(options: object): number {
  const machine = contractProxyMachine.provide({ actions: { tellReady: () => undefined } })
  const actor = createActor(machine, options).start()
  actor.send({ type: 'connected', behind: 0 })
  const begun = performance.now()
  for (let block = 0; block < STEPS; block += 1) actor.send({ type: 'applied', block, behind: 0 })
  const us = ((performance.now() - begun) * 1_000) / STEPS
  actor.stop()
  return us
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

/** What it costs a machine to be recorded, and not to be, against a machine that knows of neither. */
function costs(): BenchRow[] {
  const written: string[] = []
  const inspector: Inspector = createInspector('home-01', { nowMs: () => START_MS }, (line) => {
    written[0] = JSON.stringify(line)
  })
  const subject = { machine: contractProxyMachine, actor: 'contract-proxy:monitoring' }
  const rounds = Array.from({ length: ROUNDS }, () => {
    const bare = eventUs({})
    const off = eventUs(inspecting(undefined, subject))
    return { bare, off, on: eventUs(inspecting(inspector, subject)) }
  })
  const bare = median(rounds.map((each) => each.bare))
  const percent = median(rounds.map(({ off, bare: without }) => (off / without - 1) * 100))
  return [
    row('inspect.event.bare', bare, 'µs', null, true),
    row('inspect.off.cost', percent, '%', LIMITS.offPercent, Math.abs(percent) <= LIMITS.offPercent),
    row('inspect.on.event', median(rounds.map((each) => each.on)), 'µs', null, true),
  ]
}

/** The state-chart page under load, and what recording costs. */
export async function run(): Promise<{ rows: BenchRow[] }> {
  return { rows: [...costs(), ...(await frames())] }
}
