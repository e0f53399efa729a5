import { decimalOf, scaledDecimalOf } from '../../protocols/rules/decimal.ts'
import type { BillView, MarketResource, TradeView } from '../market-model.ts'

/** How amounts of a resource are written for people: so many decimals of this unit. */
const UNITS: Readonly<Record<MarketResource, { readonly name: string; readonly decimals: number }>> = {
  energy: { name: 'kWh', decimals: 3 },
  power: { name: 'kW', decimals: 3 },
  water: { name: 'm3', decimals: 6 },
}

/**
 * All trades as a CSV file (RFC 4180): exact decimals, UTC times, the newest first. A spreadsheet opens it
 * as it is.
 */
export function tradesFile(trades: readonly TradeView[]): string {
  return csv([
    [
      ...[
        'time',
        'role',
        'resource',
        'amount',
        'delivered',
        'unit',
        'from',
        'until',
        'price SCT',
        'paid SCT',
      ],
      ...['compensation SCT', 'against trading price %', 'counterparty', 'outcome', 'auction', 'text'],
    ],
    ...trades.map((trade) => [
      timeOf(trade.atMs),
      trade.role,
      trade.resource,
      amountOf(trade.resource, trade.amount),
      amountOf(trade.resource, trade.delivered),
      UNITS[trade.resource].name,
      timeOf(trade.fromMs),
      timeOf(trade.untilMs),
      decimalOf(trade.priceMicroSct),
      decimalOf(trade.paidMicroSct),
      decimalOf(trade.compensationMicroSct),
      trade.againstTradingPpm === null ? '' : scaledDecimalOf(trade.againstTradingPpm, 4),
      trade.counterparty,
      trade.outcome,
      trade.id,
      harmless(trade.text),
    ]),
  ])
}

/** All bills as one CSV file, line by line; positive is owed, negative is received. */
export function billFile(bills: readonly BillView[]): string {
  return csv([
    ['period', 'begin', 'end', 'closed', 'line', 'resource', 'amount', 'unit', 'SCT', 'EUR'],
    ...bills.flatMap((bill) => {
      const about = [String(bill.period), timeOf(bill.startsAtMs), timeOf(bill.endsAtMs), yesNo(bill.closed)]
      const euros = (microEur: number | null): string => (microEur === null ? '' : decimalOf(microEur))
      return [
        ...bill.rows.map(({ text, resource, amount, microSct, microEur }) => [
          ...about,
          harmless(text),
          resource ?? '',
          resource === null || amount === null ? '' : amountOf(resource, amount),
          resource === null || amount === null ? '' : UNITS[resource].name,
          decimalOf(microSct),
          euros(microEur),
        ]),
        [...about, 'Total', '', '', '', decimalOf(bill.totalMicroSct), euros(bill.totalMicroEur)],
      ]
    }),
  ])
}

const amountOf = (resource: MarketResource, amount: number): string =>
  scaledDecimalOf(amount, UNITS[resource].decimals)
const timeOf = (atMs: number): string => new Date(atMs).toISOString()
const yesNo = (value: boolean): string => (value ? 'yes' : 'no')

/** A text that begins like a formula would be computed by a spreadsheet: an apostrophe makes it a text. */
function harmless(text: string): string {
  return /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
}

function csv(rows: readonly (readonly string[])[]): string {
  const cell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
  return rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('')
}
