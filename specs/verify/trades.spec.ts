import { beforeAll, describe, expect, it } from 'vitest'
import { marketLab, ANN, BOB, BUYER, CAROL, DAN, LOT, refundAll } from '../chain/contracts/market.ts'
import { POWER, type MarketLab, type Secret } from '../../bench/market-lab.ts'
import { FAULT_CODES } from '../../chain/verify/report.ts'
import { verifyCommunity } from '../../chain/verify/verify.ts'
import { lyingNode, type Lie } from './lying-node.ts'
import { another, more, retold } from './retold.ts'
import { rewrittenHistory } from './rewritten-history.ts'

const TRADE_CODES = Object.keys(FAULT_CODES).filter((code) =>
  ['auction', 'sealed-value', 'award', 'exchange', 'payment', 'tokens', 'calldata'].includes(code),
)

const lab = marketLab()
let awarded: Secret

/** One auction of every end: awarded and accepted, awarded in silence, lent, and failed in four ways. */
async function everyEnd(market: MarketLab): Promise<void> {
  const bids = [
    [ANN, 500_000n],
    [BOB, 600_000n],
    [CAROL, 1_200_000n],
  ] as const
  awarded = await market.auction(LOT, bids)
  await refundAll(market, awarded, 'refundSucceed', [BUYER, ANN, BOB, CAROL])
  await market.lab.do(market.to(BUYER, 'confirmResourceExchange', awarded.id))

  const first = (await market.period()) * market.lab.contracts.slotsPerBilling
  const window = { fromSlot: first + 130, untilSlot: first + 140 }
  const lent = await market.auction({ ...LOT, resource: POWER, ...window, maxPrice: 9_000n }, [[DAN, 5_000n]])
  await refundAll(market, lent, 'refundSucceed', [BUYER, DAN])

  await market.lab.do(market.to(BUYER, 'cancel', (await market.offer(LOT)).id))
}

/** The next period: nobody under the maximum price, and a seller that does not reveal. */
async function everyFailure(market: MarketLab): Promise<void> {
  const dear = await market.auction(LOT, [[ANN, 1_000_000n]])
  await refundAll(market, dear, 'refundFail', [BUYER, ANN])
  const silent = await market.offer(LOT)
  await market.bid(silent, ANN, 500_000n)
  await market.bid(silent, BOB, 400_000n)
  await market.show(silent)
  await market.reveal(silent, ANN)
  await market.pass(60)
  await market.check(silent)
  await refundAll(market, silent, 'refundSucceed', [BUYER, ANN, BOB])
  await market.close(silent)
  await market.lab.do(market.to(DAN, 'claimForfeit', silent.id))
  await market.pass(market.lab.contracts.auctions.decisionSeconds)
  await market.lab.do(market.to(CAROL, 'confirmResourceExchange', silent.id))
}

/** To the first second of the next billing period, so that its end is far. */
async function nextPeriod(market: MarketLab): Promise<void> {
  const { sampleMs, slotsPerBilling } = market.lab.contracts
  const period = (await market.period()) + 1
  await market.passTo(BigInt(Math.ceil((period * slotsPerBilling * sampleMs) / 1_000)))
}

beforeAll(async () => {
  await nextPeriod(lab())
  await everyEnd(lab())
  await lab().close(awarded)
  await everyFailure(lab())
})

/** The lab's accounts sign nothing, so that only the faults of trades are looked at. */
async function tradeFaults(lie: Lie | null) {
  const { chain, contracts } = lab().lab
  const { chainId, genesisHash } = contracts
  const node = lie === null ? null : await lyingNode(chain.rpc, lie)
  const report = await verifyCommunity({
    rpc: node?.rpc ?? chain.rpc,
    contracts,
    chainId,
    genesisHash,
    rows: null,
  })
  await node?.close()
  const faults = report.faults.filter(({ code }) => TRADE_CODES.includes(code))
  return { faults, codes: faults.map(({ code }) => code), checked: report.checked }
}

/** Whichever auction failed first: the order of two in one block is the node's. */
const otherReason = (told: unknown): bigint => (told === 4n ? 3n : 4n)

describe('verify, of trades', () => {
  it('finds nothing wrong with auctions of every end', async () => {
    const { faults, checked } = await tradeFaults(null)
    expect(faults).toEqual([])
    expect(checked.trades).toBe(5)
  })

  it.each([
    ['a seal', 'calldata', retold('trading', 'BidReceived', { seal: () => `0x${'22'.repeat(32)}` })],
    ['an earlier end of the bids', 'auction', retold('trading', 'OfferMade', { commitEnd: () => 1n })],
    ['a turn', 'auction', retold('trading', 'BidReceived', { index: more })],
    ['an end of the reveals', 'auction', retold('trading', 'MaxPriceShown', { revealEnd: () => 1n })],
    ['a maximum price', 'sealed-value', retold('trading', 'MaxPriceShown', { maxPrice: more })],
    ['a bid', 'sealed-value', retold('trading', 'BidRevealed', { value: more })],
    ['a winner', 'award', retold('trading', 'AuctionAwarded', { winner: another })],
    ['a price', 'award', retold('trading', 'AuctionAwarded', { price: more })],
    ['a held deposit', 'award', retold('trading', 'AuctionAwarded', { held: more })],
    ['a reason', 'award', retold('trading', 'AuctionFailed', { reason: otherReason })],
    ['a lock', 'exchange', retold('quota', 'QuotaLocked', { amount: more })],
    ['an exchange', 'exchange', retold('quota', 'QuotaMoved', { amount: more })],
    ['a loan', 'exchange', retold('quota', 'PowerLent', { untilSlot: more })],
    ['a freed lock', 'exchange', retold('quota', 'QuotaReleased', { amount: more })],
    ['a refund', 'payment', retold('trading', 'Refunded', { amount: more })],
    ['what was delivered', 'payment', retold('trading', 'ExchangeConfirmed', { delivered: () => 1n })],
    ['a payment', 'payment', retold('trading', 'ExchangeConfirmed', { paid: more })],
    ['a penalty', 'payment', retold('trading', 'ExchangeConfirmed', { penalty: more })],
    ['a deposit', 'tokens', retold('trading', 'Deposited', { amount: more })],
    ['a transfer', 'tokens', retold('token', 'Transfer', { value: more })],
  ])('names another %s that a node tells: %s', async (_, code, lie) => {
    expect((await tradeFaults(lie())).codes).toContain(code)
  })

  it('names a bid that was changed in the whole history, though every hash fits again', async () => {
    const { chain } = lab().lab
    const [honest, lied] = [500_000n, 500_001n].map((value) => value.toString(16).padStart(64, '0'))
    const lie = await rewrittenHistory(chain.rpc, honest ?? '', lied ?? '')
    const { faults } = await tradeFaults(lie)
    const named = faults.filter(({ code }) => code === 'sealed-value')
    expect(named.map(({ home }) => home)).toEqual([ANN, ANN])
    expect(named[0]?.field).toBe(`bid of auction ${awarded.id}`)
  })
})
