import type { AuctionTable } from '../../../actors/storage/schema.ts'
import { resourceOf } from '../../../protocols/rules/resource.ts'
import { amountInWords, sctInWords } from '../../../protocols/rules/trade-rules/words.ts'
import {
  MARKET_LIST_LIMIT,
  type BillRowView,
  type BillView,
  type MarketRole,
  type TradeView,
} from '../../../web/market-model.ts'
import { lotOf, periodSpan, type MarketTimes } from './market-times.ts'
import { unitPaid, type TradingPrices } from './trading-prices.ts'

/** How an account is read by people: its begin and its end. */
export const shortAccount = (account: string): string => `${account.slice(0, 6)}…${account.slice(-4)}`

const PPM = 1_000_000
const MICRO = 1_000_000

/** Who looks at the trades of a community. */
export interface AccountSeen {
  readonly account: string
  readonly times: MarketTimes
  readonly prices: TradingPrices
  readonly nowMs: number
  /** What one SCT is worth now; null before the first price. */
  readonly sctMicroEur: number | null
}

const roleOf = ({ buyer }: AuctionTable, account: string): MarketRole =>
  buyer === account ? 'buyer' : 'seller'

/** A price against the trading price of then, in millionths of it. */
function againstTrading(trade: AuctionTable, { prices, times }: AccountSeen): number | null {
  const before = prices.before(trade.id)
  const paid = unitPaid(trade, times)
  return before === null || before === 0 || paid === null
    ? null
    : Math.round(((paid - before) * PPM) / before)
}

function tradeText(trade: AuctionTable, role: MarketRole): string {
  const resource = resourceOf(trade.resource)
  const missing = trade.amount - (trade.delivered ?? 0)
  if (missing === 0) return ''
  const words = amountInWords(resource, missing)
  const penalty = sctInWords(Number(trade.penalty ?? 0))
  return role === 'buyer'
    ? `The seller used ${words} of it itself, and paid you ${penalty} for that.`
    : `You used ${words} of it yourself, and paid the buyer ${penalty} for that.`
}

/** A trade that is over. */
export function tradeViewOf(trade: AuctionTable, seen: AccountSeen): TradeView {
  const role = roleOf(trade, seen.account)
  const delivered = trade.delivered ?? 0
  const outcome = delivered === trade.amount ? 'delivered' : delivered === 0 ? 'failed' : 'partly'
  return {
    id: trade.id,
    role,
    ...lotOf(trade, seen.times),
    delivered,
    priceMicroSct: Number(trade.price ?? 0),
    paidMicroSct: Number(trade.paid ?? 0),
    compensationMicroSct: Number(trade.penalty ?? 0),
    againstTradingPpm: againstTrading(trade, seen),
    counterparty: role === 'buyer' ? (trade.winner ?? trade.buyer) : trade.buyer,
    atMs: trade.settled_at_ms ?? trade.decided_at_ms ?? trade.offered_at_ms,
    outcome,
    text: tradeText(trade, role),
  }
}

interface Owed {
  readonly text: string
  readonly resource: BillRowView['resource']
  readonly amount: number | null
  readonly microSct: number
}

/** What a trade puts on a bill: its price while delivery is waited for, then what was paid. */
function rowsOf(trade: AuctionTable, { account }: AccountSeen): Owed[] {
  const resource = resourceOf(trade.resource)
  const isBuyer = trade.buyer === account
  const sign = isBuyer ? 1 : -1
  const other = shortAccount(isBuyer ? (trade.winner ?? '') : trade.buyer)
  const who = isBuyer ? `Bought from ${other}` : `Sold to ${other}`
  if (trade.state !== 'settled') {
    const text = `${who}, if it is delivered`
    return [{ text, resource, amount: trade.amount, microSct: sign * Number(trade.price ?? 0) }]
  }
  const row = { text: who, resource, amount: trade.delivered, microSct: sign * Number(trade.paid ?? 0) }
  const penalty = Number(trade.penalty ?? 0)
  if (penalty === 0) return [row]
  const missing = { resource, amount: trade.amount - (trade.delivered ?? 0), microSct: -sign * penalty }
  return [row, { text: isBuyer ? 'For what did not come' : 'For what you did not deliver', ...missing }]
}

const lostRow = (trade: AuctionTable, account: string): Owed => ({
  text: trade.buyer === account ? 'Bond lost: maximum not shown' : 'Bond lost: bid not opened',
  resource: null,
  amount: null,
  microSct: Number(trade.bond),
})

function euroOf(microSct: number, sctMicroEur: number | null): number | null {
  return sctMicroEur === null ? null : Math.round((microSct * sctMicroEur) / MICRO)
}

/** The bills of all billing periods with a line, the newest first, by the home's trades and lost bonds. */
export function billsOf(
  trades: readonly AuctionTable[],
  lost: readonly AuctionTable[],
  seen: AccountSeen,
): BillView[] {
  const periods = [...new Set([...trades, ...lost].map(({ period }) => period))].sort((a, b) => b - a)
  return periods.map((period) => {
    const { fromMs, untilMs } = periodSpan(period, seen.times)
    const own = trades.filter((trade) => trade.period === period)
    const rows = [
      ...own.flatMap((trade) => rowsOf(trade, seen)),
      ...lost.filter((trade) => trade.period === period).map((trade) => lostRow(trade, seen.account)),
    ]
    const total = rows.reduce((sum, { microSct }) => sum + microSct, 0)
    return {
      period,
      startsAtMs: fromMs,
      endsAtMs: untilMs,
      closed: seen.nowMs >= untilMs && own.every(({ state }) => state === 'settled'),
      rows: rows
        .slice(0, MARKET_LIST_LIMIT)
        .map((row) => ({ ...row, microEur: euroOf(row.microSct, seen.sctMicroEur) })),
      totalMicroSct: total,
      totalMicroEur: euroOf(total, seen.sctMicroEur),
    }
  })
}
