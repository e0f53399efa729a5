import type { JSX } from 'preact'
import type { MarketResourceView, MarketView } from '../../../market-model.ts'
import { estimateMicroSct, perUnit, sizeOf } from '../model/lot.ts'
import { Row, Rows } from '../parts/rows.tsx'
import { duration } from '../words/format.ts'
import { aboutEuro, sct, unitPriceText } from '../words/money.ts'
import { fundsOf, type CheckedBuy } from './buy-form.ts'

interface BuyCostsProps {
  readonly of: MarketResourceView
  readonly checked: CheckedBuy
  readonly market: MarketView
  readonly sampleMs: number
}

/** What an offer costs at most, what it will likely cost, and what it locks until then. */
export function BuyCosts({ of, checked, market, sampleMs }: BuyCostsProps): JSX.Element {
  const { amount, window, maxPriceMicroSct, bondMicroSct } = checked
  const { wallet, leadMs } = market
  if (amount === null || window === null) {
    return <p class="form-hint">Write an amount, and the costs stand here.</p>
  }
  const size = sizeOf({ resource: of.resource, amount, ...window }, sampleMs)
  const estimate = estimateMicroSct(size, of)
  const most = maxPriceMicroSct
  return (
    <div class="costs" data-testid="costs">
      <Rows>
        <Row name="Estimate" more={estimate === null ? '' : aboutEuro(estimate, wallet.sctBuyMicroEur)}>
          {estimate === null ? 'not known yet' : sct(estimate)}
        </Row>
        <Row name="You pay at most" more={most === null ? '' : aboutEuro(most, wallet.sctBuyMicroEur)} strong>
          {most === null ? '–' : sct(most)}
        </Row>
        {most === null ? null : <Row name="That is">{unitPriceText(of.resource, perUnit(size, most))}</Row>}
        <Row name="Bond locked meanwhile" more={bondMicroSct === null ? '' : stays(bondMicroSct, market)}>
          {bondMicroSct === null ? 'not known yet' : sct(bondMicroSct)}
        </Row>
      </Rows>
      <p class="form-hint">
        The auction takes about {duration(leadMs)}. The bond is the same for everybody, so that it tells
        nothing about your price. It pays the price, and the rest comes back.
      </p>
    </div>
  )
}

function stays(bond: number, { wallet }: MarketView): string {
  const rest = fundsOf(wallet) - bond
  return rest < 0 ? 'more than is free' : `${sct(rest)} stay free`
}

/** How the price is found, for whoever has not met a sealed auction. */
export function SecondPrice({ strict }: { readonly strict: boolean }): JSX.Element {
  return (
    <details class="card explained" open>
      <summary>How the price is found</summary>
      <ol class="explained-steps">
        <li>Your maximum is sealed. Neighbours see only what you need.</li>
        <li>Whoever can spare it seals a bid. Nobody sees a bid of anybody else.</li>
        <li>All seals are opened. The lowest bid wins, if it is not above your maximum.</li>
        <li>
          You pay the second-lowest bid. So a seller gains nothing by asking for more than it wants, and you
          gain nothing by writing less than your true limit.
        </li>
        <li>
          {strict
            ? 'If the second-lowest bid is above your maximum, or missing, nothing is bought.'
            : 'If the second-lowest bid is above your maximum, or missing, you pay your maximum.'}
        </li>
      </ol>
    </details>
  )
}
