import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { Fault } from '../../protocols/rules/fault.ts'
import { marketView, type MarketView } from '../../web/market-model.ts'
import { refusal } from '../../web/messages.ts'
import { view } from '../../web/read-model.ts'
import { exampleMarket, OVEN_RULE, SELL_RULE, tradingHome } from './example-market.ts'
import { exampleCommunity, exampleHome } from './example-views.ts'
import { startScripted, type ScriptedGateway } from './scripted-gateway.ts'
import { scriptedMarket, type ScriptedMarket } from './scripted-market.ts'

const running: ScriptedGateway[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map(({ pages }) => pages.close()))
})

const open = async (
  market: MarketView = exampleMarket(),
  actions: ScriptedMarket | null = scriptedMarket(market),
): Promise<ScriptedGateway> => {
  const gateway = await startScripted({
    view: tradingHome(market),
    actions: actions === null ? {} : { market: actions },
  })
  running.push(gateway)
  return gateway
}

const post = (gateway: ScriptedGateway, name: string, body: unknown): Promise<Response> =>
  fetch(`${gateway.pages.url}api/actions/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
const refused = async (response: Response) => refusal.parse(await response.json())

const requestId = '00112233445566778899aabbccddeeff'
const energy = {
  requestId,
  resource: 'energy',
  amount: 2_000,
  maxPriceMicroSct: 800_000,
  fromMs: null,
  untilMs: null,
}
const power = { ...energy, resource: 'power', fromMs: 1_000_000, untilMs: 2_000_000 }

describe('The market in the view of a home', () => {
  it('is told as it is, and its examples are what the schema describes', async () => {
    const gateway = await open()
    const told = view.parse(await (await fetch(`${gateway.pages.url}api/view`)).json())
    expect(told).toEqual(tradingHome())
    expect(marketView.parse(exampleMarket())).toEqual(exampleMarket())
  })

  it('is null where there is none, and then nothing can be asked of it', async () => {
    const gateway = await open(exampleMarket(), null)
    gateway.show(exampleHome())
    expect(await refused(await post(gateway, 'buy', energy))).toMatchObject({ code: 'not-here' })
    expect(await refused(await post(gateway, 'simulate-rules', { rules: [SELL_RULE] }))).toMatchObject({
      code: 'not-here',
    })
    expect((await fetch(`${gateway.pages.url}api/trades.csv`)).status).toBe(404)
  })

  it('is described in OpenAPI with every action', async () => {
    const gateway = await startScripted({ view: exampleCommunity() })
    running.push(gateway)
    const { paths } = (await (await fetch(`${gateway.pages.url}openapi.json`)).json()) as {
      paths: Record<string, unknown>
    }
    const names = ['buy', 'bid', 'decline', 'cancel-offer', 'buy-tokens', 'sell-tokens', 'withdraw']
    const rules = ['save-rule', 'keep-tokens', 'remove-rule', 'switch-rule', 'simulate-rules']
    for (const name of [...names, ...rules]) expect(paths).toHaveProperty([`/api/actions/${name}`])
    expect(paths).toHaveProperty(['/api/trades.csv'])
    expect(paths).toHaveProperty(['/api/bill.csv'])
  })
})

describe('What people ask of the market', () => {
  const tokens = { requestId, microSct: 5_000_000 }
  it.each([
    ['buy', energy, ['buy', energy]],
    ['buy', power, ['buy', power]],
    ['bid', { auctionId: '81', valueMicroSct: 1 }, ['bid', { auctionId: '81', valueMicroSct: 1 }]],
    ['decline', { auctionId: '81' }, ['decline', '81']],
    ['cancel-offer', { auctionId: '80' }, ['cancelOffer', '80']],
    ['buy-tokens', tokens, ['buyTokens', tokens]],
    ['sell-tokens', tokens, ['sellTokens', tokens]],
    ['withdraw', { requestId }, ['withdraw', requestId]],
    ['save-rule', { id: null, rule: OVEN_RULE }, ['saveRule', { id: null, rule: OVEN_RULE }]],
    ['keep-tokens', { keepMicroSct: 0 }, ['keepTokens', 0]],
    ['remove-rule', { id: 'rule-1' }, ['removeRule', 'rule-1']],
    ['switch-rule', { id: 'rule-1', enabled: false }, ['switchRule', ['rule-1', false]]],
  ])('%s reaches the home’s gateway as it was asked', async (name, body, asked) => {
    const actions = scriptedMarket(exampleMarket())
    const response = await post(await open(exampleMarket(), actions), name, body)
    expect([response.status, await response.json()]).toEqual([200, { ok: true }])
    expect(actions.asked).toEqual([asked])
  })

  it.each([
    ['buy', { ...energy, amount: 0 }, 'amount', 'more than nothing'],
    ['buy', { ...energy, amount: 1.5 }, 'amount', 'whole number of Wh'],
    ['buy', { ...energy, amount: '2' }, 'amount', 'whole number of Wh'],
    ['buy', { ...energy, amount: 2 ** 48 }, 'amount', 'at most 2^48 - 1'],
    ['buy', { ...energy, resource: 'gas' }, 'resource', 'energy'],
    ['buy', { ...energy, maxPriceMicroSct: 0.5 }, 'maxPriceMicroSct', 'whole number of micro-SCT'],
    ['buy', { ...energy, maxPriceMicroSct: 0 }, 'maxPriceMicroSct', 'more than nothing'],
    ['buy', { ...energy, maxPriceMicroSct: 1e15 }, 'maxPriceMicroSct', 'at most 999,999,999.999999 SCT'],
    ['buy', { ...energy, fromMs: 5 }, 'fromMs', 'no window'],
    ['buy', { ...power, untilMs: null }, 'untilMs', 'the end of the window'],
    ['buy', { ...power, untilMs: power.fromMs }, 'untilMs', 'later than fromMs'],
    ['buy', { ...energy, requestId: 'again' }, 'requestId', '32 hexadecimal digits'],
    ['buy', { ...energy, salt: '0x' }, 'body', 'salt'],
    ['bid', { auctionId: '../81', valueMicroSct: 1 }, 'auctionId', 'the id of an auction'],
    ['bid', { auctionId: '81', valueMicroSct: -1 }, 'valueMicroSct', 'more than nothing'],
    ['sell-tokens', { requestId, microSct: 0 }, 'microSct', 'more than nothing'],
    ['keep-tokens', { keepMicroSct: -1 }, 'keepMicroSct', 'nothing or more'],
    ['switch-rule', { id: 'rule-1', enabled: 'yes' }, 'enabled', 'boolean'],
    ['save-rule', { id: null, rule: { ...SELL_RULE, limitMicroSct: 0 } }, 'rule.limitMicroSct', 'more than'],
    ['save-rule', { id: null, rule: { ...SELL_RULE, name: '' } }, 'rule.name', 'a name'],
    [
      'save-rule',
      { id: null, rule: { ...SELL_RULE, when: { hours: { from: '8', until: '10:00' } } } },
      'rule.when.hours.from',
      'a time as 18:30',
    ],
    ['simulate-rules', { rules: [] }, 'rules', 'at least one rule'],
  ])('%s with %o is refused by its field %s', async (name, body, field, expected) => {
    const actions = scriptedMarket(exampleMarket())
    const response = await post(await open(exampleMarket(), actions), name, body)
    expect(response.status).toBe(400)
    const told = await refused(response)
    expect(told).toMatchObject({ code: 'bad-field', field })
    expect(told.message).toContain(expected)
    expect(actions.asked).toEqual([])
  })

  it('answers with the market’s own reason, and the field it is about', async () => {
    const actions = scriptedMarket(exampleMarket(), () => {
      const facts = { field: 'amount', fix: 'ask for less, or buy SCT first' }
      throw new Fault('balance-too-small', 'amount: the bond is 12 SCT and 3 SCT are free', facts)
    })
    const response = await post(await open(exampleMarket(), actions), 'buy', energy)
    expect(response.status).toBe(409)
    expect(await refused(response)).toMatchObject({ code: 'balance-too-small', field: 'amount' })
  })

  it('tells what rules would have decided yesterday, for as many rules as a home may have', async () => {
    const rules = Array.from({ length: 32 }, (_, n) => ({ ...OVEN_RULE, name: `${n} ${'n'.repeat(50)}` }))
    const response = await post(await open(), 'simulate-rules', { rules })
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ outcomes: rules.map(({ name }) => ({ rule: name })) })
  })

  it('is never answered with an error of the server, whatever is sent', async () => {
    const actions = scriptedMarket(exampleMarket())
    const gateway = await open(exampleMarket(), actions)
    const fields = ['requestId', 'resource', 'amount', 'maxPriceMicroSct', 'fromMs', 'untilMs', 'rule', 'id']
    const bodies = fc.dictionary(fc.constantFrom(...fields), fc.jsonValue({ maxDepth: 2 }))
    const names = fc.constantFrom('buy', 'bid', 'save-rule', 'switch-rule', 'sell-tokens')
    await fc.assert(
      fc.asyncProperty(names, bodies, async (name, body) => {
        expect([400, 413]).toContain((await post(gateway, name, body)).status)
      }),
      { numRuns: 40 },
    )
    expect(actions.asked).toEqual([])
  })
})

describe('The files of the market', () => {
  const rowsOf = async (gateway: ScriptedGateway, name: string): Promise<Record<string, string>[]> => {
    const response = await fetch(`${gateway.pages.url}api/${name}`)
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8')
    expect(response.headers.get('content-disposition')).toBe(`attachment; filename="${name}"`)
    return parse(await response.text(), { columns: true })
  }

  it('hold every trade with exact decimals', async () => {
    const rows = await rowsOf(await open(), 'trades.csv')
    expect(rows).toHaveLength(4)
    expect(rows[2]).toMatchObject({
      role: 'buyer',
      resource: 'energy',
      amount: '3',
      delivered: '2.25',
      unit: 'kWh',
      'paid SCT': '0.758448',
      'compensation SCT': '0.252816',
      'against trading price %': '1.23',
      outcome: 'partly',
      text: 'The seller used 0.75 kWh of it itself, and paid you 0.2528 SCT for that.',
    })
    expect(rows[3]).toMatchObject({ 'against trading price %': '' })
  })

  it('hold every bill line by line, each with its total', async () => {
    const rows = await rowsOf(await open(), 'bill.csv')
    const totals = rows.filter((row) => row['line'] === 'Total')
    expect(totals.map((row) => [row['SCT'], row['EUR']])).toEqual([
      ['-4.412118', '-2.206059'],
      ['1.011264', '0.505632'],
    ])
    expect(rows.filter((row) => row['closed'] === 'no')).toHaveLength(5)
  })

  it('are not computed by a spreadsheet, and keep commas, quotes and line ends', async () => {
    const market = exampleMarket()
    const text = '=HYPERLINK("http://evil"),\r\n+1'
    const history = market.history.map((trade) => ({ ...trade, text }))
    const rows = await rowsOf(await open({ ...market, history }), 'trades.csv')
    expect(rows.map((row) => row['text'])).toEqual(history.map(() => `'${text}`))
  })

  it('have a heading when there is nothing yet', async () => {
    const gateway = await open({ ...exampleMarket(), history: [], bills: [] })
    const text = await (await fetch(`${gateway.pages.url}api/trades.csv`)).text()
    expect(text.split('\r\n')).toHaveLength(2)
    expect(await rowsOf(gateway, 'bill.csv')).toEqual([])
  })
})
