import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serveRecordings, type RecordingPages } from '../../web/server/serve-recordings.ts'
import { meterhood } from '../e2e/command.ts'
import { browserIsHere, buildApp, openBrowser } from './chromium.ts'

let folder = ''
let appFolder = ''
let browser: Browser
let pages: RecordingPages | undefined

describe.skipIf(!browserIsHere())('A simulated run in the state charts', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'meterhood-simulated-'))
    appFolder = buildApp('web/app/inspect')
    browser = await openBrowser()
  })
  afterAll(async () => {
    await browser.close()
    await pages?.close()
    for (const made of [folder, appFolder]) rmSync(made, { recursive: true, force: true })
  })

  it('is opened like a real one: its gateways, and a trade from its beginning to its end', async () => {
    const file = join(folder, 'run.mhr')
    const { code, stdout } = await meterhood('simulate', '--homes', '4', '--days', '1', '--record', file)
    expect(stdout).toContain('violations 0')
    expect(code).toBe(0)
    pages = await serveRecordings({ files: [file], port: 0, appFolder })
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
    await page.goto(pages.url)
    await page.getByText(/[\d,]+ steps, 5 gateways/).waitFor()
    expect(await page.getByText('cannot be read').count()).toBe(0)
    const subjects = page.getByTestId('subjects').getByRole('button')
    await subjects.first().click()
    await page.locator('.picture svg').waitFor()
    expect(await page.getByTestId('position').innerText()).toMatch(/^1 of/)
    await page.keyboard.press('End')
    await page.getByRole('button', { name: 'Cause' }).waitFor()
    expect(await page.getByTestId('state').innerText()).not.toBe('')
  }, 120_000)
})
