import { Wallet } from 'ethers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { postArguments, signerOfMarketPrice, signMarketPrice } from '../../protocols/messages/market-price.ts'
import { ORDERS_MAX_BYTES, readOrders } from '../../protocols/messages/orders.ts'
import { readPreferences } from '../../protocols/messages/preferences.ts'
import { readTradeRules } from '../../protocols/messages/trade-rules.ts'
import { parseWritten, WrittenNumber } from '../../protocols/messages/written-numbers.ts'
import { Fault } from '../../protocols/rules/fault.ts'

/** What is said of a form, with its code before it; nothing when it is taken. */
function said(work: () => unknown): string {
  try {
    work()
    return ''
  } catch (thrown) {
    if (thrown instanceof Fault) return `${thrown.code}: ${thrown.message}`
    throw thrown
  }
}

describe('numbers of JSON', () => {
  it('are kept as they were written, and nothing else is taken for one', () => {
    expect(parseWritten('x', '{"n1":-1.50e+3,"list":[0,{"s\\"n":"n7"}],"yes":true,"no":null}')).toEqual({
      n1: new WrittenNumber('-1.50e+3'),
      list: [new WrittenNumber('0'), { 's"n': 'n7' }],
      yes: true,
      no: null,
    })
    expect(parseWritten('x', '"s1"')).toBe('s1')
    expect(parseWritten('x', '12')).toEqual(new WrittenNumber('12'))
  })

  it('are refused where there is no JSON, by the name of the file', () => {
    expect(said(() => parseWritten('orders.json', '{'))).toMatch(
      /^not-json: orders\.json: expected JSON \(.+\); correct the file$/,
    )
  })
})

const same = (row: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(row).map(([field, value]) => [field, fc.constant(value)]))

describe('a file of orders', () => {
  const bid = { id: 'b', user: 'ana', side: 'bid', price: 20, qty: 2 }
  const offer = { id: 'o1', user: 'eva', side: 'offer', price: 7, qty: 2 }
  const read = (...orders: unknown[]) => readOrders('f', new TextEncoder().encode(JSON.stringify(orders)))

  it('is read to the last field, in the order of its lines', () => {
    expect(read(offer, bid, { ...offer, id: 'o2', price: 6.5, note: 'x' })).toEqual({
      ...{ buyer: 'ana', cap: 20_000_000, quantity: 2_000_000 },
      offers: [
        { id: 'o1', user: 'eva', price: 7_000_000 },
        { id: 'o2', user: 'eva', price: 6_500_000 },
      ],
    })
  })

  it.each([
    [
      'no list',
      () => readOrders('f', new TextEncoder().encode('{}')),
      'not-a-list: f: expected a list [{"id","user","side","price","qty"}, …]; put the orders in [ ]',
    ],
    [
      'no bid',
      () => read(offer),
      'no-bid: side: expected one order with side "bid", got none; add the buyer’s order with its cap',
    ],
    [
      'a second bid',
      () => read(offer, bid, { ...bid, id: 'c' }),
      'two-bids: row 3: side: expected one bid, got another after that of row 2; ' +
        'clear the second buyer’s orders in a file of its own',
    ],
    [
      'an id twice',
      () => read(bid, offer, offer),
      'duplicate-id: row 3: id: "o1" is the id of row 2 too; give it an id of its own',
    ],
    [
      'another quantity',
      () => read(bid, { ...offer, qty: 1 }),
      'another-quantity: row 2: qty: expected the whole quantity of the bid in row 1, got another; ' +
        'offers are for all of it: correct or remove that row',
    ],
    [
      'an offer to oneself',
      () => read(bid, { ...offer, user: 'ana' }),
      'self-offer: row 2: user: "ana" made the bid of row 1 and offers to it; ' +
        'nobody trades with himself: remove that row',
    ],
    [
      'an amount of nothing',
      () => read({ ...bid, qty: 0 }),
      'bad-field: row 1 qty: expected an amount above 0, got "0"; remove that row',
    ],
    [
      'no order',
      () => read(5),
      'bad-field: row 1: expected an order {"id","user","side","price","qty"}, got',
    ],
    [
      'no name',
      () => read({ ...bid, id: '' }),
      'bad-field: row 1 id: expected 1 to 200 characters, got ""; correct that row',
    ],
    [
      'a name of a number',
      () => read({ ...bid, user: 5 }),
      'bad-field: row 1 user: expected text, got "5"; correct that row',
    ],
    ['a long name', () => read({ ...bid, user: 'x'.repeat(201) }), 'bad-field: row 1 user: '],
    [
      'an unknown side',
      () => read({ ...bid, side: 'ask' }),
      'bad-field: row 1 side: expected "bid" (the buyer’s cap) or "offer", got "ask"',
    ],
    [
      'a price in quotes',
      () => read({ ...bid, price: '5' }),
      'bad-field: row 1 price: expected a number, without quotes, got "5"',
    ],
    [
      'a quantity in quotes',
      () => read({ ...bid, qty: '5' }),
      'bad-field: row 1 qty: expected a number, without quotes, got "5"',
    ],
    [
      'a price below 0',
      () => read(bid, { ...offer, price: -1 }),
      'bad-field: row 2 price: expected a number from 0 up',
    ],
  ])('is refused with %s, by row and field, with a way out', (_, work, says) => {
    const told = said(work)
    expect(told.slice(0, says.length)).toBe(says)
  })

  it('is read, or refused with a fault, whatever its rows are', () => {
    const row = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom(bid, offer),
      fc.record({ ...same(bid), price: fc.jsonValue() }),
    )
    fc.assert(fc.property(fc.array(row, { maxLength: 3 }), (rows) => void said(() => read(...rows))))
  })

  it('takes names as long as they may be', () => {
    expect(read({ ...bid, user: 'x'.repeat(200) }).buyer).toHaveLength(200)
  })

  it('is refused for its length before it is read', () => {
    expect(ORDERS_MAX_BYTES).toBe(33_554_432)
    expect(said(() => readOrders('f', new Uint8Array(ORDERS_MAX_BYTES + 1)))).toBe(
      'orders-too-large: f: 33554433 bytes, at most 33554432 are read; split the file',
    )
    expect(said(() => readOrders('f', new Uint8Array(ORDERS_MAX_BYTES)))).toMatch(/^not-json/)
  })
})

describe('preferences as they are written', () => {
  const energy = { resource: 'energy' }
  const read = (first: object, others: object = {}) => readPreferences({ preferences: [first], ...others })

  it('have what is usual where nothing is said', () => {
    expect(read(energy)).toEqual({
      preferences: [
        {
          ...{
            resource: 'energy',
            leastAmount: 1,
            mostAmount: Number.MAX_SAFE_INTEGER,
            leastUnitMicroSct: 0,
          },
          ...{ hours: null, keptSurplus: 0 },
        },
      ],
      blocked: [],
    })
  })

  it('have hours by the minute, from midnight to midnight', () => {
    const hours = (from: string, until: string) =>
      read({ ...energy, hours: { from, until } }).preferences[0]?.hours
    expect(hours('00:00', '23:59')).toEqual({ fromMinute: 0, untilMinute: 1_439 })
    expect(hours('09:07', '24:00')).toEqual({ fromMinute: 547, untilMinute: 0 })
    for (const wrong of ['24:01', '9:00', '20:60', '25:00', '12:00 ', ' 12:00', 'x']) {
      expect(said(() => hours(wrong, '24:00'))).toBe(
        'bad-field: preferences.0.hours.from: expected a time as 18:30, got "another"',
      )
    }
    expect(said(() => read({ ...energy, hours: { from: 5, until: '24:00' } }))).toContain('a time as 18:30')
    expect(said(() => read({ ...energy, hours: { from: '01:00' } }))).toContain('preferences.0.hours.until')
  })

  it.each([
    ['another resource', () => read({ resource: 'gas' }), 'preferences.0.resource: expected'],
    ['a least of nothing', () => read({ ...energy, leastAmount: 0 }), 'preferences.0.leastAmount: expected'],
    ['a most of nothing', () => read({ ...energy, mostAmount: 0 }), 'preferences.0.mostAmount: expected'],
    ['a price below 0', () => read({ ...energy, leastUnitMicroSct: -1 }), 'preferences.0.leastUnitMicroSct'],
    ['a part of a unit', () => read({ ...energy, keptSurplus: 0.5 }), 'preferences.0.keptSurplus: expected'],
    ['a field of its own', () => read({ ...energy, extra: 1 }), 'preferences.0: '],
    ['a wrong account', () => read(energy, { blocked: ['0x1'] }), 'preferences.0: expected an address'],
    ['nothing at all', () => readPreferences({}), 'preferences: expected array'],
    ['a list', () => readPreferences(5), 'preferences: expected object'],
  ])('are refused with %s, by the field', (_, work, says) => {
    expect(said(work)).toContain(`bad-field: ${says}`)
  })

  it('speak of each resource once, and of a most that is no less than the least', () => {
    const twice = () => readPreferences({ preferences: [energy, { resource: 'water' }, energy] })
    expect(said(twice)).toBe(
      'bad-field: preferences.resource: expected each resource once, got "energy"; remove the second one',
    )
    expect(readPreferences({ preferences: [energy, { resource: 'water' }] }).preferences).toHaveLength(2)
    expect(said(() => read({ ...energy, leastAmount: 5, mostAmount: 5 }))).toBe('')
    expect(said(() => read({ ...energy, leastAmount: 5, mostAmount: 4 }))).toBe(
      'bad-field: preferences.energy.mostAmount: expected at least 5, got 4',
    )
    const blocked = Array.from({ length: 257 }, () => `0x${'11'.repeat(20)}`)
    expect(read(energy, { blocked: blocked.slice(1) }).blocked).toHaveLength(256)
    expect(said(() => read(energy, { blocked }))).toContain('bad-field: preferences')
  })
})

describe('trade rules as they are written', () => {
  const rule = {
    ...{ name: 'Sun', do: 'sell', resource: 'energy', amount: { kind: 'above', percent: 20 } },
    limitMicroSct: 1,
  }
  const read = (change: object) => readTradeRules({ rules: [{ ...rule, ...change }] }).rules[0]

  it('have what is usual where nothing is said', () => {
    expect(readTradeRules({ rules: [] })).toEqual({ keepMicroSct: 0, rules: [] })
    const usual = { when: {}, leastAmount: 1, window: null }
    expect(read({})).toEqual({ ...rule, ...usual, perDay: { times: 24, spendMicroSct: null } })
    const lot = { do: 'buy', amount: { kind: 'fixed', amount: 5 } }
    expect(read(lot)?.perDay).toEqual({ times: 1, spendMicroSct: null })
    expect(read({ ...lot, perDay: { times: 3, spendMicroSct: 9 } })?.perDay).toEqual({
      times: 3,
      spendMicroSct: 9,
    })
    expect(read({ do: 'buy', amount: { kind: 'missing' } })?.perDay.times).toBe(24)
    expect(read({ amount: { kind: 'fixed', amount: 5 } })?.perDay.times).toBe(24)
  })

  const EDGES: readonly (readonly [
    string,
    (value: unknown) => object,
    readonly unknown[],
    readonly unknown[],
  ])[] = [
    ['name', (name) => ({ name }), ['x', 'x'.repeat(60)], ['x'.repeat(61)]],
    ['limitMicroSct', (limitMicroSct) => ({ limitMicroSct }), [1, 1e15], [0, 1e15 + 1, 1.5]],
    ['leastAmount', (leastAmount) => ({ leastAmount }), [1, 2 ** 46], [0, 2 ** 46 + 1]],
    ['perDay.times', (times) => ({ perDay: { times } }), [1, 96], [0, 97]],
    [
      'perDay.spendMicroSct',
      (spendMicroSct) => ({ perDay: { spendMicroSct } }),
      [0, null, 1e15],
      [-1, 1e15 + 1],
    ],
    ['amount.percent', (percent) => ({ amount: { kind: 'share', percent } }), [1, 100], [0, 101]],
    ['amount.percent', (percent) => ({ amount: { kind: 'above', percent } }), [0, 100], [-1, 101]],
    ['amount.amount', (amount) => ({ amount: { kind: 'fixed', amount } }), [1, 2 ** 46], [0, 2 ** 46 + 1]],
    ['when.weekdays', (weekdays) => ({ when: { weekdays } }), [['monday']], [[]]],
    [
      'when.surplusAbovePercent',
      (percent) => ({ when: { surplusAbovePercent: percent } }),
      [0, 100],
      [-1, 101],
    ],
    ['when.hours.from', (from) => ({ when: { hours: { from, until: '24:00' } } }), ['18:30'], ['6:30']],
  ]

  it.each(EDGES)('are bounded in %s, which is named: %#', (field, change, fits, not) => {
    for (const value of fits) expect(said(() => read(change(value)))).toBe('')
    for (const value of not) {
      const name = field === 'name' ? String(value) : 'Sun'
      expect(said(() => read(change(value)))).toMatch(
        new RegExp(`^bad-field: rule "${name}", ${field}: expected `),
      )
    }
  })

  it('are named by their place where they have no name, and said whole where no field is meant', () => {
    expect(said(() => read({ name: '' }))).toMatch(/^bad-field: rule 1, name: .*; correct the rule$/)
    expect(said(() => read({ name: 5 }))).toMatch(/^bad-field: rule 1, name: expected string/)
    expect(said(() => read({ extra: 1 }))).toMatch(/^bad-field: rule "Sun": /)
    expect(said(() => readTradeRules({ rules: [5] }))).toMatch(/^bad-field: rule 1: expected object/)
    expect(said(() => readTradeRules({ keepMicroSct: -1, rules: [] }))).toMatch(/^bad-field: rules: /)
    expect(said(() => readTradeRules(5))).toMatch(/^bad-field: rules: expected object/)
    expect(said(() => readTradeRules({ keepMicroSct: 1e15, rules: [] }))).toBe('')
    const many = (length: number) => Array.from({ length }, (_, i) => ({ ...rule, name: `${i}` }))
    expect(said(() => readTradeRules({ rules: many(32) }))).toBe('')
    expect(said(() => readTradeRules({ rules: many(33) }))).toMatch(/^bad-field: rules: /)
  })
})

describe('a market price that is signed', () => {
  const feed = new Wallet(`0x${'7'.repeat(64)}`)
  const domain = { name: 'SCT', chainId: 1337, token: `0x${'22'.repeat(20)}` }
  const price = { resource: 'water' as const, microEuro: 5, validFromS: 6, validUntilS: 7 }

  it('is of its signer, for one token of one chain, and of nobody known for any other', async () => {
    const signature = await signMarketPrice(feed, domain, price)
    expect(signerOfMarketPrice(domain, price, signature)).toBe(feed.address)
    for (const other of [{ name: 'XYZ' }, { chainId: 1 }, { token: `0x${'33'.repeat(20)}` }]) {
      expect(signerOfMarketPrice({ ...domain, ...other }, price, signature)).not.toBe(feed.address)
    }
    for (const other of [
      { resource: 'energy' as const },
      { microEuro: 6 },
      { validFromS: 5 },
      { validUntilS: 8 },
    ]) {
      expect(signerOfMarketPrice(domain, { ...price, ...other }, signature)).not.toBe(feed.address)
    }
    expect(postArguments(price, signature)).toEqual([3, 5, 6, 7, signature])
  })

  it('is refused where its signature cannot be read', () => {
    expect(said(() => signerOfMarketPrice(domain, price, '0x12'))).toBe(
      'bad-signature: signature: expected 65 bytes of a secp256k1 signature; sign it again',
    )
  })
})
