import type { JSX } from 'preact'
import type { PricesView } from '../../../read-model.ts'
import { nowMs } from '../model/live.ts'
import { Card, Empty } from '../parts/card.tsx'
import { Banner, Note } from '../parts/frame.tsx'
import { Row, Rows } from '../parts/rows.tsx'
import { ago, moment } from '../words/format.ts'
import { finePrice, LOT_UNITS } from '../words/money.ts'

const NAMES = { energy: 'Energy', power: 'Power', water: 'Water' } as const

/** What the ledger holds of market prices, how old it is, and whether somebody must look after the source. */
export function Prices({ prices }: { readonly prices: PricesView | null }): JSX.Element {
  return (
    <Card
      id="prices"
      title="Market prices"
      icon="market"
      aside={prices === null ? undefined : <span data-testid="prices-age">{ageText(prices)}</span>}
    >
      {prices === null || prices.market.length === 0 ? (
        <Empty icon="market">The first prices are on their way to the ledger.</Empty>
      ) : (
        <PriceRows prices={prices} />
      )}
      <PriceNotice prices={prices} />
    </Card>
  )
}

function PriceRows({ prices: { market, token, source } }: { readonly prices: PricesView }): JSX.Element {
  return (
    <>
      <Rows>
        {market.map(({ resource, microEur, validUntilMs }) => (
          <Row
            key={resource}
            name={`${NAMES[resource]}, ${LOT_UNITS[resource].price}`}
            more={untilText(validUntilMs)}
          >
            {finePrice(microEur)}
          </Row>
        ))}
        {token === null ? null : (
          <Row name="One SCT" more={`brings ${finePrice(token.sellMicroEur)}`} strong>
            {finePrice(token.buyMicroEur)}
          </Row>
        )}
      </Rows>
      <p class="quiet">From {source}</p>
    </>
  )
}

function PriceNotice({ prices }: { readonly prices: PricesView | null }): JSX.Element | null {
  if (prices === null || prices.notice === null) return null
  return prices.alarm ? <Banner>{prices.notice}</Banner> : <Note>{prices.notice}</Note>
}

function untilText(validUntilMs: number): string {
  const when = moment(validUntilMs, nowMs.value)
  return validUntilMs > nowMs.value ? `until ${when}` : `ended ${when}`
}

function ageText({ market }: PricesView): string {
  const newest = Math.max(0, ...market.map(({ postedAtMs }) => postedAtMs))
  return newest === 0 ? 'none yet' : ago(newest, nowMs.value)
}
