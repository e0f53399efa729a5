import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { z } from 'zod'
import { openBrowser } from '../web/chromium.ts'
import { ongoing } from './command.ts'

/** What the page shows at one step. */
export interface SeenStep {
  readonly what: string
  /** Ids of the states that are lit. */
  readonly active: readonly string[]
  /** Transitions that are traced in the chart. */
  readonly traced: number
}

async function seenAt(page: Page): Promise<SeenStep> {
  const what = (await page.getByTestId('what').innerText()).replaceAll(/\s+/g, ' ').trim()
  const lit = await page.evaluate<string[]>(
    "[...document.querySelectorAll('.picture .state.active')].map((state) => state.dataset.state)",
  )
  return { what, active: lit, traced: await page.locator('.picture .edge.taken').count() }
}

/** Steps through what the page shows, from its beginning to its end, by the keyboard. */
async function stepped(page: Page): Promise<SeenStep[]> {
  const steps: SeenStep[] = []
  const position = page.getByTestId('position')
  for (;;) {
    // The chart is drawn after the words.
    const shows = await position.getAttribute('data-line')
    await page.locator(`.canvas[data-line="${shows}"] svg`).waitFor()
    steps.push(await seenAt(page))
    const [now, all] = (await position.innerText()).split(' of ')
    if (now === all) return steps
    await page.keyboard.press('ArrowRight')
    await expect.poll(() => position.innerText(), { interval: 10 }).not.toBe(`${now} of ${all}`)
  }
}

/** Opens a recording with `meterhood inspect` and follows the first trade that was paid. */
export async function followedTrade(recording: string) {
  const inspecting = ongoing('inspect', recording, '--port', '0')
  const said = await inspecting.printed('Ctrl+C')
  const address = /page\s+(http:\S+)/.exec(said)?.[1] ?? ''
  const browser = await openBrowser()
  const foreign: string[] = []
  const complaints: string[] = []
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
    page.on('request', (request) => {
      if (!request.url().startsWith(address)) foreign.push(request.url())
    })
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    await page.goto(address)
    const trades = page.getByTestId('subjects').locator('button')
    await trades.first().waitFor()
    for (let at = 0; at < (await trades.count()); at += 1) {
      await trades.nth(at).click()
      const steps = await stepped(page)
      if (steps.some(({ what }) => what.endsWith('payment: PAID'))) return { steps, foreign, complaints }
    }
    throw new Error('no trade of the recording was paid')
  } finally {
    await browser.close()
    await inspecting.interrupt()
  }
}

/** Every secret that the gateways of a run keep, as hex digits in lower case. */
export async function secretsIn(data: string): Promise<string[]> {
  const gateways = (await readdir(data)).filter((name) => name === 'community' || name.startsWith('home-'))
  const files = await Promise.all(
    gateways.map(async (name) => readFile(join(data, name, 'secrets.json'), 'utf8')),
  )
  const values = files.flatMap((text) =>
    Object.values(z.record(z.string(), z.unknown()).parse(JSON.parse(text))),
  )
  return values.flatMap((value) => {
    const hex = typeof value === 'string' ? (/^(?:0x)?([0-9a-f]{32,})$/i.exec(value)?.[1] ?? null) : null
    return hex === null ? [] : [hex.toLowerCase()]
  })
}
