import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { chromium, type Browser } from 'playwright-core'
import { view } from '../web/read-model.ts'

/**
 * Makes docs/pages.png: the page of a community, with the page of one of its homes before it, from a running
 * demonstration. `npm run picture`, after a build; it needs a Chromium (CHROMIUM_PATH, else
 * /usr/bin/chromium).
 */
const ENTRY = fileURLToPath(new URL('../dist/bin/meterhood.js', import.meta.url))
const PICTURE = fileURLToPath(new URL('../docs/pages.png', import.meta.url))
const START = [
  'start',
  '--homes',
  '5',
  '--boards',
  'profile',
  '--period',
  '2',
  '--billing',
  '90s',
  '--port',
  '0',
]
/** Until then the lines of power have a shape, and homes have traded. */
const LIVED_MS = 100_000
const SIZE = { width: 1280, height: 900 }
const COMMUNITY = { width: 980, height: 900 }
const HOME = { width: 390, height: 800 }

interface Demonstration {
  readonly pages: readonly string[]
  readonly stop: () => Promise<void>
}

async function demonstration(data: string): Promise<Demonstration> {
  const child = spawn(process.execPath, [ENTRY, ...START, '--data', data], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  let said = ''
  const pages = await new Promise<string[]>((resolve, reject) => {
    child.once('close', () => reject(new Error(`the demonstration ended early: ${said}`)))
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (!said.includes('Ctrl+C')) return
      resolve([...said.matchAll(/page\s+(http:\/\/\S+)/g)].map(([, address = '']) => address))
    })
  })
  const stop = async (): Promise<void> => {
    child.kill('SIGINT')
    await ended
  }
  return { pages, stop }
}

/** A billing period that has just begun has nothing to show. */
async function untilMidPeriod(home: string): Promise<void> {
  for (;;) {
    const told = view.parse(await (await fetch(`${home}api/view`)).json())
    const { startsAtMs, endsAtMs } = told.period
    const part = (told.updatedAtMs - startsAtMs) / (endsAtMs - startsAtMs)
    if (part > 0.4 && part < 0.6) return
    await sleep(500)
  }
}

async function shot(
  browser: Browser,
  url: string,
  viewport: { width: number; height: number },
): Promise<string> {
  const context = await browser.newContext({ viewport, locale: 'en-GB', deviceScaleFactor: 2 })
  const page = await context.newPage()
  await page.goto(url)
  await page.getByText('Live').first().waitFor()
  await page.locator('canvas').first().waitFor()
  // The line of power is drawn with the next view.
  await sleep(2_000)
  const png = await page.screenshot()
  await context.close()
  return `data:image/png;base64,${png.toString('base64')}`
}

async function compose(browser: Browser, community: string, home: string): Promise<void> {
  const page = await browser.newPage({ viewport: SIZE })
  await page.setContent(`<style>
    body { margin: 0; background: #e3e8e1; }
    img { position: absolute; border-radius: 20px; box-shadow: 0 12px 40px #0f261e38; }
    .community { left: 24px; top: 24px; width: ${COMMUNITY.width}px; }
    .home { right: 24px; top: 76px; width: ${HOME.width}px; border: 6px solid #10201b; border-radius: 36px; }
  </style><img class="community" src="${community}"><img class="home" src="${home}">`)
  await page.screenshot({ path: PICTURE })
}

const data = await mkdtemp(join(tmpdir(), 'meterhood-picture-'))
const executablePath = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium'
const browser = await chromium.launch({
  executablePath,
  args: ['--headless', '--no-sandbox', '--disable-gpu'],
})
try {
  const { pages, stop } = await demonstration(data)
  try {
    const [community = '', home = ''] = pages
    await sleep(LIVED_MS)
    await untilMidPeriod(home)
    await compose(browser, await shot(browser, community, COMMUNITY), await shot(browser, home, HOME))
  } finally {
    await stop()
  }
} finally {
  await browser.close()
  await rm(data, { recursive: true, force: true })
}
