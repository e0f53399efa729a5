import { readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { Fault } from '../../protocols/rules/fault.ts'
import type { MarketView } from '../../web/market-model.ts'
import { browserIsHere, buildApp, openBrowser, openPage } from './chromium.ts'
import {
  emptyMarket,
  exampleMarket,
  OVEN_RULE,
  revealingAuction,
  SELL_RULE,
  tradingHome,
} from './example-market.ts'
import { NOON_MS } from './example-views.ts'
import { startScripted, type ScriptedGateway } from './scripted-gateway.ts'
import { scriptedMarket, type ScriptedMarket } from './scripted-market.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const RUN = 'axe.run().then(({ violations }) => violations.map((v) => `${v.id}: ${v.nodes[0].html}`))'
const OVER = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
const SHOTS = join(tmpdir(), 'meterhood-pages')
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

describe.skipIf(!browserIsHere())('The account of a home in Chromium', () => {
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

  describe('Trades and bill', () => {
    it('shows each trade over or under the trading price, and gives all as a file', async () => {
      const { page } = await open('#/trades')
      const texts = (await page.getByTestId('trade').allInnerTexts()).map(plain)
      expect(texts[0]).toContain('8 % under trading price')
      expect(texts[1]).toContain('3.7 % over trading price')
      expect(texts[2]).toContain('2.25 kWh came')
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('link', { name: 'All trades (CSV)' }).click(),
      ])
      expect(readFileSync(await download.path(), 'utf8')).toContain('0.758448')
    })

    it('adds the bill up in SCT and euro, period by period', async () => {
      const { page } = await open('#/bill')
      expect(await textOf(page, 'bill-total')).toBe('You get\t4.4121 SCT\t2.21 €')
      expect(await page.getByTestId('bill-row').count()).toBe(4)
      await page.getByLabel('Billing period').selectOption('20732')
      await vi.waitFor(async () =>
        expect(await textOf(page, 'bill-total')).toBe('You owe\t1.0113 SCT\t0.51 €'),
      )
    })
  })

  describe('Wallet', () => {
    it('shows what is whose, and changes SCT for money and back', async () => {
      const { page, actions } = await open('#/wallet')
      expect(await textOf(page, 'balance')).toBe('45.82 €')
      await page.getByLabel('How many').fill('12.5')
      await page.getByText('It costs 6.31 € now.').waitFor()
      await page.getByRole('button', { name: 'Buy', exact: true }).click()
      await page.getByText('Buying 12.50 SCT: your balance follows with the ledger.').waitFor()
      await page.getByRole('radio', { name: 'Sell SCT' }).check()
      await page.getByLabel('How many').fill('86.240501')
      await page.getByRole('button', { name: 'Sell', exact: true }).click()
      expect(await problemOf(page, 'tokens')).toContain('You have 86.24 SCT to sell.')
      await page.getByRole('button', { name: /^All 86/ }).click()
      await page.getByRole('button', { name: 'Sell', exact: true }).click()
      await page.getByText('Selling 86.24 SCT: your balance follows').waitFor()
      expect(actions.asked).toMatchObject([
        ['buyTokens', { microSct: 12_500_000 }],
        ['sellTokens', { microSct: 86_240_500 }],
      ])
    })

    it('takes free credit out of the market when it is meant', async () => {
      const { page, actions } = await open('#/wallet')
      await page.getByRole('button', { name: 'Take 4.4121 SCT out of the market' }).click()
      await page.getByRole('button', { name: 'Press again: it goes to your wallet' }).click()
      await vi.waitFor(() => expect(actions.asked).toMatchObject([['withdraw', expect.any(String)]]))
    })

    it('waits with buying and selling while the price is too old', async () => {
      const market = exampleMarket()
      const { page } = await open('#/wallet', { ...market, wallet: { ...market.wallet, pricesStale: true } })
      await page.getByText('The price of SCT is too old to trust').waitFor()
      expect(await page.getByRole('button', { name: 'Buy', exact: true }).isDisabled()).toBe(true)
    })
  })

  describe('Rules', () => {
    it('tries a rule on yesterday before it is switched on', async () => {
      const { page, actions } = await open('#/rules')
      await page.getByRole('switch', { name: 'Power for the oven: off' }).click()
      await page.getByText('would have bought 2 kW, once').waitFor()
      expect(actions.asked).toEqual([['simulateRules', [SELL_RULE, OVEN_RULE]]])
      await page.getByRole('button', { name: 'Switch it on' }).click()
      await vi.waitFor(() => expect(actions.asked[1]).toEqual(['switchRule', ['rule-2', true]]))
      await page.getByRole('switch', { name: 'Sell spare water: on' }).click()
      await vi.waitFor(() => expect(actions.asked[2]).toEqual(['switchRule', ['rule-1', false]]))
    })

    it('states a new rule in plain words, tries it, and saves exactly that', async () => {
      const { page, actions } = await open('#/rules', { ...exampleMarket(), rules: [] })
      await page.getByRole('button', { name: /^More power for the oven/ }).click()
      await page.getByRole('button', { name: 'Save' }).click()
      expect(await problemOf(page, 'rule-limit')).toBe('Write the most you pay.')
      await page.getByLabel('For at most').fill('0.095')
      expect(await textOf(page, 'rule-words')).toBe(
        'On Saturday from 08:00 to 10:00, buy 2 kW of power from 11:00 to 13:00, ' +
          'at most 0.095 SCT per kW and hour, once a day.',
      )
      await page.getByRole('button', { name: 'Try on yesterday' }).click()
      await page.getByText('because it is Saturday').waitFor()
      await page.getByRole('button', { name: 'Save' }).click()
      await page.getByText('is saved. Switch it on when you like.').waitFor()
      const rule = { ...OVEN_RULE, name: 'Buy power on Saturday from 08:00' }
      expect(actions.asked).toEqual([
        ['simulateRules', [rule]],
        ['saveRule', { id: null, rule }],
      ])
    })

    it('shows rules that contradict each other as the gateway says it', async () => {
      const refuse = (): void => {
        throw new Fault('rules-conflict', 'rules: "A" sells energy while "B" buys it', {
          fix: 'give them hours',
        })
      }
      const { page } = await open('#/rules', exampleMarket(), { refuse })
      await page.getByRole('switch', { name: 'Power for the oven: off' }).click()
      await page.getByText('rules: "A" sells energy while "B" buys it give them hours').waitFor()
    })

    it('keeps tokens from all rules, and removes a rule when it is meant', async () => {
      const { page, actions } = await open('#/rules')
      await page.locator('.card-keep').getByRole('button', { name: 'Change' }).click()
      await page.getByLabel('Leave alone').fill('0')
      await page.getByRole('button', { name: 'Save' }).click()
      await page.getByText('Rules leave 0.00 SCT alone.').waitFor()
      const rule = page.getByTestId('rule').nth(1)
      await rule.getByRole('button', { name: 'Remove' }).click()
      await rule.getByRole('button', { name: 'Press again: it is gone' }).click()
      await vi.waitFor(() =>
        expect(actions.asked).toEqual([
          ['keepTokens', 0],
          ['removeRule', 'rule-2'],
        ]),
      )
    })
  })

  describe('Ways through the pages', () => {
    it('leads everywhere by keyboard, begins each page at its heading, and goes back', async () => {
      const { page } = await open('')
      const heading = (): Promise<string> => page.locator('main h1').innerText()
      const focused = (): Promise<boolean> => isFocused(page, 'main h1')
      for (const [place, name] of [
        ['Market', 'Requests'],
        ['Wallet', 'Wallet'],
        ['Rules', 'Rules'],
      ] as const) {
        await page
          .getByRole('navigation', { name: 'Places' })
          .getByRole('link', { name: place })
          .press('Enter')
        await vi.waitFor(async () => expect([await heading(), await focused()]).toEqual([name, true]))
      }
      await page.goBack()
      await vi.waitFor(async () => expect(await heading()).toBe('Wallet'))
      const here = page.locator('nav[aria-label=Places] [aria-current=page]')
      expect(await here.innerText()).toBe('Wallet')
    })

    it('leads home from an unknown address, and from the market of a home without one', async () => {
      const { page, gateway } = await open('#/nowhere')
      await page.getByRole('heading', { name: 'Maple House 2' }).waitFor()
      gateway.show({ ...tradingHome(), market: null })
      await vi.waitFor(async () => expect(await page.getByRole('navigation').count()).toBe(0))
      await page.goto(`${gateway.pages.url}#/buy/energy`)
      await page.getByText('There is no market here yet').waitFor()
      await page.getByRole('link', { name: 'Back to the home' }).click()
      await page.getByRole('heading', { name: 'Maple House 2' }).waitFor()
    })

    it('says that the market is paused, on every page of it', async () => {
      const market = exampleMarket()
      const state = { phase: 'paused' as const, text: 'The manager has paused the market.' }
      const { page } = await open('#/trades', { ...market, state })
      await page.getByText('The manager has paused the market.').waitFor()
    })
  })

  describe('Cared for', () => {
    const starting: MarketView = {
      ...emptyMarket(),
      state: { phase: 'starting', text: 'Reading the auctions from the ledger.' },
    }
    const markets: Readonly<Record<string, MarketView>> = {
      full: {
        ...exampleMarket(),
        auctions: [revealingAuction(NOON_MS), ...exampleMarket().auctions.slice(1)],
      },
      empty: emptyMarket(),
      starting,
    }
    const PAGES = ['', 'buy/energy', 'buy/power', 'requests', 'auctions', 'trades', 'bill', 'wallet', 'rules']

    /** Brings a page to where it holds most. */
    const unfold = async (page: Page, name: string): Promise<void> => {
      if (name === 'buy/energy') await page.getByRole('button', { name: /^Ask the neigh/ }).click()
      if (name === 'buy/power') await page.getByLabel('How much').fill('2')
      if (name === 'requests') await page.getByRole('button', { name: 'Bid' }).first().click()
      if (name === 'auctions') await page.locator('summary').first().click()
      if (name !== 'rules') return
      await page.getByRole('button', { name: 'Change' }).nth(1).click()
      await page.getByText('More conditions').click()
      await page.getByRole('button', { name: 'Try on yesterday' }).click()
    }

    it.each(Object.keys(markets).flatMap((name) => [412, 1280].map((width) => ({ name, width }))))(
      'every page of a $name market at $width px: nothing for axe to find, nothing runs over',
      { timeout: 120_000 },
      async ({ name, width }) => {
        const { page, gateway } = await open('', markets[name], { width })
        const found: unknown[] = []
        const clean: unknown[] = []
        const pages = name === 'starting' ? ['', 'buy/energy'] : PAGES
        for (const address of pages) {
          await page.goto(`${gateway.pages.url}#/${address}`)
          await page.locator('main h1').first().waitFor()
          if (name === 'full') await unfold(page, address)
          await page.evaluate(AXE)
          // An empty market shows nothing in another colour.
          for (const colorScheme of name === 'full' ? (['light', 'dark'] as const) : (['light'] as const)) {
            await page.emulateMedia({ colorScheme })
            const shot = `market-${name}-${address.replace('/', '-')}-${width}-${colorScheme}.png`
            await page.screenshot({ path: join(SHOTS, shot), fullPage: true })
            found.push({
              address,
              colorScheme,
              over: await page.evaluate(OVER),
              axe: await page.evaluate(RUN),
            })
            clean.push({ address, colorScheme, over: 0, axe: [] })
          }
        }
        expect(found).toEqual(clean)
      },
    )
  })
})
