import type { JSX } from 'preact'
import type { AuctionView, WalletView } from '../../../market-model.ts'
import { nowMs } from '../model/live.ts'
import { withdraw } from '../model/market.ts'
import { addressOf } from '../model/route.ts'
import { Card, Empty } from '../parts/card.tsx'
import { ConfirmButton } from '../parts/confirm-button.tsx'
import { Banner } from '../parts/frame.tsx'
import { PageHead } from '../parts/page-head.tsx'
import { Row, Rows } from '../parts/rows.tsx'
import { ago } from '../words/format.ts'
import { aboutEuro, euroNumber, euroWorth, finePrice, nativeText, sct, sctNumber } from '../words/money.ts'
import { dealText } from '../market/lot-words.ts'
import type { MarketPageProps } from '../market/market-pages.tsx'
import { TokensForm } from './tokens-form.tsx'

/** What the home owns, what of it is bound, and the way from SCT to money and back (figure 8a). */
export function WalletPage({ market }: MarketPageProps): JSX.Element {
  const { wallet } = market
  return (
    <>
      <PageHead title="Wallet" />
      {wallet.pricesStale ? (
        <Banner>
          {wallet.pricesAtMs === null
            ? 'There is no price of SCT yet: buying and selling SCT waits for it.'
            : 'The price of SCT is too old to trust: buying and selling SCT waits for a new one.'}{' '}
          Trading goes on.
        </Banner>
      ) : null}
      <div class="columns columns-even">
        <div class="column">
          <Balance wallet={wallet} />
          <Locked auctions={market.auctions} wallet={wallet} />
        </div>
        <div class="column">
          <TokensForm wallet={wallet} />
          <Worth wallet={wallet} />
        </div>
      </div>
    </>
  )
}

export const totalOf = ({ balanceMicroSct, creditMicroSct, lockedMicroSct }: WalletView): number =>
  balanceMicroSct + creditMicroSct + lockedMicroSct

function Balance({ wallet }: { readonly wallet: WalletView }): JSX.Element {
  const { balanceMicroSct, creditMicroSct, lockedMicroSct, sctSellMicroEur } = wallet
  const total = totalOf(wallet)
  const worth = euroWorth(total, sctSellMicroEur)
  const share = (part: number): string => `${total === 0 ? 0 : (100 * part) / total}%`
  return (
    <section class="card balance" aria-labelledby="balance-title">
      <h2 id="balance-title">Balance</h2>
      <p class="balance-number" data-testid="balance">
        <strong>{worth === null ? sctNumber(total) : euroNumber(worth)}</strong>{' '}
        <span>{worth === null ? 'SCT' : '€'}</span>
      </p>
      {worth === null ? null : <p class="balance-tokens">{sct(total)}</p>}
      <div class="shares" aria-hidden="true">
        <i class="share-free" style={{ width: share(balanceMicroSct) }} />
        <i class="share-credit" style={{ width: share(creditMicroSct) }} />
        <i class="share-locked" style={{ width: share(lockedMicroSct) }} />
      </div>
      <ul class="share-keys">
        <li class="share-key-free">
          <span>In your wallet</span>
          <strong>{sct(balanceMicroSct)}</strong>
        </li>
        <li class="share-key-credit">
          <span>Free in the market</span>
          <strong>{sct(creditMicroSct)}</strong>
        </li>
        <li class="share-key-locked">
          <span>Locked in auctions</span>
          <strong>{sct(lockedMicroSct)}</strong>
        </li>
      </ul>
      {creditMicroSct === 0 ? null : (
        <div class="buttons">
          <ConfirmButton
            label={`Take ${sct(creditMicroSct)} out of the market`}
            confirm="Press again: it goes to your wallet"
            act={withdraw}
          />
        </div>
      )}
    </section>
  )
}

const boundIn = ({ bondMicroSct, depositMicroSct }: AuctionView): number => bondMicroSct + depositMicroSct

function Locked(props: {
  readonly auctions: readonly AuctionView[]
  readonly wallet: WalletView
}): JSX.Element {
  const bound = props.auctions.filter(
    (auction) => auction.phase !== 'paid' && auction.phase !== 'failed' && boundIn(auction) > 0,
  )
  return (
    <Card id="locked" title="What is locked, and why" icon="lock">
      {bound.length === 0 ? (
        <Empty icon="check">Nothing is locked. Bonds of auctions stand here until they come back.</Empty>
      ) : (
        <Rows>
          {bound.map((auction) => (
            <Row key={auction.id} name={dealText(auction.role, auction, false)} more={boundText(auction)}>
              {sct(boundIn(auction))}
            </Row>
          ))}
        </Rows>
      )}
      {bound.length === 0 ? null : (
        <a class="button button-wide" href={addressOf('auctions')}>
          See the auctions
        </a>
      )}
    </Card>
  )
}

function boundText({ bondMicroSct, depositMicroSct }: AuctionView): string {
  if (depositMicroSct === 0) return 'bond'
  return bondMicroSct === 0 ? 'deposit' : 'bond and deposit'
}

function Worth({ wallet }: { readonly wallet: WalletView }): JSX.Element {
  const { sctBuyMicroEur, sctSellMicroEur, pricesAtMs, nativeWei } = wallet
  const price = (microEur: number | null): string =>
    microEur === null ? 'not known yet' : finePrice(microEur)
  return (
    <Card id="worth" title="What SCT are worth" icon="total">
      <Rows>
        <Row name="Buying one SCT costs">{price(sctBuyMicroEur)}</Row>
        <Row name="Selling one SCT brings">{price(sctSellMicroEur)}</Row>
        <Row name="Price from" more="follows the market price of energy">
          {pricesAtMs === null ? 'no price yet' : ago(pricesAtMs, nowMs.value)}
        </Row>
        <Row name="Coins for ledger fees" more="refilled from your SCT by itself">
          {nativeText(nativeWei)}
        </Row>
      </Rows>
    </Card>
  )
}

/** The balance in a few words, for other pages. */
export function balanceText(wallet: WalletView): string {
  const about = aboutEuro(totalOf(wallet), wallet.sctSellMicroEur)
  return about === '' ? sct(totalOf(wallet)) : `${sct(totalOf(wallet))}, ${about}`
}
