import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { headerAt, recordedRun } from '../../bench/recorded-run.ts'
import { browserIsHere, buildApp, openBrowser, openPage } from './chromium.ts'
import { exampleCommunity, exampleHome, NOON_MS } from './example-views.ts'
import { startScripted, type Script, type ScriptedGateway } from './scripted-gateway.ts'

let folder = ''
let appFolder = ''
let inspectFolder = ''
let browser: Browser
const running: ScriptedGateway[] = []
const complaints: string[] = []

const start = async (script: Partial<Script> = {}): Promise<ScriptedGateway> => {
  const gateway = await startScripted({ view: exampleCommunity(), appFolder, inspectFolder, ...script })
  running.push(gateway)
  return gateway
}

function recording(): string {
  const file = join(folder, 'run.mhr')
  const lines = [headerAt(NOON_MS), ...recordedRun(3, NOON_MS, 400)]
  writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  return file
}

const widthOver = (page: Page): Promise<number> =>
  page.evaluate<number>('document.documentElement.scrollWidth - window.innerWidth')

describe.skipIf(!browserIsHere())('The state charts as a page of the community', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'meterhood-machines-'))
    appFolder = buildApp()
    inspectFolder = buildApp('web/app/inspect')
    browser = await openBrowser()
  })
  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()))
    await Promise.all(running.splice(0).map(({ pages }) => pages.close()))
    expect(complaints.splice(0)).toEqual([])
  })
  afterAll(async () => {
    await browser.close()
    for (const made of [folder, appFolder, inspectFolder]) rmSync(made, { recursive: true, force: true })
  })

  it('are one step from the page of its manager, live where the run is recorded', async () => {
    const { pages } = await start({ recordings: [recording()] })
    const page = await openPage(browser, pages.url, complaints)
    await page.getByRole('link', { name: 'State charts' }).click()
    await page.getByText('400 steps, 3 gateways').waitFor()
    await page.getByRole('button', { name: 'Find' }).click()
    await page.getByTestId('subjects').getByRole('button', { name: 'trade 1 of home-01' }).waitFor()
    expect(await widthOver(page)).toBe(0)
  })

  it('say how to record where nothing is recorded', async () => {
    const { pages } = await start({ recordings: [] })
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
    await page.goto(`${pages.url}machines`)
    await page.getByRole('heading', { name: 'Nothing is recorded' }).waitFor()
    expect(await page.getByText('--record run.mhr').count()).toBe(1)
    expect(new URL(page.url()).pathname).toBe('/machines/')
  })

  it('are shown to nobody who is not signed in', async () => {
    const listen = { host: '127.0.0.1', port: 0, https: { folder } }
    const { pages } = await start({ recordings: [recording()], listen })
    const context = await browser.newContext({ ignoreHTTPSErrors: true })
    const page = await context.newPage()
    await page.goto(`${pages.url}machines/`)
    await page.getByRole('heading', { name: 'Only who runs the community sees its machines' }).waitFor()
    const answers = await page.evaluate<number[]>(
      "Promise.all(['recordings', 'recordings/0'].map(async (path) => (await fetch(path)).status))",
    )
    expect(answers).toEqual([401, 401])
    await page.goto(pages.link)
    await page.getByRole('link', { name: 'State charts' }).click()
    await page.getByText('400 steps, 3 gateways').waitFor()
  })

  it('are no page of a home', async () => {
    const { pages } = await start({ view: exampleHome() })
    const page = await openPage(browser, pages.url, complaints)
    expect(await page.getByRole('link', { name: 'State charts' }).count()).toBe(0)
    const answer = await fetch(`${pages.url}machines/recordings`)
    expect(answer.status).toBe(404)
  })
})
