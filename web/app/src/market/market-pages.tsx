import type { JSX } from 'preact'
import type { MarketView } from '../../../market-model.ts'
import type { HomeView } from '../../../read-model.ts'
import { route, type MarketPage } from '../model/route.ts'
import { Banner } from '../parts/frame.tsx'
import { MarketTabs } from '../parts/nav.tsx'
import { Nothing, PageHead } from '../parts/page-head.tsx'
import { RulesPage } from '../rules/rules-page.tsx'
import { WalletPage } from '../wallet/wallet-page.tsx'
import { AuctionsPage } from './auctions-page.tsx'
import { BillPage } from './bill-page.tsx'
import { BuyPage } from './buy-page.tsx'
import { RequestsPage } from './requests-page.tsx'
import { TradesPage } from './trades-page.tsx'

/** What every page of the market is given. */
export interface MarketPageProps {
  readonly home: HomeView
  readonly market: MarketView
}

const PAGES: Readonly<Record<MarketPage, (props: MarketPageProps) => JSX.Element>> = {
  buy: BuyPage,
  requests: RequestsPage,
  auctions: AuctionsPage,
  trades: TradesPage,
  bill: BillPage,
  wallet: WalletPage,
  rules: RulesPage,
}

/** The page of the market that the address names. */
export function MarketPages({ home, page }: { home: HomeView; page: MarketPage }): JSX.Element {
  const { market } = home
  if (market === null) return <NoMarket />
  if (market.state.phase === 'starting') return <MarketSkeleton text={market.state.text} />
  const Shown = PAGES[page]
  const tabbed = page !== 'wallet' && page !== 'rules'
  return (
    <>
      {tabbed ? <MarketTabs market={market} /> : null}
      {market.state.phase === 'open' ? null : <Banner>{market.state.text}</Banner>}
      <Shown key={`${page}/${route.value.detail}`} home={home} market={market} />
    </>
  )
}

function NoMarket(): JSX.Element {
  return (
    <>
      <PageHead title="Market" />
      <Nothing title="There is no market here yet">
        <p>It opens by itself when this home has joined its community.</p>
        <a class="button" href="#/home">
          Back to the home
        </a>
      </Nothing>
    </>
  )
}

function MarketSkeleton({ text }: { readonly text: string }): JSX.Element {
  return (
    <div class="skeleton" aria-busy="true">
      <PageHead title="Market" />
      <p class="soft" role="status">
        {text}
      </p>
      <div class="bone bone-tabs" />
      <div class="bone bone-tile" />
      <div class="bone bone-card" />
    </div>
  )
}
