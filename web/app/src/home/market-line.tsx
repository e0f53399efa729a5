import type { JSX } from 'preact'
import type { MarketResourceView, MarketView } from '../../../market-model.ts'
import { addressOf } from '../model/route.ts'
import { Icon } from '../parts/icons.tsx'
import { euro, euroWorth, lotText, RESOURCE_NAMES, sct } from '../words/money.ts'
import { restText } from '../market/quota-line.tsx'
import { totalOf } from '../wallet/wallet-page.tsx'

/**
 * The wallet, and each quota as it will likely end, with a way to buy more (figure 8a). A home that was
 * removed keeps its wallet only.
 */
export function MarketLine(props: { readonly market: MarketView; readonly buys: boolean }): JSX.Element {
  const { market, buys } = props
  const { wallet, resources } = market
  const total = totalOf(wallet)
  const worth = euroWorth(total, wallet.sctSellMicroEur)
  return (
    <section class="card market-line" aria-label="Wallet and quotas">
      <a class="market-wallet" href={addressOf('wallet')} data-testid="wallet-line">
        <Icon name="wallet" />
        <span>
          <span class="unseen">Wallet: </span>
          <strong>{worth === null ? sct(total) : euro(worth)}</strong>
          <small>
            {[
              ...(worth === null ? [] : [sct(total)]),
              ...(wallet.lockedMicroSct === 0 ? [] : [`${sct(wallet.lockedMicroSct)} locked`]),
            ].join(', ')}
          </small>
        </span>
      </a>
      {buys ? (
        <ul class="market-quotas">
          {resources.map((of) => (
            <QuotaEnd key={of.resource} of={of} />
          ))}
        </ul>
      ) : null}
    </section>
  )
}

function shortText(of: MarketResourceView): string {
  const { resource, likelyByEnd } = of
  if (likelyByEnd === null) return 'No forecast yet'
  const rest = restText(of)
  return `Likely ${lotText(resource, likelyByEnd)}${rest === '' ? '' : `, ${rest}`}`
}

function QuotaEnd({ of }: { readonly of: MarketResourceView }): JSX.Element {
  const { resource, quota, likelyByEnd } = of
  const short = quota !== null && likelyByEnd !== null && likelyByEnd > quota
  return (
    <li class={short ? 'is-short' : ''}>
      <Icon name={resource} />
      <p>
        <strong>{RESOURCE_NAMES[resource]}</strong>
        <small>{shortText(of)}</small>
      </p>
      <a
        class={`button${short ? ' button-loud' : ''}`}
        href={addressOf('buy', resource)}
        aria-label={`Buy ${resource}`}
      >
        Buy
      </a>
    </li>
  )
}
