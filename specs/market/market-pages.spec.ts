import { describe, expect, it } from 'vitest'
import { UNDECIDED } from '../../actors/auction/undecided.ts'
import type { AuctionBidTable, AuctionTable, OwnTradeTable } from '../../actors/storage/schema.ts'
import { billsOf, tradeViewOf } from '../../bin/host/market/account-views.ts'
import { auctionViewOf } from '../../bin/host/market/auction-view.ts'
import { orderFrom, type BuyFacts } from '../../bin/host/market/buy-check.ts'
import type { OwnAuction } from '../../bin/host/market/market-rows.ts'
import { tradingPrices } from '../../bin/host/market/trading-prices.ts'
import { codeOf } from '../../protocols/rules/fault.ts'
import { spareInWords } from '../../protocols/rules/spare-words.ts'
import type { BuyRequest } from '../../web/market-messages.ts'
import { auctionView } from '../../web/market-model.ts'

const SCT = 1_000_000
const BUYER = `0x${'11'.repeat(20)}`
const SELLER = `0x${'22'.repeat(20)}`
const OTHER = `0x${'33'.repeat(20)}`
const times = { sampleMs: 2_000, slotsPerBilling: 30, blockMs: 1_000 }
const PERIOD = 10
const STARTS_MS = PERIOD * 60_000
const head = { number: 120, timestampMs: STARTS_MS + 20_000 }

const BIDDING: AuctionTable = {
  id: `0x${'0'.repeat(8)}${'11'.repeat(20)}${'0'.repeat(15)}1`,
  buyer: BUYER,
  seal: `0x${'44'.repeat(32)}`,
  resource: 1,
  period: PERIOD,
  from_slot: 0,
  until_slot: 0,
  amount: 2_000,
  bond: String(4 * SCT),
  commit_end_ms: STARTS_MS + 25_000,
  show_end_ms: STARTS_MS + 38_000,
  reveal_s: 10,
  offered_at_ms: STARTS_MS + 15_000,
  block: 115,
  ...UNDECIDED,
}
const AWARDED: AuctionTable = {
  ...BIDDING,
  state: 'awarded',
  max_price: String(3 * SCT),
  reveal_end_ms: STARTS_MS + 40_000,
  winner: SELLER,
  price: String(2 * SCT),
  decided_at_ms: STARTS_MS + 35_000,
}
const PARTLY: AuctionTable = {
  ...AWARDED,
  state: 'settled',
  delivered: 1_500,
  paid: String(1.5 * SCT),
  penalty: '50000',
  settled_at_ms: STARTS_MS + 90_000,
}

const bid = (seller: string, position: number, value: number | null): AuctionBidTable => ({
  auction: BIDDING.id,
  seller,
  position,
  block: 118,
  value: value === null ? null : String(value),
  revealed_block: value === null ? null : 130,
})
const OPENED = [bid(SELLER, 1, SCT), bid(OTHER, 2, 2 * SCT)]

function tradeOf(account: string, auction: AuctionTable, bids: readonly AuctionBidTable[]): OwnAuction {
  const isBuyer = account === BUYER
  const own: OwnTradeTable = {
    subject: isBuyer ? 'order-1' : auction.id,
    role: isBuyer ? 'buyer' : 'seller',
    auction: auction.id,
    stage: 'negotiation',
    request: null,
    value: String(SCT),
    salt: null,
    because: '',
    bond: auction.bond,
    attempts: 0,
    round: 0,
    created_at_ms: STARTS_MS,
  }
  return { own, auction, bids, refunded: true }
}

const seen = (account: string) => ({ account, times, head, securityBps: 2_000 })
const view = (account: string, auction: AuctionTable, bids: readonly AuctionBidTable[]) =>
  auctionView.parse(auctionViewOf(tradeOf(account, auction, bids), seen(account)))
const moves = (account: string, auction: AuctionTable, bids: readonly AuctionBidTable[]) =>
  view(account, auction, bids).movements.map(({ kind, microSct, done }) => [kind, microSct / SCT, done])

describe('An auction on the page of a home', () => {
  it('is in its phase by block time, with locks until the bids are shown', () => {
    const bidding = view(BUYER, BIDDING, [bid(SELLER, 1, null)])
    expect(bidding).toMatchObject({ phase: 'bidding', phaseEndsAtMs: BIDDING.commit_end_ms, byRule: false })
    expect(bidding.seals).toEqual([{ account: SELLER, own: false, valueMicroSct: null }])
    expect(bidding).toMatchObject({ bondMicroSct: 4 * SCT, depositMicroSct: 0, cancellable: false })
    expect(view(BUYER, BIDDING, []).cancellable).toBe(true)
  })

  it('says who pays what: the same sums on both sides, before and after delivery', () => {
    expect(moves(BUYER, AWARDED, OPENED)).toEqual([
      ['locked', 2, true],
      ['returned', 2, true],
      ['pays', 2, false],
    ])
    expect(moves(SELLER, AWARDED, OPENED)).toEqual([
      ['locked', 0.2, true],
      ['returned', 3.8, true],
      ['gets', 2, false],
      ['returned', 0.2, false],
    ])
    expect(moves(BUYER, PARTLY, OPENED).slice(2)).toEqual([
      ['pays', 1.5, true],
      ['returned', 0.5, true],
      ['gets', 0.05, true],
    ])
    expect(moves(SELLER, PARTLY, OPENED).slice(2)).toEqual([
      ['gets', 1.5, true],
      ['returned', 0.15, true],
      ['pays', 0.05, true],
    ])
  })

  it('is lost to who was undercut, whose bond is back, and to who did not open, whose bond is gone', () => {
    expect(view(OTHER, AWARDED, OPENED)).toMatchObject({ won: false, phase: 'paid', priceMicroSct: null })
    expect(moves(OTHER, AWARDED, OPENED)).toEqual([['returned', 4, true]])
    const silent = [bid(SELLER, 1, SCT), bid(OTHER, 2, null)]
    expect(moves(OTHER, AWARDED, silent)).toEqual([['forfeited', 4, true]])
  })
})

describe('The account of a home', () => {
  const account = (of: string, awards: readonly AuctionTable[]) => ({
    account: of,
    times,
    prices: tradingPrices(awards, times),
    nowMs: STARTS_MS + 100_000,
    sctMicroEur: 500_000,
  })

  it('bills a trade at its price until delivery, and at what was paid after it', () => {
    const [waiting] = billsOf([AWARDED], [], account(BUYER, [AWARDED]))
    expect(waiting).toMatchObject({ closed: false, totalMicroSct: 2 * SCT, totalMicroEur: SCT })
    const [paid] = billsOf([PARTLY], [], account(BUYER, [PARTLY]))
    expect(paid?.rows.map(({ microSct }) => microSct)).toEqual([1.5 * SCT, -50_000])
    expect(paid?.closed).toBe(true)
    const [sold] = billsOf([PARTLY], [], account(SELLER, [PARTLY]))
    expect(sold?.totalMicroSct).toBe(-(paid?.totalMicroSct ?? 0))
  })

  it('holds the price of a trade against what neighbours paid before it', () => {
    const before = { ...PARTLY, id: `${BIDDING.id.slice(0, -1)}2`, price: String(4 * SCT) }
    const trade = tradeViewOf(PARTLY, account(BUYER, [PARTLY, before]))
    expect(trade).toMatchObject({ againstTradingPpm: -500_000, outcome: 'partly', counterparty: SELLER })
    expect(trade.text).toBe('The seller used 0.5 kWh of it itself, and paid you 0.05 SCT for that.')
    expect(tradeViewOf(before, account(BUYER, [PARTLY, before])).againstTradingPpm).toBeNull()
  })
})

describe('A wish to buy', () => {
  const quota = { energyWh: 5_000, powerW: 3_000, waterMl: 100_000 }
  const facts: BuyFacts = {
    times,
    leadMs: 37_000,
    nowMs: STARTS_MS + 5_000,
    own: quota,
    community: { energyWh: 20_000, powerW: 12_000, waterMl: 400_000 },
    ceilingMicroSct: 2 * SCT,
    freeMicroSct: BigInt(100 * SCT),
  }
  const wish: BuyRequest = {
    requestId: '0'.repeat(32),
    resource: 'energy',
    amount: 2_000,
    maxPriceMicroSct: SCT,
    fromMs: null,
    untilMs: null,
  }
  const refusal = (change: Partial<BuyRequest>, against: Partial<BuyFacts> = {}): string => {
    try {
      orderFrom({ ...wish, ...change }, { ...facts, ...against })
      return ''
    } catch (thrown) {
      return codeOf(thrown)
    }
  }

  it('becomes an order of the period, without a reason of a rule', () => {
    expect(orderFrom(wish, facts)).toEqual({
      ...{ resource: 1, period: PERIOD, fromSlot: 0, untilSlot: 0 },
      ...{ amount: 2_000, maxPriceMicroSct: String(SCT), because: '' },
    })
    const power = { resource: 'power', fromMs: STARTS_MS + 44_000, untilMs: STARTS_MS + 50_000 } as const
    expect(orderFrom({ ...wish, ...power, maxPriceMicroSct: 100 }, facts)).toMatchObject({
      resource: 2,
      fromSlot: PERIOD * 30 + 22,
      untilSlot: PERIOD * 30 + 25,
    })
  })

  it('is refused by name before anything is signed', () => {
    expect(refusal({ amount: 0 })).toBe('above-quota')
    expect(refusal({ amount: 15_000, maxPriceMicroSct: SCT })).toBe('')
    expect(refusal({ amount: 15_001 })).toBe('above-quota')
    expect(refusal({ maxPriceMicroSct: 4 * SCT })).toBe('')
    expect(refusal({ maxPriceMicroSct: 4 * SCT + 1 })).toBe('price-out-of-range')
    expect(refusal({}, { freeMicroSct: BigInt(4 * SCT) })).toBe('')
    expect(refusal({}, { freeMicroSct: BigInt(4 * SCT - 1) })).toBe('not-enough-balance')
    expect(refusal({}, { nowMs: STARTS_MS + 23_000 })).toBe('')
    expect(refusal({}, { nowMs: STARTS_MS + 23_001 })).toBe('too-late')
    expect(refusal({}, { ceilingMicroSct: null })).toBe('no-ceiling')
    expect(refusal({}, { own: null })).toBe('no-quota')
    const power = { resource: 'power', maxPriceMicroSct: 1 } as const
    expect(refusal({ ...power, fromMs: STARTS_MS + 41_000, untilMs: STARTS_MS + 50_000 })).toBe('too-late')
    const over = { ...power, fromMs: STARTS_MS + 50_000, untilMs: STARTS_MS + 61_000 }
    expect(refusal(over)).toBe('window-outside-period')
  })
})

describe('What can be spared', () => {
  it('is said with what it is made of', () => {
    const forecast = { likely: 900, usual: 600, marginPpm: 500_000, stretches: 0 }
    expect(spareInWords('energy', { left: 3_000, offered: 0, forecast })).toBe(
      '3 kWh of your quota is left, and you usually use 0.6 kWh more by the period’s end; ' +
        '50 % more is kept, since little is known of your use yet.',
    )
    expect(spareInWords('water', { left: 3_000, offered: 500, forecast: null })).toMatch(/^Nothing is known/)
  })
})
