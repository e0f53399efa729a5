import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readTradeRules, type TradeRulesForm } from '../../protocols/messages/trade-rules.ts'
import { bondOf } from '../../protocols/rules/lot-price.ts'
import { checkBuy, requestOf, type BuyDraft, type BuyFacts } from '../../web/app/src/market/buy-form.ts'
import { firstWindow, momentOf, momentText } from '../../web/app/src/market/window.ts'
import { sizeOf } from '../../web/app/src/model/lot.ts'
import { newsOf } from '../../web/app/src/model/news.ts'
import { checkRule, draftOf, STARTS, type RuleDraft } from '../../web/app/src/rules/rule-draft.ts'
import { WRITING } from '../../web/app/src/rules/rule-words.ts'
import { euro, euroWorth, lotText, nativeText, sct, wholes } from '../../web/app/src/words/money.ts'
import { fieldText, readWritten } from '../../web/app/src/words/written.ts'
import { buyBody } from '../../web/market-messages.ts'
import { ruleForm, type MarketResourceView, type RuleForm } from '../../web/market-model.ts'
import { ruleSentence } from '../../web/rule-words.ts'
import { exampleMarket, OVEN_RULE, SELL_RULE, tradingHome, biddingAuction } from './example-market.ts'
import { exampleHome, NOON_MS } from './example-views.ts'

const plain = (text: string): string => text.replaceAll('\u00a0', ' ')

describe('Money in words', () => {
  it.each([
    [0, '0.00 SCT'],
    [1, '0.000001 SCT'],
    [366_400, '0.3664 SCT'],
    [366_449, '0.3664 SCT'],
    [366_450, '0.3665 SCT'],
    [-366_450, '−0.3665 SCT'],
    [2_000_000, '2.00 SCT'],
    [128_405_000, '128.41 SCT'],
    [9_007_199_254_740_991, '9,007,199,254.74 SCT'],
  ])('%d micro-SCT are %s', (micro, text) => {
    expect(plain(sct(micro))).toBe(text)
  })

  it('never writes something as nothing, and nothing as something', () => {
    fc.assert(
      fc.property(fc.integer({ min: -(10 ** 15), max: 10 ** 15 }), (micro) => {
        expect(/[1-9]/.test(sct(micro))).toBe(micro !== 0)
        expect(sct(micro).startsWith('−')).toBe(micro < 0)
      }),
    )
  })

  it('loses no digit where all are asked for', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: Number.MAX_SAFE_INTEGER }),
        fc.integer({ min: 0, max: 8 }),
        (parts, decimals) => {
          const digits = wholes(parts, decimals, decimals, decimals).replaceAll(/[,.]/g, '')
          expect(BigInt(digits)).toBe(BigInt(parts))
        },
      ),
    )
  })

  it('rounds half away from zero, by integers', () => {
    fc.assert(
      fc.property(fc.nat({ max: 10 ** 14 }), (micro) => {
        const cents = (BigInt(micro) + 5_000n) / 10_000n
        const shown = wholes(micro, 6, 2, 2).replaceAll(/[,.]/g, '')
        if (cents > 0n) expect(BigInt(shown)).toBe(cents)
      }),
    )
  })

  it('tells what SCT are worth without a float between', () => {
    expect(euroWorth(92_572_618, 495_000)).toBe(45_823_446)
    expect(euroWorth(999_999_999_999_999, 505_001)).toBe(505_000_999_999_999)
    expect(euroWorth(-2_000_000, 505_000)).toBe(-1_010_000)
    expect(euroWorth(1, null)).toBeNull()
    expect(plain(euro(45_823_446))).toBe('45.82 €')
  })

  it('writes amounts as short as they are exact', () => {
    expect(plain(lotText('energy', 2_000))).toBe('2 kWh')
    expect(plain(lotText('energy', 1_234))).toBe('1.234 kWh')
    expect(plain(lotText('water', 1_750_000))).toBe('1.75 m³')
    expect(plain(lotText('water', 750_000))).toBe('750 L')
    expect(plain(lotText('water', 1_500))).toBe('1.5 L')
    expect(plain(lotText('water', 1))).toBe('0.001 L')
    expect(nativeText('418210000000000000')).toBe('0.4182')
    expect(nativeText(`1${'0'.repeat(40)}`)).toMatch(/^10,000,000,000,000,000,000,000$/)
  })
})

describe('A number that somebody writes', () => {
  const limits = { decimals: 3, most: 5_000, tooMuch: 'too much', empty: 'nothing' }

  it.each([
    ['2', 2000],
    ['2.5', 2500],
    ['2,5', 2500],
    [' 0.125 ', 125],
    ['.5', 500],
    ['1.500000', 1500],
    ['5', 5000],
  ])('%s is read as %d parts', (text, parts) => {
    expect(readWritten(text, limits)).toEqual({ parts })
  })

  it.each([
    ['', 'nothing'],
    ['0', 'above zero'],
    ['0.000', 'above zero'],
    ['-1', 'above zero'],
    ['0.0001', 'At most 3 digits'],
    ['5.001', 'too much'],
    ['9'.repeat(400), 'too much'],
    ['1,234.5', 'one point or comma'],
    ['two', 'digits'],
    ['.', 'digits'],
    ['1e3', 'digits'],
    ['0x10', 'digits'],
  ])('%s is refused, and the reason says what to write', (text, reason) => {
    const read = readWritten(text, limits)
    expect('problem' in read ? read.problem : 'was read').toContain(reason)
  })

  it('is read back exactly as a field is filled in with it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10 ** 15 }),
        fc.integer({ min: 0, max: 6 }),
        (parts, decimals) => {
          const most = Number.MAX_SAFE_INTEGER
          expect(readWritten(fieldText(parts, decimals), { ...limits, decimals, most })).toEqual({ parts })
        },
      ),
    )
  })
})

const market = exampleMarket()
const of = (resource: string): MarketResourceView => {
  const found = market.resources.find((each) => each.resource === resource)
  if (found === undefined) throw new Error(`the example has no ${resource}`)
  return found
}
const facts = (resource = 'energy', part: Partial<BuyFacts> = {}): BuyFacts => ({
  of: of(resource),
  wallet: market.wallet,
  period: exampleHome().period,
  sampleMs: 2000,
  leadMs: market.leadMs,
  nowMs: NOON_MS,
  ...part,
})
const draft = (part: Partial<BuyDraft> = {}): BuyDraft => ({
  resource: 'energy',
  amount: '2',
  maxPrice: '0.8',
  from: '',
  until: '',
  ...part,
})

describe('A buy form', () => {
  const id = '0123456789abcdef0123456789abcdef'

  it('asks for what was written, to the last digit', () => {
    const form = draft({ amount: '1.234', maxPrice: '0.345678' })
    const request = requestOf(form, checkBuy(form, facts()), id)
    expect(request).toEqual({
      requestId: id,
      resource: 'energy',
      amount: 1_234,
      maxPriceMicroSct: 345_678,
      fromMs: null,
      untilMs: null,
    })
    expect(buyBody.parse(request)).toEqual(request)
  })

  it.each([
    [draft({ amount: '0' }), 'amount', 'above zero'],
    [draft({ amount: '1.2345' }), 'amount', 'At most 3 digits'],
    [draft({ amount: '5000000' }), 'amount', 'can be asked for'],
    [draft({ amount: '500' }), 'amount', 'buy SCT first'],
    [draft({ maxPrice: '0' }), 'maxPrice', 'above zero'],
    [draft({ maxPrice: '0.1234567' }), 'maxPrice', 'At most 6 digits'],
    [draft({ maxPrice: '1.3' }), 'maxPrice', 'may cost more than 1.20 SCT'],
    [draft({ maxPrice: '' }), 'maxPrice', 'the most that you would pay'],
  ] as const)('refuses %o by its %s', (form, field, reason) => {
    const checked = checkBuy(form, facts())
    expect(plain(checked.problems[field] ?? '')).toContain(reason)
    expect(requestOf(form, checked, id)).toBeNull()
  })

  it('refuses what the period has no time for, and a community without a ceiling', () => {
    const soon = { ...exampleHome().period, endsAtMs: NOON_MS + 30_000 }
    expect(checkBuy(draft(), facts('energy', { period: soon })).problems.form).toContain('next one')
    const open = { ...of('energy'), ceilingMicroSctPerUnit: null }
    expect(checkBuy(draft(), facts('energy', { of: open })).problems.form).toContain('no ceiling price')
  })

  it('lends power in whole slots within one billing period', () => {
    const at = (ms: number): string => momentText(ms, 1)
    const power = (fromMs: number, untilMs: number): BuyDraft =>
      draft({ resource: 'power', maxPrice: '0.3', from: at(fromMs), until: at(untilMs) })
    const hour = 3_600_000
    const form = power(NOON_MS + hour + 1000, NOON_MS + 2 * hour + 1000)
    const request = requestOf(form, checkBuy(form, facts('power')), id)
    expect(request).toMatchObject({ fromMs: NOON_MS + hour, untilMs: NOON_MS + 2 * hour + 2000 })
    const end = exampleHome().period.endsAtMs
    const reason = (fromMs: number, untilMs: number): string => {
      const { from, until } = checkBuy(power(fromMs, untilMs), facts('power')).problems
      return from ?? until ?? ''
    }
    expect(reason(NOON_MS, NOON_MS + hour)).toContain('Begin later')
    expect(reason(NOON_MS + 2 * hour, NOON_MS + hour)).toContain('End later')
    expect(reason(end - hour, end + hour)).toContain('billing period')
    expect(reason(end, end + hour)).toBe('')
  })

  it('begins with a window that it accepts, whatever the time and the period', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 90_000, max: 30 * 86_400_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (length, share) => {
          const startsAtMs = Math.floor(NOON_MS / length) * length
          const period = { index: 1, startsAtMs, endsAtMs: startsAtMs + length }
          const now = startsAtMs + Math.floor(share * (length - 1))
          const leadMs = Math.min(market.leadMs, length / 6)
          const form = draft({ resource: 'power', ...firstWindow(period, leadMs, now) })
          const { from, until } = checkBuy(form, facts('power', { period, nowMs: now, leadMs })).problems
          expect({ from, until }).toEqual({ from: null, until: null })
        },
      ),
    )
  })

  it('shows the bond that the contract will take', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 ** 9 }), (amount) => {
        const form = draft({ amount: fieldText(amount, 3) })
        const { window, bondMicroSct } = checkBuy(form, facts())
        if (window === null) throw new Error('energy has no window')
        const size = sizeOf({ resource: 'energy', amount, ...window }, 2000)
        expect(bondMicroSct).toBe(Number(bondOf(size, 600_000)))
      }),
    )
  })

  it('reads a moment as it writes it', () => {
    expect(momentOf(momentText(NOON_MS + 1000, 1))).toBe(NOON_MS + 1000)
    expect(momentOf(momentText(NOON_MS, 60))).toBe(NOON_MS)
    expect(momentOf('')).toBeNull()
    expect(momentOf('tomorrow')).toBeNull()
  })
})

const rules = fc.record({
  verb: fc.constantFrom('sell' as const, 'buy' as const),
  resource: fc.constantFrom('energy' as const, 'power' as const, 'water' as const),
  part: fc.integer({ min: 1, max: 100 }),
  amount: fc.integer({ min: 1, max: 10 ** 6 }),
  limitMicroSct: fc.integer({ min: 1, max: 10 ** 12 }),
  kind: fc.nat(2),
  hours: fc.option(fc.constantFrom({ from: '08:00', until: '10:30' }, { from: '22:00', until: '24:00' })),
  weekdays: fc.option(fc.subarray(['monday', 'friday', 'saturday'] as const, { minLength: 1 })),
  times: fc.option(fc.integer({ min: 1, max: 96 })),
})

/** Any rule that the form can write. */
const anyRule = rules.map(
  ({ verb, resource, part, amount, limitMicroSct, kind, hours, weekdays, times }): RuleForm => {
    const sale = [
      { kind: 'above' as const, percent: part },
      { kind: 'share' as const, percent: part },
    ]
    const bought = { kind: 'missing' as const }
    const fixed = { kind: 'fixed' as const, amount }
    return {
      name: 'a rule',
      do: verb,
      resource,
      when: { hours: hours ?? undefined, weekdays: weekdays === null ? undefined : [...weekdays] },
      amount: kind === 2 ? fixed : verb === 'buy' ? bought : (sale[kind] ?? fixed),
      leastAmount: undefined,
      limitMicroSct,
      window: verb === 'buy' && resource === 'power' ? { from: '11:00', until: '13:00' } : undefined,
      perDay: times === null ? undefined : { times, spendMicroSct: undefined },
    }
  },
)

describe('A rule on a page', () => {
  it('comes out of its form as it went in, and the home’s gateway can read it', () => {
    fc.assert(
      fc.property(anyRule, (rule) => {
        const checked = checkRule(draftOf(rule))
        expect(checked.problems).toEqual({})
        const sent: unknown = JSON.parse(JSON.stringify(checked.rule))
        expect(sent).toEqual(JSON.parse(JSON.stringify(rule)))
        expect(ruleForm.parse(sent)).toEqual(sent)
        const form = { rules: [ruleForm.parse(sent)] } satisfies TradeRulesForm
        expect(readTradeRules(form).rules[0]?.limitMicroSct).toBe(rule.limitMicroSct)
      }),
    )
  })

  it('needs only a price where a page offers a beginning', () => {
    for (const { draft: begin } of STARTS) {
      const asked = checkRule({ ...begin, name: 'a name' }).problems
      expect(Object.keys(asked)).toEqual(['limit'])
      expect(checkRule({ ...begin, name: 'a name', limit: '0.3' }).rule).not.toBeNull()
    }
  })

  it.each<[Partial<RuleDraft>, string]>([
    [{ name: ' ' }, 'name'],
    [{ percent: '101' }, 'percent'],
    [{ percent: '' }, 'percent'],
    [{ limit: '' }, 'limit'],
    [{ limit: '0' }, 'limit'],
    [{ limit: '0.0000001' }, 'limit'],
    [{ days: [] }, 'days'],
    [{ hoursFrom: '08:00' }, 'hoursUntil'],
    [{ hoursFrom: '08:00', hoursUntil: '08:00' }, 'hoursUntil'],
    [{ times: '97' }, 'times'],
    [{ kind: 'fixed', amount: '' }, 'amount'],
    [{ do: 'buy', resource: 'power', kind: 'missing' }, 'windowFrom'],
  ])('with %o is refused by its field', (part, field) => {
    const { rule, problems } = checkRule({ ...draftOf(SELL_RULE), ...part })
    expect(rule).toBeNull()
    expect(Object.keys(problems)).toEqual([field])
  })

  it('is said in one sentence', () => {
    const words = (rule: RuleForm): string => plain(ruleSentence(rule, WRITING))
    expect(words(SELL_RULE)).toBe('Sell the spare water above 20 % of the quota, at least 3.80 SCT per m³.')
    expect(words(OVEN_RULE)).toBe(
      'On Saturday from 08:00 to 10:00, buy 2 kW of power from 11:00 to 13:00, ' +
        'at most 0.095 SCT per kW and hour, once a day.',
    )
    const careful = {
      ...SELL_RULE,
      amount: { kind: 'share' as const, percent: 50 },
      when: { weekdays: ['sunday' as const, 'saturday' as const], marketPriceAtLeastMicroSct: 4_000_000 },
      leastAmount: 100_000,
      perDay: { times: 3 },
    }
    expect(words(careful)).toBe(
      'At the weekend, when the market price is 4.00 SCT per m³ or more, sell 50 % of the spare water, ' +
        'at least 3.80 SCT per m³, never less than 100 L, at most 3 times a day.',
    )
  })
})

describe('News of the market', () => {
  it('are a request that was not there, and an auction that is decided', () => {
    const before = tradingHome({ ...market, requests: [] })
    expect(plain(newsOf(before, tradingHome()))).toBe('A neighbour asks for 750 L.')
    const decided = {
      ...biddingAuction(NOON_MS),
      phase: 'delivering' as const,
      won: true,
      priceMicroSct: 720_000,
    }
    const after = tradingHome({ ...market, auctions: [decided] })
    expect(plain(newsOf(tradingHome(), after))).toBe('You bought 2 kWh for 0.72 SCT.')
    expect(newsOf(tradingHome(), tradingHome())).toBe('')
    expect(newsOf(null, tradingHome())).toBe('')
  })
})
