import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { runClear } from '../../bin/commands/clear.ts'
import { readOrders } from '../../protocols/messages/orders.ts'

const entry = fileURLToPath(new URL('cli.ts', import.meta.url))

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'meterhood-clear-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))
afterEach(() => {
  vi.restoreAllMocks()
})

/** The command in a process of its own. */
const clearProcess = (args: readonly string[], input = '') => {
  const done = spawnSync(process.execPath, ['--import', 'tsx', entry, 'clear', ...args], {
    input,
    encoding: 'utf8',
  })
  return { code: done.status, stdout: done.stdout, stderr: done.stderr }
}

/** The same command within this process, which starts in no time. */
async function clearing(text: string, flags: Parameters<typeof runClear>[1] = { json: true }) {
  const said = { stdout: '', stderr: '' }
  vi.spyOn(console, 'log').mockImplementation((line: string) => {
    said.stdout += `${line}\n`
  })
  vi.spyOn(console, 'error').mockImplementation((line: string) => {
    said.stderr += `${line}\n`
  })
  const file = join(folder, 'orders.json')
  writeFileSync(file, text)
  return { code: await runClear(file, flags), ...said }
}

const BID = '{"id":"b1","user":"ana","side":"bid","price":20,"qty":2}'
const offer = (id: string, price: string, qty = '2') =>
  `{"id":"${id}","user":"${id}","side":"offer","price":${price},"qty":${qty}}`
const file = (...rows: string[]) => `[${rows.join(',\n')}]`

/** Numbers as a generator of files writes them: with up to six decimals, or without a point. */
const written = fc
  .tuple(fc.nat(300), fc.nat(999_999), fc.integer({ min: 0, max: 6 }))
  .map(([whole, fraction, decimals]) =>
    decimals === 0 ? String(whole) : `${whole}.${String(fraction).padStart(6, '0').slice(0, decimals)}`,
  )

describe('meterhood clear', () => {
  it('picks the lowest of 10,000 offers and pays the second lowest, in a process of its own', () => {
    const rows = Array.from({ length: 10_000 }, (_, i) =>
      offer(`o${i}`, (30 - (i % 7_919) / 1_000).toFixed(3)),
    )
    rows[17] = offer('o17', '18.5')
    rows[9_000] = offer('o9000', '18.97')
    const path = join(folder, 'ten-thousand.json')
    writeFileSync(path, file(...rows.slice(0, 5_000), BID, ...rows.slice(5_000)))
    const { code, stdout, stderr } = clearProcess([path, '--json'])
    expect(stderr).toBe('')
    expect(code).toBe(0)
    expect(stdout).toBe('{"winner":"o17","winningBid":18.5,"price":18.97,"reason":null}\n')
  })

  it('reads standard input for -, and explains in words without --json', () => {
    const orders = file(BID, offer('o1', '12'), offer('o2', '11'))
    expect(clearProcess(['-', '--json'], orders).stdout).toBe(
      '{"winner":"o2","winningBid":11,"price":12,"reason":null}\n',
    )
    expect(clearProcess(['-'], orders)).toEqual({
      code: 0,
      stdout: 'o2 wins with 11, the lowest of 2 offers.\nana pays 12: the second lowest offer.\n',
      stderr: '',
    })
  })

  it('is the rule on any file of that form, its prices printed as they were given', async () => {
    const rows = fc.array(written, { maxLength: 8 })
    const cap = fc.tuple(written, fc.nat(8))
    await fc.assert(
      fc.asyncProperty(rows, cap, async (prices, [most, at]) => {
        const lines = prices.map((price, i) => offer(`o${i}`, price))
        lines.splice(at, 0, BID.replace(':20,', `:${most},`))
        const { code, stdout } = await clearing(file(...lines))
        expect(code).toBe(0)
        // Doubles order decimals of this size as the decimals themselves are ordered.
        const sorted = prices.map((price, i) => [Number(price), `o${i}`] as const)
        sorted.sort(([a], [b]) => a - b)
        const [first, second] = sorted
        const wins = first !== undefined && first[0] <= Number(most)
        expect(JSON.parse(stdout)).toEqual({
          winner: wins ? first[1] : null,
          winningBid: wins ? first[0] : null,
          price: wins ? Math.min(second?.[0] ?? Infinity, Number(most)) : null,
          reason: wins ? null : prices.length === 0 ? 'no-offers' : 'none-under-cap',
        })
      }),
      { numRuns: 300 },
    )
  })

  it.each([
    ['a sole offer', [offer('o1', '7')], 'o1 wins with 7, the only offer.\nana pays 20: the cap, as nobody'],
    ['a second above the cap', [offer('o1', '7'), offer('o2', '21')], 'ana pays 20: the cap.'],
    ['no offers', [], 'Nobody wins: ana bids up to 20, and nobody offers.'],
    [
      'none under the cap',
      [offer('o1', '20.000001')],
      'Nobody wins: no offer is at or below ana’s cap of 20.',
    ],
  ])('says in words what comes of %s, and exits 0', async (_, offers, says) => {
    const { code, stdout } = await clearing(file(BID, ...offers), {})
    expect(stdout).toContain(says)
    expect(code).toBe(0)
  })

  it('has the paper’s rule behind --strict', async () => {
    const orders = file(BID, offer('o1', '7'), offer('o2', '21'))
    const strict = await clearing(orders, { json: true, strict: true })
    expect(JSON.parse(strict.stdout)).toEqual({
      winner: null,
      winningBid: null,
      price: null,
      reason: 'second-above-cap',
    })
    expect((await clearing(orders, { strict: true })).stdout).toContain('by the strict rule')
  })

  it('gives a tie to the earlier line, however the equal prices are written', async () => {
    const { stdout } = await clearing(
      file(BID, offer('late', '8'), offer('o1', '7.50'), offer('o2', '75e-1')),
    )
    expect(stdout).toBe('{"winner":"o1","winningBid":7.5,"price":7.5,"reason":null}\n')
  })

  it('tells apart prices that differ in the sixth decimal, up to the largest', async () => {
    const big = BID.replace(':20,', ':999999999.999999,')
    const { stdout } = await clearing(
      file(big, offer('o1', '999999999.999998'), offer('o2', '999999999.999997')),
    )
    expect(stdout).toBe(
      '{"winner":"o2","winningBid":999999999.999997,"price":999999999.999998,"reason":null}\n',
    )
  })

  it.each([
    ['no JSON', 'bid 20', 'orders.json: expected JSON', 'correct the file'],
    ['NaN', file(BID, offer('o1', 'NaN')), 'orders.json: expected JSON', 'correct the file'],
    ['an empty file', '', 'orders.json: expected JSON', 'correct the file'],
    ['no list', '{"bids":[]}', 'expected a list', 'put the orders in [ ]'],
    ['a list in a list', '[[]]', 'row 1: expected an order', 'correct that row'],
    ['no bid', file(offer('o1', '1')), 'side: expected one order with side "bid"', 'add the buyer’s order'],
    ['two bids', file(BID, BID.replace('b1', 'b2')), 'row 2: side: expected one bid', 'in a file of its own'],
    ['a negative price', file(BID, offer('o1', '-1')), 'row 2 price: expected a number from 0 up', ''],
    [
      'a price too fine',
      file(BID, offer('o1', '18.9700001')),
      'row 2 price: expected at most 6 dec',
      'round it',
    ],
    [
      'a price finer than a double',
      file(BID, offer('o1', '18.97000000000000000001')),
      'row 2 price: expected at most 6 decimals, got "18.97000000000000000001"',
      'round it',
    ],
    ['a price too high', file(BID, offer('o1', '1e9')), 'row 2 price: expected at most 999999999.999999', ''],
    ['an endless price', file(BID, offer('o1', '1e999')), 'row 2 price: expected at most 999999999', ''],
    [
      'a price of digits',
      file(BID, offer('o1', '9'.repeat(60))),
      'row 2 price: expected a decimal number',
      '',
    ],
    [
      'a price in quotes',
      file(BID, offer('o1', '"18"')),
      'row 2 price: expected a number, without quotes',
      '',
    ],
    ['an amount of 0', file(BID, offer('o1', '1', '0.0')), 'row 2 qty: expected an amount above 0', 'remove'],
    [
      'another quantity',
      file(BID, offer('o1', '1', '1.999999')),
      'row 2: qty: expected the whole quantity',
      '',
    ],
    ['an id twice', file(BID, offer('b1', '1')), 'row 2: id: "b1" is the id of row 1 too', 'id of its own'],
    ['a sale to oneself', file(BID, offer('ana', '1')), 'row 2: user: "ana" made the bid of row 1', 'remove'],
    ['an unknown side', file(BID.replace('bid', 'ask')), 'row 1 side: expected "bid" (', 'correct that row'],
    ['a missing field', file('{"id":"b1","side":"bid","price":1,"qty":1}'), 'row 1 user: expected text', ''],
  ])('refuses %s with exit 2, naming row, field and fix', async (_, text, says, fix) => {
    const { code, stdout, stderr } = await clearing(text)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(says)
    expect(stderr).toContain(fix)
    expect(stderr).toMatch(/^clear: .+\n$/)
  })

  it('refuses a file that is not there', async () => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    expect(await runClear(join(folder, 'none.json'), {})).toBe(2)
    expect(error.mock.calls[0]?.[0]).toMatch(/^clear: orders: .*none\.json .*check its path$/)
  })

  it('takes no other reading of a string for a number, and ignores further fields', () => {
    const tricky = BID.replace('"ana"', String.raw`"n1\"2,\\"`).replace('{', '{"note":[1,{"n2":-3.5e+1}],')
    const orders = readOrders('x', new TextEncoder().encode(file(tricky, offer('o1', '7'))))
    expect(orders).toEqual({
      buyer: 'n1"2,\\',
      cap: 20_000_000,
      quantity: 2_000_000,
      offers: [{ id: 'o1', user: 'o1', price: 7_000_000 }],
    })
  })
})
