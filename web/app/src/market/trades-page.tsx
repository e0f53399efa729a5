import type { JSX } from 'preact'
import type { TradeView } from '../../../market-model.ts'
import { nowMs } from '../model/live.ts'
import { FileLink } from '../parts/file-link.tsx'
import { Icon } from '../parts/icons.tsx'
import { Nothing, PageHead } from '../parts/page-head.tsx'
import { count, moment, shortHex } from '../words/format.ts'
import { lotText, sct, shareText } from '../words/money.ts'
import { dealText } from './lot-words.ts'
import type { MarketPageProps } from './market-pages.tsx'

/** What was bought and sold, each over or under the trading price of its time. */
export function TradesPage({ market }: MarketPageProps): JSX.Element {
  const { history } = market
  if (history.length === 0) {
    return (
      <>
        <PageHead title="Trades" />
        <Nothing title="No trade is over yet">
          <p>When an auction is paid, it stands here: how much, at what price, and with whom.</p>
          <a class="button" href="#/buy">
            Buy something
          </a>
        </Nothing>
      </>
    )
  }
  return (
    <>
      <div class="head-row">
        <PageHead title="Trades">{summaryOf(history)}</PageHead>
        <FileLink href="/api/trades.csv" text="All trades (CSV)" />
      </div>
      <ul class="card trades">
        {history.map((trade) => (
          <Trade key={`${trade.id}-${trade.role}`} trade={trade} />
        ))}
      </ul>
    </>
  )
}

function Trade({ trade }: { readonly trade: TradeView }): JSX.Element {
  const { role, resource, amount, delivered, outcome, counterparty, atMs, paidMicroSct, text } = trade
  return (
    <li class="trade" data-testid="trade">
      <span class={`lot-icon lot-${resource}`}>
        <Icon name={resource} />
      </span>
      <div class="trade-what">
        <p class="trade-title">
          {dealText(role, trade, true)}
          {outcome === 'delivered' ? null : (
            <span class={outcome === 'partly' ? 'chip chip-warn' : 'chip chip-over'}>
              {outcome === 'partly' ? `${lotText(resource, delivered)} came` : 'nothing came'}
            </span>
          )}
        </p>
        <p class="alarm-meta">
          <span>{moment(atMs, nowMs.value)}</span>
          <span>
            {role === 'buyer' ? 'from' : 'to'} {shortHex(counterparty)}
          </span>
        </p>
      </div>
      <div class="trade-price">
        <strong>
          {role === 'buyer' ? '−' : '+'}
          {sct(paidMicroSct)}
        </strong>
        <Against trade={trade} />
        {amount === delivered ? null : <small class="soft">price {sct(trade.priceMicroSct)}</small>}
      </div>
      {text === '' ? null : <p class="trade-text">{text}</p>}
    </li>
  )
}

/** Over or under the trading price: good for one side, bad for the other. */
function Against({ trade }: { readonly trade: TradeView }): JSX.Element {
  const { againstTradingPpm: ppm, role } = trade
  if (ppm === null) return <small class="soft">first of its kind</small>
  if (ppm === 0) return <small class="soft">at the trading price</small>
  const good = ppm < 0 === (role === 'buyer')
  return (
    <small class={good ? 'is-good' : 'is-bad'}>
      {shareText(ppm)} {ppm < 0 ? 'under' : 'over'} trading price
    </small>
  )
}

function summaryOf(history: readonly TradeView[]): string {
  const bought = history.filter(({ role }) => role === 'buyer')
  const sold = history.filter(({ role }) => role === 'seller')
  const sum = (trades: readonly TradeView[]): number =>
    trades.reduce((total, { paidMicroSct }) => total + paidMicroSct, 0)
  const part = (verb: string, trades: readonly TradeView[]): readonly string[] =>
    trades.length === 0 ? [] : [`${verb} ${count(trades.length)} for ${sct(sum(trades))}`]
  return `${[...part('Bought', bought), ...part(bought.length === 0 ? 'Sold' : 'sold', sold)].join(', ')}.`
}
