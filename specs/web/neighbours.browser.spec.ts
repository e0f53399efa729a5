import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { Fault } from '../../protocols/rules/fault.ts'
import type { DelegationsView } from '../../web/delegation-model.ts'
import { counterForm, proposeForm } from '../../web/delegation-model.ts'
import { browserIsHere, buildApp, openBrowser, openPage } from './chromium.ts'
import {
  activeDelegation,
  askedDelegation,
  counteredDelegation,
  exampleCare,
  exampleDelegations,
  neighbourlyHome,
  pastDelegations,
  scriptedDelegations,
  waitingDelegation,
  type ScriptedDelegations,
} from './example-delegations.ts'
import { neighbour } from './example-market.ts'
import { exampleHome, NOON_MS } from './example-views.ts'
import { startScripted, type ScriptedGateway } from './scripted-gateway.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const RUN = 'axe.run().then(({ violations }) => violations.map((v) => `${v.id}: ${v.nodes[0].html}`))'
const OVERFLOW = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
const SHOTS = process.env['PAGE_SHOTS']
const HOUR_MS = 3_600_000
const clock = { nowMs: () => NOON_MS }

let browser: Browser
let appFolder = ''
const running: ScriptedGateway[] = []
const complaints: string[] = []

interface Opened {
  readonly page: Page
  readonly gateway: ScriptedGateway
  readonly actions: ScriptedDelegations
}

/** A page of a home with neighbours, which notes every error of the browser. */
const open = async (
  address: string,
  delegations: DelegationsView | null = exampleDelegations(),
  options: { width?: number; refuse?: (name: string) => void } = {},
): Promise<Opened> => {
  const actions = scriptedDelegations(options.refuse)
  const view = delegations === null ? exampleHome() : neighbourlyHome(delegations)
  const gateway = await startScripted({ view, appFolder, clock, actions: { delegations: actions } })
  running.push(gateway)
  const page = await openPage(browser, `${gateway.pages.url}${address}`, complaints, options.width)
  return { page, gateway, actions }
}

/** The text as people see it, with plain spaces. */
const plain = (text: string): string => text.replaceAll('\u00a0', ' ').trim()
const textOf = async (page: Page, id: string): Promise<string> =>
  plain(await page.getByTestId(id).first().innerText())
const send = (page: Page, name = 'Ask them'): Promise<void> => page.getByRole('button', { name }).click()
const until = (page: Page, text: string): Promise<void> => page.getByLabel('Until').fill(text)
const reward = (page: Page, text: string): Promise<void> =>
  page.getByLabel('Reward, for all of the time').fill(text)

/** A neighbour's home that has fallen silent. */
const quietCare = {
  ...{ ...exampleCare(), id: 9, home: neighbour(3), negotiation: '9'.repeat(32) },
  ...{ newest: null, recentPeakW: [], silent: true, over: true, alarms: [], unseenAlarms: 0 },
}

/** Every state that the pages can be in, each to be looked at. */
const looks: readonly (readonly [name: string, address: string, delegations: DelegationsView | null])[] = [
  ['none', '#/neighbours', null],
  ['empty', '#/neighbours', exampleDelegations()],
  ['alone', '#/neighbours', exampleDelegations({ neighbours: [] })],
  [
    'asked',
    '#/neighbours',
    exampleDelegations({ list: [askedDelegation(), waitingDelegation(), ...pastDelegations()] }),
  ],
  ['countered', '#/neighbours', exampleDelegations({ list: [counteredDelegation()] })],
  [
    'active',
    '#/neighbours',
    exampleDelegations({
      list: [activeDelegation(), { ...activeDelegation(), negotiation: '9'.repeat(32), role: 'delegatee' }],
      caring: [exampleCare()],
    }),
  ],
  ['caring-none', '#/caring', exampleDelegations()],
  [
    'caring',
    '#/caring',
    exampleDelegations({
      caring: [exampleCare(), quietCare],
    }),
  ],
]

describe.skipIf(!browserIsHere())('The neighbours in Chromium', () => {
  beforeAll(async () => {
    appFolder = buildApp()
    browser = await openBrowser()
    if (SHOTS !== undefined) mkdirSync(SHOTS, { recursive: true })
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

  describe('Neighbours', () => {
    it('is reached from the home, and says what to do while nobody watches', async () => {
      const { page } = await open('')
      await page.getByRole('link', { name: 'Neighbours' }).click()
      await page.getByRole('heading', { name: 'Nobody watches this home but its community' }).waitFor()
      await page.getByText('They answer on their own page; nothing changes before both agree.').waitFor()
    })

    it('asks the chosen neighbour for exactly what was written, once', async () => {
      const { page, actions } = await open('#/neighbours')
      await page.getByRole('combobox', { name: 'Neighbour' }).selectOption(neighbour(2))
      await until(page, '2026-11-24T12:00:00')
      await reward(page, '4.5')
      await page.getByLabel('A note to them').fill('At the lake.')
      await page.getByRole('button', { name: 'Ask them' }).dblclick()
      await page.getByText('You asked 0x0202…0202. They have a day to answer.').waitFor()
      expect(actions.asked).toHaveLength(1)
      const [name, request] = actions.asked[0] ?? []
      expect([name, proposeForm.parse(request)]).toMatchObject([
        'propose',
        {
          peer: neighbour(2),
          functions: ['readings', 'alarms'],
          fromMs: null,
          untilMs: NOON_MS + 48 * HOUR_MS,
          rewardMicroSct: 4_500_000,
          text: 'At the lake.',
        },
      ])
    })

    it('refuses at its field what cannot be promised, before anything is sent', async () => {
      const { page, actions } = await open('#/neighbours')
      for (const [ends, text, field, problem] of [
        ['2026-11-22T11:00:00', '4', 'ask-until', 'End later than it begins.'],
        ['', '4', 'ask-until', 'Write the day and the time it ends.'],
        ['2028-11-22T11:00:00', '4', 'ask-until', 'A year is the longest.'],
        ['2026-11-23T12:00:00', '', 'ask-reward', 'Write the reward for all of the time; 0 is fine'],
        ['2026-11-23T12:00:00', 'four', 'ask-reward', 'Write digits, as in 1.5.'],
        ['2026-11-23T12:00:00', '500', 'ask-reward', 'The reward is put aside at once, and you have'],
      ] as const) {
        await until(page, ends)
        await reward(page, text)
        await send(page)
        expect(plain(await page.locator(`#${field}-problem`).innerText())).toContain(problem)
        expect(await page.locator(`#${field}:focus`).count(), problem).toBe(1)
      }
      await page.getByLabel('Readings: energy, power and water').uncheck()
      await page.getByLabel('Alarms of the community').uncheck()
      await send(page)
      await page.getByText('Choose what they watch: readings, alarms or both.').waitFor()
      expect(actions.asked).toEqual([])
    })

    it('begins later when that is wanted, and takes a suggested reward, by keyboard alone', async () => {
      const { page, actions } = await open('#/neighbours')
      await page.getByLabel('Later').press('Space')
      await page.getByLabel('From').fill('2026-11-23T08:00:00')
      await until(page, '2026-11-26T08:00:00')
      await page.getByRole('button', { name: '1.00 SCT a day' }).press('Enter')
      await page.getByLabel('Reward, for all of the time').press('Enter')
      await page.getByText('You asked 0x0101…0101.').waitFor()
      const fromMs = NOON_MS + 20 * HOUR_MS
      expect(actions.asked).toMatchObject([
        ['propose', { fromMs, untilMs: fromMs + 72 * HOUR_MS, rewardMicroSct: 3_000_000 }],
      ])
    })

    it('says before anybody agrees what handing over means, as far as it is handed over', async () => {
      const { page } = await open('#/neighbours')
      const consent = page.locator('.consent')
      const told = plain(await consent.innerText())
      expect(told).toContain('every 2 s, from which one can tell when somebody is in')
      expect(told).toContain('Alarms go to them instead.')
      expect(told).toContain('which two homes agreed, for how long and for what reward')
      expect(told).toContain('What your neighbour has seen by then it has seen.')
      await page.getByLabel('Alarms of the community').uncheck()
      await vi.waitFor(async () => expect(await consent.innerText()).not.toContain('Alarms go to them'))
    })

    it('shows the gateway’s own reason at its field; sent again it is the same request', async () => {
      let refusals = 1
      const refuse = (): void => {
        if (refusals-- <= 0) return
        throw new Fault('too-late', 'untilMs: it ends too soon', { field: 'untilMs', fix: 'end later' })
      }
      const sent: string[] = []
      const { page } = await open('#/neighbours', exampleDelegations(), { refuse })
      page.on('request', (request) => {
        if (request.url().endsWith('/propose')) sent.push(request.postData() ?? '')
      })
      await reward(page, '1')
      await send(page)
      await page.getByText('untilMs: it ends too soon').waitFor()
      await send(page)
      await page.getByText('You asked 0x0101…0101.').waitFor()
      expect(sent).toHaveLength(2)
      expect(sent[1]).toBe(sent[0])
    })

    it('lets a neighbour’s proposal be accepted only when that is meant, or be declined', async () => {
      const { negotiation } = askedDelegation()
      const { page, actions } = await open('#/neighbours', exampleDelegations({ list: [askedDelegation()] }))
      expect(await textOf(page, 'pending')).toContain('They ask you to watch their home while they are away.')
      expect(await textOf(page, 'pending')).toContain('Your key to their readings is erased then.')
      expect(plain(await page.locator('.countdown').innerText())).toMatch(/^To answer\s+[45] h/)
      await page.getByRole('button', { name: 'Accept' }).click()
      expect(actions.asked).toEqual([])
      await page.getByRole('button', { name: 'Press again: I will watch it' }).click()
      await vi.waitFor(() => expect(actions.asked).toEqual([['accept', { negotiation }]]))
      await page.getByRole('button', { name: 'No, thanks' }).click()
      await page.getByRole('button', { name: 'Press again: decline' }).click()
      await vi.waitFor(() => expect(actions.asked[1]).toEqual(['decline', { negotiation }]))
    })

    it('offers other terms, beginning with those of the neighbour', async () => {
      const { negotiation, untilMs } = counteredDelegation()
      const list = [counteredDelegation()]
      const { page, actions } = await open('#/neighbours', exampleDelegations({ list }))
      await page.getByRole('button', { name: 'Offer other terms' }).click()
      expect(await page.getByLabel('Reward, for all of the time').inputValue()).toBe('6')
      await reward(page, '5')
      await send(page, 'Offer this instead')
      await vi.waitFor(() => expect(actions.asked).toHaveLength(1))
      const [name, request] = actions.asked[0] ?? []
      expect([name, counterForm.parse(request)]).toMatchObject([
        'counter',
        { negotiation, untilMs, rewardMicroSct: 5_000_000, text: 'Gladly, for six.' },
      ])
      await page.getByRole('button', { name: 'Offer other terms' }).waitFor()
    })

    it('shows what is watched and earned, and ends it only when that is meant', async () => {
      const list = [activeDelegation()]
      const { page, actions } = await open('#/neighbours', exampleDelegations({ list }))
      const told = (await textOf(page, 'running')).replaceAll('\n', ' ')
      expect(told).toContain('0x0101…0101 watches this home')
      expect(told).toContain('Watched so far 28,790 readings of 86,400 that were agreed')
      expect(told).toContain('Reward so far 1.3329 SCT')
      await page.getByText('One neighbour at a time watches this home.').waitFor()
      await page.getByRole('button', { name: 'End now' }).click()
      expect(actions.asked).toEqual([])
      await page.getByRole('button', { name: 'Press again: take it back' }).click()
      await vi.waitFor(() =>
        expect(actions.asked).toEqual([['end', { negotiation: activeDelegation().negotiation }]]),
      )
    })

    it('keeps what is over, with what was paid and what came back', async () => {
      const { page } = await open('#/neighbours', exampleDelegations({ list: [...pastDelegations()] }))
      await page.getByTestId('past').first().waitFor()
      const past = (await page.getByTestId('past').allInnerTexts()).map((text) =>
        plain(text).replaceAll(/\s+/g, ' '),
      )
      expect(past[0]).toContain('−2.00 SCT 2.00 SCT came back 43,200 readings watched.')
      expect(past[1]).toContain('0.0417 SCT not paid yet 900 readings watched.')
      expect(past[2]).toContain('This home: declined')
      expect(past[2]).toContain('They cannot now.')
    })

    it('tells of a proposal without a reload, to eyes, ears and the tab', async () => {
      const { page, gateway } = await open('#/neighbours')
      gateway.show(neighbourlyHome(exampleDelegations({ list: [askedDelegation()] })))
      await page.getByRole('heading', { name: 'Watch the home of 0x0202…0202?' }).waitFor()
      expect(plain(await page.locator('[aria-live=assertive]').innerText())).toBe(
        '0x0202…0202 asks you to watch their home.',
      )
      expect(await page.locator('.nav .badge').last().innerText()).toMatch(/^1/)
    })
  })

  describe('Caring for', () => {
    it('shows the neighbour’s readings as theirs, and where to look while there are none', async () => {
      const { page, gateway } = await open('#/caring')
      await page.getByRole('link', { name: 'See what you are asked' }).waitFor()
      gateway.show(neighbourlyHome(exampleDelegations({ caring: [exampleCare()] })))
      await page.getByRole('heading', { name: 'Home of 0x0202…0202' }).waitFor()
      const told = (await textOf(page, 'care')).replaceAll('\n', ' ')
      expect(told).toContain('A neighbour’s home, not this one')
      expect(told).toContain('Power now 0.31 kW peak 1.48 kW')
      expect(told).toContain('28,790 readings opened, 12 did not come.')
      await page.getByRole('img', { name: /^Peak power of the newest 60 readings: highest 1\./ }).waitFor()
    })

    it('warns when too much is used there, and when nothing comes', async () => {
      const { page } = await open(
        '#/caring',
        exampleDelegations({ caring: [{ ...exampleCare(), over: true }] }),
      )
      await page.getByText('More power or water is used there now than their quotas allow.').waitFor()
      const silent = { ...exampleCare(), silent: true, newest: null }
      const { page: other } = await open('#/caring', exampleDelegations({ caring: [silent] }))
      await other.getByText('Nothing comes from their home.').waitFor()
      await other.getByText('Waiting for their first reading.').waitFor()
    })

    it('shows the alarms of their home and says that they were seen', async () => {
      const { page, actions } = await open('#/caring', exampleDelegations({ caring: [exampleCare()] }))
      expect(await page.getByTestId('cared-alarm').count()).toBe(2)
      await page.getByRole('button', { name: /^I saw it/ }).click()
      await vi.waitFor(() => expect(actions.asked).toEqual([['saw', { negotiation: 'c'.repeat(32) }]]))
    })
  })

  describe.each([412, 1280])('At %i px', (width) => {
    it.each(looks)(
      '%s has nothing for axe to find, and nothing runs over',
      async (name, address, delegations) => {
        const { page } = await open(address, delegations, { width })
        await page.evaluate(AXE)
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme })
          if (SHOTS !== undefined) {
            const path = join(SHOTS, `${name}-${width}-${colorScheme}.png`)
            await page.screenshot({ path, fullPage: true })
          }
          expect(await page.evaluate(RUN), colorScheme).toEqual([])
        }
        expect(await page.evaluate(OVERFLOW)).toBe(0)
      },
    )
  })
})
