import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Browser, type Page } from 'playwright-core'

const CHROMIUM = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium'
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/**
 * Whether a browser can be had. Where everything must be proven (CI) a missing one is an error, not a
 * skip.
 */
export function browserIsHere(): boolean {
  if (existsSync(CHROMIUM)) return true
  if (process.env['CI'] === 'true') throw new Error(`no browser at ${CHROMIUM}: apt-get install chromium`)
  return false
}

export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS })
}

/** A page as a British phone shows it, or at another width; errors of the browser go to `complaints`. */
export async function openPage(
  browser: Browser,
  address: string,
  complaints: string[],
  width = 412,
): Promise<Page> {
  const context = await browser.newContext({
    locale: 'en-GB',
    timezoneId: 'UTC',
    viewport: { width, height: 915 },
    reducedMotion: 'reduce',
  })
  const page = await context.newPage()
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('Failed to load resource')) {
      complaints.push(message.text())
    }
  })
  await page.goto(address)
  await page.locator('main h1').waitFor()
  return page
}

/**
 * Builds the app as the package does, into a folder of its own, so that a spec never meets an older
 * build.
 */
export function buildApp(root = 'web/app'): string {
  const folder = mkdtempSync(join(tmpdir(), 'meterhood-app-'))
  const vite = join('node_modules', 'vite', 'bin', 'vite.js')
  const args = [vite, 'build', root, '--outDir', folder, '--emptyOutDir', '--logLevel', 'warn']
  // The app that people get: the runner's own NODE_ENV would build another one.
  const env = { ...process.env, NODE_ENV: 'production' }
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env })
  if (status !== 0) throw new Error(`${root} does not build: ${stderr}`)
  return folder
}
