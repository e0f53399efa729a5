import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { headerAt, recordedRun } from '../../bench/recorded-run.ts'
import type { Line } from '../../actors/inspection/recording.ts'
import { serveRecordings, type RecordingPages } from '../../web/server/serve-recordings.ts'
import { browserIsHere, buildApp, openBrowser } from './chromium.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const START_MS = Date.UTC(2026, 0, 5, 12)

let folder = ''
let appFolder = ''
let browser: Browser
const served: RecordingPages[] = []
const complaints: string[] = []

const taken = (homes: number, count: number): Line[] => recordedRun(homes, START_MS, count)
const textOf = (lines: readonly object[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join('')

function written(name: string, text: string): string {
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

const recording = (homes: number, count: number): string =>
  written('run.mhr', textOf([headerAt(START_MS), ...taken(homes, count)]))

async function open(file: string, width = 1440): Promise<Page> {
  const pages = await serveRecordings({ files: [file], port: 0, appFolder })
  served.push(pages)
  const page = await browser.newPage({ viewport: { width, height: 900 }, timezoneId: 'UTC' })
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('request', (request) => {
    if (!request.url().startsWith(pages.url)) complaints.push(`request to ${request.url()}`)
  })
  await page.goto(pages.url)
  return page
}

const shown = async (page: Page, id: string): Promise<string> =>
  (await page.getByTestId(id).innerText()).replaceAll(/\s+/g, ' ').trim()
const litStates = (page: Page): Promise<string[]> =>
  page.evaluate<string[]>(
    "[...document.querySelectorAll('.picture .state.active')].map((state) => state.dataset.state)",
  )
const only = async (page: Page, trade: string): Promise<void> => {
  await page.getByTestId('subjects').getByRole('button', { name: trade }).click()
  await page.locator('.picture svg').waitFor()
}

describe.skipIf(!browserIsHere())('The page of the state charts', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'meterhood-recordings-'))
    appFolder = buildApp('web/app/inspect')
    browser = await openBrowser()
  })
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close()
    for (const pages of served.splice(0)) await pages.close()
    expect(complaints.splice(0)).toEqual([])
  })
  afterAll(async () => {
    await browser.close()
    for (const made of [folder, appFolder]) rmSync(made, { recursive: true, force: true })
  })

  it('steps on and back through a trade, lights its states and traces what was taken', async () => {
    const page = await open(recording(3, 400))
    await only(page, 'trade 1 of home-01')
    expect(await shown(page, 'position')).toBe('1 of 11')
    expect(await shown(page, 'what')).toBe('home-01 negotiation: begins')
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowRight')
    await vi.waitFor(async () => expect(await shown(page, 'what')).toBe('home-01 negotiation: BIDS_CLOSED'))
    expect(await litStates(page)).toEqual(['negotiation', 'negotiation.buying', 'negotiation.buying.waiting'])
    expect(await page.locator('.picture .when.taken').textContent()).toBe('BIDS_CLOSED')
    await page.keyboard.press('End')
    await vi.waitFor(async () => expect(await shown(page, 'state')).toBe('awarded'))
    await page.keyboard.press('Home')
    await vi.waitFor(async () => expect(await shown(page, 'state')).toBe('buying › collecting'))
    await page.getByRole('slider', { name: 'Step' }).fill('3')
    await vi.waitFor(async () => expect(await shown(page, 'position')).toBe('4 of 11'))
  })

  it('shows how another machine stood at the same moment', async () => {
    const page = await open(recording(3, 400))
    await only(page, 'trade 1 of home-01')
    await page.getByTestId('gateways').getByRole('button', { name: 'home-02' }).click()
    await page.getByTestId('gateways').getByRole('button', { name: 'smart-gateway' }).click()
    await vi.waitFor(async () => expect(await litStates(page)).toContain('smartGateway.joining'))
    await page.keyboard.press('End')
    await page.getByTestId('gateways').getByRole('button', { name: 'smart-gateway' }).click()
    await vi.waitFor(async () => expect(await litStates(page)).toContain('smartGateway.operating'))
  })

  it('jumps from an alarm to the step that opened it, and plays on by itself', async () => {
    const page = await open(recording(3, 400))
    await page.getByRole('button', { name: 'Alarms' }).click()
    await page.getByTestId('subjects').getByRole('button', { name: 'alarm 101' }).click()
    expect(await shown(page, 'what')).toBe('home-01 smart-gateway: ALARM_OPENED')
    await page.getByRole('button', { name: 'alarm 101 × remove' }).click()
    const before = await shown(page, 'position')
    await page.getByRole('button', { name: 'Play' }).click()
    await vi.waitFor(async () => expect(await shown(page, 'position')).not.toBe(before))
  })

  it('shows what is added while it is open, as the recording shows it afterwards', async () => {
    const lines = taken(2, 200)
    const file = written('live.mhr', textOf([headerAt(START_MS)]))
    const page = await open(file)
    await page.getByText('Nothing has happened yet').waitFor()
    appendFileSync(file, textOf(lines.slice(0, 120)))
    await page.getByText('120 steps, 2 gateways').waitFor()
    await page.getByRole('button', { name: 'Newest' }).click()
    appendFileSync(file, textOf(lines.slice(120)))
    await page.getByText('200 steps, 2 gateways').waitFor()
    const live = await shown(page, 'what')
    const again = await open(file)
    await again.getByRole('button', { name: 'Last step' }).click()
    expect(await shown(again, 'what')).toBe(live)
  })

  it('leaves out a last line that a kill has cut, and says of lines that cannot be read', async () => {
    const lines = taken(2, 50)
    const text = textOf([headerAt(START_MS), ...lines.slice(0, 20)])
    const page = await open(written('cut.mhr', `${text}{"kind":"step","gate`))
    await page.getByText('20 steps, 2 gateways').waitFor()
    expect(await page.getByText('cannot be read').count()).toBe(0)
    const torn = await open(written('torn.mhr', `${text}{"kind":"st\n${textOf(lines.slice(20))}`))
    await torn.getByText('1 lines cannot be read and are left out').waitFor()
    await torn.getByText('50 steps, 2 gateways').waitFor()
  })

  it('says what is wrong with a file that is no recording', async () => {
    for (const [name, text, says] of [
      ['photo.mhr', 'JFIF, and then whatever is in a photo', 'Its first line is not that of a recording.'],
      ['notes.mhr', '# Notes\n\nof something else\n', 'Its first line is not that of a recording.'],
      ['empty.mhr', '', 'It is empty.'],
      ['newer.mhr', '{"kind":"meterhood-recording","version":9}\n', 'It was written as version 9'],
    ] as const) {
      const page = await open(written(name, text))
      await page
        .getByRole('alert')
        .filter({ hasText: `${name} cannot be shown. ${says}` })
        .waitFor()
    }
  })

  it('is readable with forty homes, on a desk and in a hand', async () => {
    const file = recording(40, 4_000)
    const page = await open(file)
    await page.getByText('4,000 steps, 40 gateways').waitFor()
    expect(await page.getByTestId('gateways').locator('.gateway-row').count()).toBe(40)
    const home = page.getByTestId('gateways').locator('.gateway-row').nth(16)
    await home.getByRole('button', { name: 'only' }).click()
    await page.keyboard.press('End')
    await vi.waitFor(async () => expect(await shown(page, 'what')).toMatch(/^home-17 /))
    await page.locator('svg.chart').waitFor()
    expect(await violations(page)).toEqual([])
    const phone = await open(file, 412)
    await phone.getByText('4,000 steps, 40 gateways').waitFor()
    await phone.getByRole('button', { name: 'Messages' }).click()
    await phone.getByText('smart-gateway: COMMUNITY_FOUND').first().waitFor()
    expect(await phone.evaluate<number>('document.documentElement.scrollWidth')).toBe(412)
  })
})

/** What axe finds, by rule. */
async function violations(page: Page): Promise<readonly string[]> {
  await page.evaluate(AXE)
  return page.evaluate<string[]>(
    'axe.run().then((found) => found.violations.map(({ id, nodes }) => `${id} ${nodes[0]?.html}`))',
  )
}
