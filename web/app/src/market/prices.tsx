import type { JSX } from 'preact'
import type { LotSize } from '../../../../protocols/rules/lot-price.ts'
import type { MarketResourceView, WalletView } from '../../../market-model.ts'
import { atPrice, estimateMicroSct } from '../model/lot.ts'
import { Card } from '../parts/card.tsx'
import { Row, Rows } from '../parts/rows.tsx'
import { aboutEuro, finePrice, LOT_UNITS, sct, shareText } from '../words/money.ts'

/** What the resource costs elsewhere, and what neighbours paid (figure 8). */
export function Prices({ of, wallet }: { of: MarketResourceView; wallet: WalletView }): JSX.Element {
  const { marketMicroEurPerUnit, marketMicroSctPerUnit, tradingMicroSctPerUnit, ceilingMicroSctPerUnit } = of
  const each = (microSct: number | null): string => (microSct === null ? 'not known yet' : sct(microSct))
  return (
    <Card id="prices" title={`Prices of one ${LOT_UNITS[of.resource].price}`} icon="total">
      <Rows>
        <Row
          name="Common market"
          more={marketMicroEurPerUnit === null ? '' : finePrice(marketMicroEurPerUnit)}
        >
          {each(marketMicroSctPerUnit)}
        </Row>
        <Row name="Community average" more={againstMarket(of)}>
          {tradingMicroSctPerUnit === null ? 'no trades yet' : sct(tradingMicroSctPerUnit)}
        </Row>
        <Row
          name="Ceiling"
          more={
            ceilingMicroSctPerUnit === null ? '' : aboutEuro(ceilingMicroSctPerUnit, wallet.sctBuyMicroEur)
          }
        >
          {each(ceilingMicroSctPerUnit)}
        </Row>
      </Rows>
    </Card>
  )
}

function againstMarket({ tradingMicroSctPerUnit: paid, marketMicroSctPerUnit: market }: MarketResourceView) {
  if (paid === null || market === null || market === 0) return ''
  const ppm = Math.round(((paid - market) * 1_000_000) / market)
  if (ppm === 0) return 'as the market'
  return `${shareText(ppm)} ${ppm < 0 ? 'under' : 'over'} the market`
}

/** Prices that a lot could be asked for at, to begin with. */
export function suggestionsOf(
  of: MarketResourceView,
  size: LotSize | null,
): readonly { readonly text: string; readonly microSct: number }[] {
  if (size === null) return []
  const at = (text: string, microSct: number | null) =>
    microSct === null || microSct === 0 ? [] : [{ text, microSct }]
  return [
    ...at('Estimate', estimateMicroSct(size, of)),
    ...at('Market price', atPrice(size, of.marketMicroSctPerUnit)),
  ]
}
