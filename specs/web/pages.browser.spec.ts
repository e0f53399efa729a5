import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { AlarmView, ExcessView, View } from '../../web/read-model.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import { browserIsHere, buildApp, openBrowser } from './chromium.ts'
import {
  exampleCommunity,
  exampleExcesses,
  exampleHome,
  HOME_ACCOUNT,
  NOON_MS,
  startingHome,
  troubledHome,
} from './example-views.ts'
import { startScripted, type Script, type ScriptedGateway } from './scripted-gateway.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const SHOTS = join(tmpdir(), 'meterhood-pages')
const clock = { nowMs: () => NOON_MS }

let browser: Browser
let appFolder = ''
const running: ScriptedGateway[] = []
const complaints: string[] = []

const start = async (script: Partial<Script> = {}): Promise<ScriptedGateway> => {
  const gateway = await startScripted({ view: exampleHome(), appFolder, clock, ...script })
  running.push(gateway)
  return gateway
}

/** A page of its own, which notes every error of the browser and every request to anywhere else. */
const open = async (url: string, options: BrowserContextOptions = {}): Promise<Page> => {
  const viewport = { width: 412, height: 915 }
  const context = await browser.newContext({ locale: 'en-GB', viewport, ...options })
  const page = await context.newPage()
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('Failed to load resource')) {
      complaints.push(message.text())
    }
  })
  page.on('request', (request) => {
    if (new URL(request.url()).host !== new URL(url).host) complaints.push(`request to ${request.url()}`)
  })
  await page.goto(url)
  return page
}

/** The text as people see it, with plain spaces. */
const textOf = async (page: Page, id: string): Promise<string> =>
  (await page.getByTestId(id).first().innerText()).replaceAll('\u00a0', ' ').trim()

const says = (page: Page, id: string, text: string): Promise<void> =>
  vi.waitFor(async () => expect(await textOf(page, id)).toContain(text), { timeout: 10_000 })

const freshAlarm: AlarmView = {
  id: '57',
  number: 57,
  code: 'power-over',
  severity: 'critical',
  text: 'Power is over the contract.',
  resource: 'power',
  atMs: NOON_MS,
  block: 12_346,
  state: 'new',
}

describe.skipIf(!browserIsHere())('The pages in Chromium', () => {
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
    it('shows what is used, what is left and the limit of each resource', async () => {
      const page = await open((await start()).pages.url)
      await says(page, 'energy-used', '124.3 kWh used')
      expect(await textOf(page, 'energy-left')).toBe('75.7 kWh left')
      expect(await textOf(page, 'power-used')).toBe('1.24 kW now')
      expect(await textOf(page, 'power-left')).toBe('3.36 kW left')
      expect(await textOf(page, 'water-used')).toBe('8.35 m³ used')
      expect(await textOf(page, 'water-left')).toBe('1.65 m³ left')
      const bar = page.getByRole('meter', { name: 'Water used' })
      expect(await bar.getAttribute('aria-valuenow')).toBe('83')
      expect(await textOf(page, 'count-measured')).toBe('1,482')
      expect(await textOf(page, 'ledger')).toContain('block 12,345')
    })

    it('shows what is over a limit, and when the switch would open', async () => {
      const page = await open((await start({ view: troubledHome() })).pages.url)
      await says(page, 'power-left', '1.52 kW over')
      expect(await page.getByText(/the switch opens in 4\d/).count()).toBe(1)
      expect(await page.getByText('23 waiting to be sent').count()).toBe(1)
    })

    it('waits in words before the first reading, then shows it without a reload', async () => {
      const gateway = await start({ view: startingHome() })
      const page = await open(gateway.pages.url)
      await page.getByText('Waiting for the first reading').first().waitFor()
      gateway.show(exampleHome())
      await says(page, 'energy-used', '124.3 kWh')
    })

    it('follows a reading at once', async () => {
      const gateway = await start()
      const page = await open(gateway.pages.url)
      await says(page, 'power-used', '1.24 kW')
      const slot = (exampleHome().slot ?? 0) + 1
      const power = { meanPowerW: 2870, peakPowerW: 3000 }
      const registers = { importWh: 1, exportWh: 0, waterMl: 1 }
      gateway.pages.notifyReading({ home: HOME_ACCOUNT, slot, atMs: NOON_MS + 2000, ...power, ...registers })
      await says(page, 'power-used', '2.87 kW')
    })

    it('shows a new alarm without a reload, says it aloud, and reports it seen', async () => {
      const seen: string[] = []
      const actions = { acknowledgeAlarm: async (id: string) => void seen.push(id) }
      const gateway = await start({ actions })
      const page = await open(gateway.pages.url)
      await says(page, 'alarm', 'Water: 80 %')
      gateway.pages.notifyAlarm(freshAlarm)
      await says(page, 'alarm', 'Power is over the contract.')
      expect(await page.locator('[aria-live=assertive]').innerText()).toBe(
        'New alarm: Power is over the contract.',
      )
      expect(await page.title()).toBe('(2) Maple House 2 · Meterhood')
      await page.getByRole('button', { name: 'Seen: Power is over the contract.' }).click()
      await vi.waitFor(() => expect(seen).toEqual(['57']))
      gateway.show({ ...exampleHome(), alarms: [{ ...freshAlarm, state: 'acknowledged' }] })
      await vi.waitFor(async () => expect(await page.title()).toBe('Maple House 2 · Meterhood'))
    })

    it('shows an excess asserted against the home, asks for its proof, and shows its end', async () => {
      const asked: string[] = []
      const actions = {
        demandProof: async (period: number, what: string) => void asked.push(`${period} ${what}`),
      }
      const [asserted] = exampleExcesses(NOON_MS)
      if (asserted === undefined) throw new Error('the example has no excess')
      const gateway = await start({ actions, view: { ...exampleHome(), excesses: [asserted] } })
      const page = await open(gateway.pages.url)
      await says(page, 'excess', '1.30 kWh of energy above the quota')
      expect(await textOf(page, 'excess')).toContain('until block 12,400')
      await page.getByRole('button', { name: 'Ask for the proof of 1.30 kWh of energy' }).click()
      await vi.waitFor(() => expect(asked).toEqual(['20732 energy']))
      const shows = (state: ExcessView['state'], value: number | null = null) =>
        gateway.show({ ...exampleHome(), excesses: [{ ...asserted, state, value }] })
      shows('asking')
      await says(page, 'excess', 'on its way')
      expect(await page.getByRole('button', { name: /^Ask for/ }).count()).toBe(0)
      shows('opened', 201_300)
      await says(page, 'excess', 'you used 201.3 kWh')
      shows('withdrawn')
      await says(page, 'excess', 'took it back')
      shows('void')
      await says(page, 'excess', 'it is void')
    })

    it('asks twice before it closes the valve, also by keyboard', async () => {
      const asked: boolean[] = []
      const gateway = await start({ actions: { setValve: async (wanted) => void asked.push(wanted) } })
      const page = await open(gateway.pages.url)
      const valve = page.locator('.tile-water button')
      await valve.focus()
      await page.keyboard.press('Enter')
      expect(await valve.innerText()).toBe('Press again: no water')
      expect(asked).toEqual([])
      await page.keyboard.press('Enter')
      await vi.waitFor(() => expect(asked).toEqual([false]))
    })

    it('lets an installer bring a board in line with a reference, asking twice', async () => {
      const asked: object[] = []
      const gateway = await start({ actions: { calibrate: async (wanted) => void asked.push(wanted) } })
      const page = await open(gateway.pages.url)
      const board = page.getByTestId('calibration-power')
      await board.getByText('Calibrate', { exact: true }).click()
      const voltage = page.getByTestId('channel-voltage')
      expect((await voltage.innerText()).replaceAll('\u00a0', ' ')).toContain('229.8 V')
      expect((await voltage.innerText()).replaceAll('\u00a0', ' ')).toContain(
        'Correction: +0.42 %, set 9 days ago',
      )
      expect(await voltage.getByRole('button', { name: 'Set', exact: true }).isDisabled()).toBe(true)
      await voltage.getByLabel('Reference').fill('231,4')
      await voltage.getByRole('button', { name: 'Set', exact: true }).click()
      expect(asked).toEqual([])
      await voltage.getByRole('button', { name: /Press again: 231.4/ }).click()
      await vi.waitFor(() =>
        expect(asked).toEqual([{ board: 'power', quantity: 'voltage', reference: 231_400 }]),
      )
      await vi.waitFor(async () => expect(await voltage.getByLabel('Reference').inputValue()).toBe(''))
      await voltage.getByRole('button', { name: 'Factory setting' }).click()
      await voltage.getByRole('button', { name: 'Press again: undo' }).click()
      await vi.waitFor(() => expect(asked.at(-1)).toMatchObject({ quantity: 'voltage', reference: null }))
    })

    it('says why a board took no calibration, and lets nothing be set while it is silent', async () => {
      const calibrate = async (): Promise<void> => {
        throw new Fault('load-too-small', 'current: too little; calibrate with at least 1 A', {})
      }
      const page = await open((await start({ actions: { calibrate } })).pages.url)
      await page.getByTestId('calibration-power').getByText('Calibrate', { exact: true }).click()
      const current = page.getByTestId('channel-current')
      await current.getByLabel('Reference').fill('0.3')
      await current.getByRole('button', { name: 'Set', exact: true }).click()
      await current.getByRole('button', { name: /Press again/ }).click()
      await page.getByText('current: too little; calibrate with at least 1 A').waitFor()
      await page.getByTestId('calibration-comfort').getByText('Calibrate', { exact: true }).click()
      const temperature = page.getByTestId('channel-temperature')
      expect(await temperature.getByLabel('Reference').isDisabled()).toBe(true)
      expect(await temperature.innerText()).toContain('Somebody else calibrated this board')
    })

    it('tells why an action failed, and what to do', async () => {
      const page = await open((await start()).pages.url)
      await page.getByRole('button', { name: /^Seen/ }).click()
      await page.getByText('this gateway does not offer that action').waitFor()
      await page.getByRole('button', { name: 'Close', exact: true }).click()
      expect(await page.locator('.toast').count()).toBe(0)
    })
  })

  describe('Community now', () => {
    it('shows the homes, the contract, the split, the blocks, the totals and the alarms sent', async () => {
      const page = await open((await start({ view: exampleCommunity() })).pages.url)
      await says(page, 'energy-used', '400.0 kWh used')
      expect(await page.getByTestId('member').count()).toBe(3)
      expect(await textOf(page, 'member')).toContain('82.0 of 200.0 kWh')
      expect(await page.getByTestId('block').count()).toBe(12)
      expect(await page.getByTestId('total').count()).toBe(3)
      expect(await textOf(page, 'alarm-sent')).toContain('Energy quota 90 to Birch Court 5')
      await page.getByText('With fewer than 5 homes').waitFor()
      await page.getByText('600.0 of 600.0').waitFor()
    })

    it('shows market prices with their age, and the alarm when no new ones come', async () => {
      const community = exampleCommunity()
      const gateway = await start({ view: community })
      const page = await open(gateway.pages.url)
      const card = page.locator('.card-prices')
      await card.getByText('0.1483 €').waitFor()
      await says(page, 'prices-age', '12 min ago')
      expect(await card.getByRole('status').count()).toBe(0)
      const { prices } = community
      if (prices === null) throw new Error('the example has no prices')
      const notice = 'No new market price: tokens can soon no longer be bought.'
      gateway.show({ ...community, prices: { ...prices, alarm: true, notice } })
      await card.getByRole('status').getByText('No new market price').waitFor()
    })

    it('shows a block and a home’s reading as they come', async () => {
      const gateway = await start({ view: exampleCommunity() })
      const page = await open(gateway.pages.url)
      await says(page, 'block', '12,345')
      const [newest] = exampleCommunity().blocks
      if (newest === undefined) throw new Error('the example has no block')
      const next = { ...newest, number: 12_346, hash: `0x${'ab'.repeat(32)}` }
      gateway.show({ ...exampleCommunity(), blocks: [next, ...exampleCommunity().blocks] })
      await says(page, 'block', '12,346')
    })
  })

  describe('A page and its gateway', () => {
    it('says that the gateway is away, and follows it again when it is back', async () => {
      const first = await start()
      const page = await open(first.pages.url)
      await says(page, 'energy-used', '124.3')
      await first.pages.close()
      await page.getByText('The gateway is not answering.').waitFor()
      const energy = { usedWh: 150_000, quotaWh: 200_000, exportedWh: 0 }
      await start({
        view: { ...exampleHome(), energy },
        listen: { host: '127.0.0.1', port: first.pages.port },
      })
      await says(page, 'energy-used', '150.0')
      expect(await page.getByText('The gateway is not answering.').count()).toBe(0)
    })

    it('signs a device in by its link and takes the secret out of the address', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'meterhood-https-'))
      const gateway = await start({ listen: { host: '127.0.0.1', port: 0, https: { folder } } })
      const trusting = { ignoreHTTPSErrors: true }
      const page = await open(gateway.pages.link, trusting)
      await says(page, 'energy-used', '124.3')
      expect(page.url()).toBe(gateway.pages.url)
      await page.reload()
      await says(page, 'energy-used', '124.3')
      const stranger = await open(gateway.pages.url, trusting)
      await stranger.getByLabel('Link or access code').fill(gateway.pages.link)
      await stranger.getByRole('button', { name: 'Sign in' }).click()
      await says(stranger, 'energy-used', '124.3')
      rmSync(folder, { recursive: true })
    })
  })

  describe('Cared for', () => {
    const forty = (): View => {
      const community = exampleCommunity()
      const members = Array.from({ length: 40 }, (_, n) => ({
        ...community.members[n % 3],
        name: `Maple House ${n + 1}`,
        account: `0x${String(n + 10).repeat(20)}`,
      }))
      return { ...community, members } as View
    }
    const views: Readonly<Record<string, () => View>> = {
      home: exampleHome,
      'home-troubled': troubledHome,
      'home-starting': startingHome,
      community: exampleCommunity,
      'community-of-40': forty,
    }
    const cases = Object.keys(views).flatMap((name) => [412, 1280].map((width) => ({ name, width })))

    it.each(cases)(
      '$name at $width px: nothing for axe to find, nothing runs over',
      async ({ name, width }) => {
        const gateway = await start({ view: (views[name] ?? exampleHome)() })
        const viewport = { width, height: 900 }
        const page = await open(gateway.pages.url, { viewport, reducedMotion: 'reduce' })
        await page.getByTestId('state').waitFor()
        for (const board of await page.getByText('Calibrate', { exact: true }).all()) await board.click()
        await page.evaluate(AXE)
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme })
          await page.screenshot({ path: join(SHOTS, `${name}-${width}-${colorScheme}.png`), fullPage: true })
          const found: unknown = await page.evaluate(
            'axe.run().then(({ violations }) => violations.map((v) => `${v.id}: ${v.nodes[0].html}`))',
          )
          expect(found, colorScheme).toEqual([])
        }
        const overflow: unknown = await page.evaluate(
          'document.documentElement.scrollWidth - document.documentElement.clientWidth',
        )
        expect(overflow).toBe(0)
      },
    )

    it('is under 80 kB, compressed, all files of a first visit together', () => {
      const files = readdirSync(appFolder, { recursive: true, encoding: 'utf8' })
        .map((name) => join(appFolder, name))
        .filter((path) => statSync(path).isFile() && /\.(html|js|css|svg|webmanifest)$/.test(path))
      const bytes = files.map((path) => gzipSync(readFileSync(path)).length).reduce((a, b) => a + b, 0)
      expect(bytes).toBeGreaterThan(10_000)
      expect(bytes).toBeLessThan(80_000)
    })
  })
})
