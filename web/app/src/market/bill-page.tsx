import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { BillRowView, BillView } from '../../../market-model.ts'
import { nowMs } from '../model/live.ts'
import { FileLink } from '../parts/file-link.tsx'
import { Nothing, PageHead } from '../parts/page-head.tsx'
import { moment } from '../words/format.ts'
import { euro, lotText, sct } from '../words/money.ts'
import type { MarketPageProps } from './market-pages.tsx'

/** What the home owes or gets, billing period by billing period. */
export function BillPage({ market }: MarketPageProps): JSX.Element {
  const { bills } = market
  const [chosen, setChosen] = useState<number | null>(null)
  const bill = bills.find(({ period }) => period === chosen) ?? bills[0]
  if (bill === undefined) {
    return (
      <>
        <PageHead title="Bill" />
        <Nothing title="There is no bill yet">
          <p>It begins with the first trade or penalty of this billing period.</p>
        </Nothing>
      </>
    )
  }
  return (
    <>
      <div class="head-row">
        <PageHead title="Bill">
          {spanText(bill)}. {bill.closed ? 'Closed.' : 'Still running: it can change.'}
        </PageHead>
        <FileLink href="/api/bill.csv" text="All bills (CSV)" />
      </div>
      {bills.length < 2 ? null : (
        <label class="picker">
          <span>Billing period</span>
          <select onChange={(event) => setChosen(Number(event.currentTarget.value))}>
            {bills.map((each) => (
              <option key={each.period} value={each.period} selected={each.period === bill.period}>
                {spanText(each)}
              </option>
            ))}
          </select>
        </label>
      )}
      <Lines bill={bill} />
    </>
  )
}

function Lines({ bill }: { readonly bill: BillView }): JSX.Element {
  const owes = bill.totalMicroSct >= 0
  return (
    <div class="card">
      <table class="bill">
        <caption class="unseen">Bill of {spanText(bill)}</caption>
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col">SCT</th>
            <th scope="col">Euro</th>
          </tr>
        </thead>
        <tbody>
          {bill.rows.map((row, index) => (
            <Line key={`${index}-${row.text}`} row={row} />
          ))}
        </tbody>
        <tfoot>
          <tr data-testid="bill-total">
            <th scope="row">{owes ? 'You owe' : 'You get'}</th>
            <td>{sct(Math.abs(bill.totalMicroSct))}</td>
            <td>{bill.totalMicroEur === null ? '–' : euro(Math.abs(bill.totalMicroEur))}</td>
          </tr>
        </tfoot>
      </table>
      {bill.rows.length === 0 ? <p class="form-hint">Nothing was bought, sold or charged.</p> : null}
    </div>
  )
}

function Line({ row }: { readonly row: BillRowView }): JSX.Element {
  const { text, resource, amount, microSct, microEur } = row
  return (
    <tr data-testid="bill-row" class={microSct < 0 ? 'is-got' : ''}>
      <th scope="row">
        {text}
        {resource === null || amount === null ? null : <small>{lotText(resource, amount)}</small>}
      </th>
      <td>{sct(microSct)}</td>
      <td>{microEur === null ? '–' : euro(microEur)}</td>
    </tr>
  )
}

const spanText = ({ startsAtMs, endsAtMs }: BillView): string =>
  `${moment(startsAtMs, nowMs.value)} to ${moment(endsAtMs, nowMs.value)}`
