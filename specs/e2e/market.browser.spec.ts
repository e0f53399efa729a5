import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { view, type HomeView } from '../../web/read-model.ts'
import { browserIsHere, openBrowser } from '../web/chromium.ts'
import { ongoing, type Ongoing } from './command.ts'
import { FIRST_ROWS, writeProfiles } from './written-profiles.ts'

const HOMES = 4
/** The neighbours use little at first. */
const QUIET_W = 300
const BUSY_W = 6_000
/** The buyer uses the same all the time. */
const EVEN_W = 1_200
const PATIENCE_MS = 120_000

const wattsAt = (row: number, home: number): number =>
  home === 0 ? EVEN_W : row < FIRST_ROWS ? QUIET_W + 10 * home : BUSY_W

/** The text as people see it, with plain spaces. */
const plain = (text: string): string => text.replaceAll('\u00a0', ' ').trim()

let folder = ''
let running: Ongoing
let homePage = ''
let browser: Browser

async function homeNow(): Promise<HomeView> {
  const told = view.parse(await (await fetch(`${homePage}api/view`)).json())
  if (told.role !== 'home') throw new Error('the page is not that of a home')
  return told
}

/** Asks the gateway for what it must refuse; the name of the refusal and of its field. */
async function refusal(action: string, body: object): Promise<string> {
  const headers = { 'content-type': 'application/json' }
  const options = { method: 'POST', headers, body: JSON.stringify(body) }
  const response = await fetch(`${homePage}api/actions/${action}`, options)
  const { code, field } = z
    .object({ code: z.string(), field: z.string().nullable() })
    .parse(await response.json())
  return field === null ? code : `${code} ${field}`
}

/** An auction takes a while, so it is asked for early in a billing period. */
async function earlyInPeriod(): Promise<void> {
  const left = async (): Promise<number> => {
    const { period, market } = await homeNow()
    return market === null ? 0 : period.endsAtMs - Date.now() - market.leadMs
  }
  await expect.poll(left, { timeout: PATIENCE_MS, interval: 500 }).toBeGreaterThan(8_000)
}

async function openPage(): Promise<Page> {
  const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 412, height: 915 } })
  const page = await context.newPage()
  page.setDefaultTimeout(PATIENCE_MS)
  await page.goto(homePage)
  return page
}

describe.skipIf(!browserIsHere())('A person of a home in a running community', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'meterhood-market-'))
    await writeProfiles(join(folder, 'profiles'), HOMES, wattsAt)
    running = ongoing(
      ...['start', '--homes', String(HOMES), '--boards', 'profile', '--profiles', join(folder, 'profiles')],
      ...['--period', '2', '--billing', '60s', '--port', '0', '--data', join(folder, 'data')],
    )
    const said = await running.printed('Ctrl+C')
    const pages = [...said.matchAll(/page\s+(http:\/\/\S+)/g)].map(([, address = '']) => address)
    homePage = pages[1] ?? ''
    browser = await openBrowser()
  }, 180_000)
  afterAll(async () => {
    await browser.close()
    await running.interrupt()
    await rm(folder, { recursive: true, force: true })
  }, 60_000)

  it('is refused by name what cannot be, before anything is signed', async () => {
    await expect.poll(async () => (await homeNow()).market, { timeout: PATIENCE_MS }).not.toBeNull()
    // The first auction of a rule ends half a minute later, and leaves credit.
    expect(await refusal('withdraw', { requestId: 'b'.repeat(32) })).toBe('no-credit')
    await earlyInPeriod()
    const none = { fromMs: null, untilMs: null }
    const wish = { requestId: 'a'.repeat(32), resource: 'energy', amount: 2_000, maxPriceMicroSct: 3_200_000 }
    expect(await refusal('buy', { ...wish, ...none, amount: 0 })).toBe('bad-field amount')
    expect(await refusal('buy', { ...wish, ...none, resource: 'gas' })).toBe('bad-field resource')
    // Quotas of a period that has just begun come some blocks later; who asks too often is told so instead.
    const tooMuch = (): Promise<string> => refusal('buy', { ...wish, ...none, amount: 900_000 })
    await expect.poll(tooMuch, { timeout: PATIENCE_MS, interval: 1_000 }).toBe('above-quota amount')
    expect(await refusal('buy', { ...wish, ...none, maxPriceMicroSct: 0.5 })).toBe(
      'bad-field maxPriceMicroSct',
    )
    const dear = { ...wish, ...none, maxPriceMicroSct: 5_000_000 }
    expect(await refusal('buy', dear)).toBe('price-out-of-range maxPriceMicroSct')
    const lot = { auctionId: `0x${'0'.repeat(63)}1`, valueMicroSct: 1 }
    expect(await refusal('bid', lot)).toBe('request-unknown auctionId')
    expect(await refusal('cancel-offer', { auctionId: lot.auctionId })).toBe('offer-closed auctionId')
    // Rules of the home may have asked for something of their own meanwhile.
    const asked = (await homeNow()).market?.auctions.filter(({ amount }) => amount === wish.amount)
    expect(asked).toEqual([])
  }, 150_000)

  it('buys 2 kWh from a neighbour, from the home’s page to the bill', async () => {
    const page = await openPage()
    await page.getByTestId('wallet-line').filter({ hasText: '100.00 SCT' }).waitFor()
    await earlyInPeriod()
    await page.getByRole('link', { name: 'Buy energy' }).click()
    await page.getByLabel('How much').fill('2')
    await page.getByLabel('At most, for all of it').fill('3.2')
    await page.getByRole('button', { name: 'Ask the neighbours for 2 kWh' }).click()
    await page.getByText('You asked for 2 kWh. Bids can come now.').waitFor()

    const auction = page.getByTestId('auction').filter({ hasText: 'Buying 2 kWh' })
    await auction.getByText('Bids close in').waitFor()
    await auction.getByText(/[23] sealed bids/).waitFor()
    await auction.getByText(/(2 sealed bids, 2|3 sealed bids, 3) opened/).waitFor()
    await auction.getByText('Awarded').waitFor()
    const trade = (await homeNow()).market?.auctions.find(({ amount }) => amount === 2_000)
    const bids = (trade?.seals ?? []).map(({ valueMicroSct }) => valueMicroSct ?? 0).sort((a, b) => a - b)
    expect(trade).toMatchObject({ role: 'buyer', amount: 2_000, won: true, priceMicroSct: bids[1] })

    const price = `${((trade?.priceMicroSct ?? 0) / 1_000_000).toFixed(2)} SCT`
    expect(plain(await auction.getByTestId('result').innerText())).toContain(price)
    await page.getByRole('link', { name: 'Bill' }).click()
    const row = page.getByTestId('bill-row').filter({ hasText: '2 kWh' })
    expect(plain(await row.innerText())).toContain('if it is delivered')
    expect(plain(await row.innerText())).toContain(price)

    // The period ends, what was delivered is decided, and the seller is paid.
    await row.getByText('if it is delivered').waitFor({ state: 'detached' })
    expect(plain(await row.innerText())).toContain(price)
    expect(plain(await page.getByTestId('bill-total').innerText())).toMatch(/^You owe/)
    await page.getByRole('link', { name: 'Trades' }).click()
    const over = page.getByTestId('trade').filter({ hasText: 'Bought 2 kWh' })
    expect(plain(await over.innerText())).toContain(`−${price}`)
  }, 300_000)
})
