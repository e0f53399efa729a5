import { rmSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { Fault } from '../../protocols/rules/fault.ts'
import { buyBody } from '../../web/market-messages.ts'
import type { AuctionView, MarketView } from '../../web/market-model.ts'
import { browserIsHere, buildApp, openBrowser, openPage } from './chromium.ts'
import {
  biddingAuction,
  deliveringAuction,
  exampleMarket,
  exampleRequests,
  failedAuction,
  neighbour,
  revealingAuction,
  tradingHome,
} from './example-market.ts'
import { NOON_MS } from './example-views.ts'
import { startScripted, type ScriptedGateway } from './scripted-gateway.ts'
import { scriptedMarket, type ScriptedMarket } from './scripted-market.ts'

const clock = { nowMs: () => NOON_MS }

let browser: Browser
let appFolder = ''
const running: ScriptedGateway[] = []
const complaints: string[] = []

interface Opened {
  readonly page: Page
  readonly gateway: ScriptedGateway
  readonly actions: ScriptedMarket
}

/** A page of a trading home at an address, which notes every error of the browser. */
const open = async (
  address: string,
  market: MarketView = exampleMarket(),
  options: { width?: number; refuse?: (name: string) => void } = {},
): Promise<Opened> => {
  const actions = scriptedMarket(market, options.refuse)
  const view = tradingHome(market)
  const gateway = await startScripted({ view, appFolder, clock, actions: { market: actions } })
  running.push(gateway)
  const page = await openPage(browser, `${gateway.pages.url}${address}`, complaints, options.width)
  return { page, gateway, actions }
}

/** The text as people see it, with plain spaces. */
const plain = (text: string): string => text.replaceAll('\u00a0', ' ').trim()
const textOf = async (page: Page, id: string): Promise<string> =>
  plain(await page.getByTestId(id).first().innerText())
const isFocused = async (page: Page, selector: string): Promise<boolean> =>
  (await page.locator(`${selector}:focus`).count()) === 1
const problemOf = async (page: Page, id: string): Promise<string> =>
  plain(await page.locator(`#${id}-problem`).innerText())

const withAuction = (auction: AuctionView): MarketView => ({ ...exampleMarket(), auctions: [auction] })

describe.skipIf(!browserIsHere())('The market in Chromium', () => {
  beforeAll(async () => {
    appFolder = buildApp()
    browser = await openBrowser()
  })
  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()))
    await Promise.all(running.splice(0).map(({ pages }) => pages.close()))
    expect(complaints.splice(0)).toEqual([])
  })
  afterAll(async () => {
    await browser.close()
    rmSync(appFolder, { recursive: true })
  })

  describe('Home now', () => {
    it('shows the wallet in euro and SCT, how each quota will end, and a way to buy', async () => {
      const { page } = await open('')
      expect(await textOf(page, 'wallet-line')).toBe('Wallet:\n45.82 €\n92.57 SCT, 1.92 SCT locked')
      expect(plain(await page.locator('.market-quotas').innerText())).toContain(
        'Likely 214 kWh, 14 kWh too little',
      )
      await page.getByRole('link', { name: 'Buy energy' }).click()
      await page.getByRole('heading', { name: 'Buy energy' }).waitFor()
      await page.goBack()
      await page.getByRole('link', { name: 'Buy water' }).click()
      await page.getByRole('heading', { name: 'Buy water' }).waitFor()
    })
  })

  describe('Buy', () => {
    const fill = async (page: Page, amount: string, price: string): Promise<void> => {
      await page.getByLabel('How much').fill(amount)
      await page.getByLabel('At most, for all of it').fill(price)
    }
    const send = (page: Page): Promise<void> => page.getByRole('button', { name: /^Ask the neigh/ }).click()

    it('refuses at its field what cannot be asked for, before anything is sent', async () => {
      const { page, actions } = await open('#/buy/energy')
      for (const [amount, price, id, problem] of [
        ['0', '0.8', 'buy-amount', 'Write a number above zero.'],
        ['-2', '0.8', 'buy-amount', 'Write a number above zero.'],
        ['two', '0.8', 'buy-amount', 'Write digits, as in 1.5.'],
        ['1.23456', '0.8', 'buy-amount', 'At most 3 digits after the point: 0.001 is the smallest step.'],
        ['200', '0.8', 'buy-amount', 'This locks a bond of 120.00 SCT and 90.65 SCT are free.'],
        ['2', '0', 'buy-maxPrice', 'Write a number above zero.'],
        ['2', '0.12345678', 'buy-maxPrice', 'At most 6 digits after the point'],
        ['2', '1.21', 'buy-maxPrice', 'No lot of this size may cost more than 1.20 SCT: write at most that.'],
        ['2', '', 'buy-maxPrice', 'Write the most that you would pay for all of it.'],
      ] as const) {
        await fill(page, amount, price)
        await send(page)
        expect(await problemOf(page, id)).toContain(problem)
        const field = page.locator(`#${id}`)
        expect(await field.getAttribute('aria-invalid')).toBe('true')
        expect(await isFocused(page, `#${id}`), `${amount} at ${price}`).toBe(true)
      }
      expect(actions.asked).toEqual([])
    })

    it('asks for exactly what was typed, once, and goes on to the auction', async () => {
      const { page, actions } = await open('#/buy/energy')
      await fill(page, '2', '0.812345')
      const costs = await textOf(page, 'costs')
      expect(costs).toContain('Estimate\n0.6742 SCT')
      expect(costs).toContain('You pay at most\n0.8123 SCT\nabout 0.41 €')
      expect(costs).toContain('Bond locked meanwhile\n1.20 SCT\n89.45 SCT stay free')
      await page.getByRole('button', { name: 'Ask the neighbours for 2 kWh' }).dblclick()
      await page.getByText('You asked for 2 kWh. Bids can come now.').waitFor()
      expect(page.url()).toMatch(/#\/auctions$/)
      expect(actions.asked).toHaveLength(1)
      const [name, request] = actions.asked[0] ?? []
      expect([name, buyBody.parse(request)]).toMatchObject([
        'buy',
        { resource: 'energy', amount: 2_000, maxPriceMicroSct: 812_345, fromMs: null, untilMs: null },
      ])
    })

    it('fills in what will be missing and what it will likely cost, by keyboard alone', async () => {
      const { page, actions } = await open('#/buy/energy')
      await page.getByRole('button', { name: 'You will likely lack 14 kWh' }).press('Enter')
      await page.getByRole('button', { name: /^Estimate/ }).press('Enter')
      await page.getByLabel('At most, for all of it').press('Enter')
      await page.getByText('You asked for 14 kWh.').waitFor()
      expect(actions.asked).toMatchObject([['buy', { amount: 14_000, maxPriceMicroSct: 4_719_232 }]])
    })

    it('lends power for a window', async () => {
      const { page, actions } = await open('#/buy/power')
      await fill(page, '2', '0.36')
      await page.getByLabel('From').fill('2026-11-22T18:00')
      await page.getByLabel('Until').fill('2026-11-22T20:00')
      await send(page)
      await page.getByText('You asked for 2 kW.').waitFor()
      const fromMs = Date.UTC(2026, 10, 22, 18)
      const window = { fromMs, untilMs: fromMs + 2 * 3_600_000 }
      expect(actions.asked).toMatchObject([['buy', { resource: 'power', amount: 2_000, ...window }]])
    })

    it('shows the gateway’s own reason at its field; sent again it is the same request', async () => {
      let refusals = 1
      const refuse = (): void => {
        if (refusals-- <= 0) return
        throw new Fault('quota-closed', 'amount: the period closes', { field: 'amount', fix: 'wait' })
      }
      const sent: string[] = []
      const { page, actions } = await open('#/buy/energy', exampleMarket(), { refuse })
      page.on('request', (request) => {
        if (request.url().endsWith('/buy')) sent.push(request.postData() ?? '')
      })
      await fill(page, '2', '0.8')
      await send(page)
      await vi.waitFor(async () =>
        expect(await problemOf(page, 'buy-amount')).toBe('amount: the period closes'),
      )
      await send(page)
      await page.getByText('You asked for 2 kWh.').waitFor()
      expect(actions.asked).toHaveLength(1)
      expect(sent[1]).toBe(sent[0])
    })

    it('says what to do when the gateway is away', async () => {
      const { page, gateway } = await open('#/buy/energy')
      await fill(page, '2', '0.8')
      await gateway.pages.close()
      await send(page)
      await page.getByText('The gateway did not answer. Try again when the page says Live.').waitFor()
      expect(await page.getByLabel('How much').inputValue()).toBe('2')
    })
  })

  describe('Requests', () => {
    it('shows each with what can be spared and why, and seals a bid', async () => {
      const { page, actions } = await open('#/requests')
      const request = page.getByTestId('request').first()
      const text = plain(await request.innerText()).replaceAll(/\n+/g, '\n')
      expect(text).toContain('750 L\nasked by 0x0303…0303')
      expect(text).toContain('You can spare\n1.3 m³')
      expect(text).toContain('You will likely use 8.7 m³ of your 10 m³')
      await request.getByRole('button', { name: 'Bid' }).click()
      const field = request.getByLabel('The least you want for 750 L')
      const sends = request.getByRole('button', { name: 'Seal and send' })
      for (const [wrong, problem] of [
        ['0', 'above zero'],
        ['6.1', 'No lot of this size may cost more than 6.00 SCT'],
        ['1.2345678', 'At most 6 digits'],
      ] as const) {
        await field.fill(wrong)
        await sends.click()
        expect(await problemOf(page, 'bid-81')).toContain(problem)
      }
      expect(actions.asked).toEqual([])
      await field.fill('2,75')
      await sends.click()
      await vi.waitFor(() => {
        expect(actions.asked).toEqual([['bid', { auctionId: '81', valueMicroSct: 2_750_000 }]])
      })
    })

    it('lets one pass, and tells of a new one without a reload', async () => {
      const { page, gateway, actions } = await open('#/requests')
      await page.getByTestId('request').first().getByRole('button', { name: 'No, thanks' }).click()
      await vi.waitFor(() => expect(actions.asked).toEqual([['decline', '81']]))
      const [first, ...rest] = exampleRequests(NOON_MS)
      if (first === undefined) throw new Error('the example has no request')
      const fresh = { ...first, auctionId: '83', amount: 250_000, buyer: neighbour(9) }
      gateway.show(
        tradingHome({ ...exampleMarket(), requests: [{ ...first, state: 'declined' }, ...rest, fresh] }),
      )
      await page.getByText('asked by 0x0909…0909').waitFor()
      expect(plain(await page.locator('[aria-live=assertive]').innerText())).toBe(
        'A neighbour asks for 250 L.',
      )
      expect(await page.title()).toBe('(3) Maple House 2 · Meterhood')
    })
  })

  describe('Auctions', () => {
    it('goes through its steps as they happen: locks, openings, who pays what', async () => {
      const { page, gateway } = await open('#/auctions', withAuction(biddingAuction(NOON_MS)))
      const step = page.locator('[aria-current=step]')
      expect(await step.innerText()).toBe('Bids')
      expect(plain(await page.locator('.countdown').innerText())).toMatch(/^Bids close in\s+2\d s$/)
      const seals = async (): Promise<string[]> => {
        const texts = await page.getByTestId('seal').allInnerTexts()
        return texts.map((text) => plain(text).replaceAll('\n', ' '))
      }
      expect(await seals()).toEqual([
        'Your maximum 0.80 SCT only you see it',
        '0x0202…0202 sealed',
        '0x0404…0404 sealed',
        '0x0606…0606 sealed',
      ])
      gateway.show(tradingHome(withAuction(revealingAuction(NOON_MS))))
      await vi.waitFor(async () => expect(await step.innerText()).toBe('Opening'))
      expect((await seals()).filter((text) => text.endsWith('sealed'))).toEqual(['0x0404…0404 sealed'])
      gateway.show(tradingHome(withAuction({ ...deliveringAuction(NOON_MS), id: '80' })))
      await vi.waitFor(async () => expect(await step.innerText()).toBe('Delivery'))
      expect(await seals()).toContain('0x0202…0202 0.64 SCT lowest, wins')
      expect(await seals()).toContain('0x0606…0606 0.72 SCT sets the price')
      expect(await textOf(page, 'result')).toBe('You pay 0.72 SCT to 0x0202…0202')
      expect(plain(await page.locator('[aria-live=assertive]').innerText())).toBe(
        'You bought 2 kWh for 0.72 SCT.',
      )
    })

    it('says why one failed, and keeps those that are over folded', async () => {
      const { page } = await open('#/auctions', withAuction(failedAuction(NOON_MS)))
      await page.getByText('No auction is running').waitFor()
      await page.getByTestId('auction-over').locator('summary').click()
      await page.getByText('Every bid was above the maximum price. Nothing was bought.').waitFor()
    })

    it('takes an offer back only when it is meant', async () => {
      const offered = { ...biddingAuction(NOON_MS), bids: 0, seals: [], cancellable: true }
      const { page, actions } = await open('#/auctions', withAuction(offered))
      await page.getByRole('button', { name: 'Take it back' }).click()
      expect(actions.asked).toEqual([])
      await page.getByRole('button', { name: 'Press again: the offer ends' }).click()
      await vi.waitFor(() => expect(actions.asked).toEqual([['cancelOffer', '80']]))
    })

    it('shows forty bids without drowning the page', async () => {
      const seals = Array.from({ length: 40 }, (_, n) => ({
        account: neighbour(n + 10),
        own: false,
        valueMicroSct: null,
      }))
      const { page } = await open('#/auctions', withAuction({ ...biddingAuction(NOON_MS), bids: 40, seals }))
      expect(await page.getByTestId('seal').count()).toBe(8)
      await page.getByRole('button', { name: 'and 33 more' }).click()
      expect(await page.getByTestId('seal').count()).toBe(41)
    })
  })
})
