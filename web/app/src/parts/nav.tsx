import type { JSX } from 'preact'
import type { MarketView } from '../../../market-model.ts'
import { view } from '../model/live.ts'
import { addressOf, route, type Page } from '../model/route.ts'
import { Icon, type IconName } from './icons.tsx'

interface Place {
  readonly page: Page
  readonly name: string
  readonly icon: IconName
  /** The pages below it. */
  readonly holds: readonly Page[]
}

const PLACES: readonly Place[] = [
  { page: 'home', name: 'Home', icon: 'home', holds: ['home'] },
  {
    page: 'requests',
    name: 'Market',
    icon: 'market',
    holds: ['buy', 'requests', 'auctions', 'trades', 'bill'],
  },
  { page: 'wallet', name: 'Wallet', icon: 'wallet', holds: ['wallet'] },
  { page: 'rules', name: 'Rules', icon: 'rules', holds: ['rules'] },
]

/** The market of this gateway; null where there is none, or none yet. */
export function marketOf(): MarketView | null {
  const told = view.value
  return told !== null && told.role === 'home' ? told.market : null
}

/** The places of the app: a bar at the thumb on a phone, a row at the top on a desk. */
export function Nav(): JSX.Element | null {
  const market = marketOf()
  if (market === null) return null
  const waiting = market.requests.filter(({ state }) => state === 'open').length
  return (
    <nav class="nav" aria-label="Places">
      {PLACES.map(({ page, name, icon, holds }) => {
        const here = holds.includes(route.value.page)
        return (
          <a key={page} href={addressOf(page)} aria-current={here ? 'page' : undefined}>
            <Icon name={icon} />
            <span>{name}</span>
            {page === 'requests' && waiting > 0 ? <Badge count={waiting} /> : null}
          </a>
        )
      })}
    </nav>
  )
}

const TABS: readonly { readonly page: Page; readonly name: string }[] = [
  { page: 'buy', name: 'Buy' },
  { page: 'requests', name: 'Requests' },
  { page: 'auctions', name: 'Auctions' },
  { page: 'trades', name: 'Trades' },
  { page: 'bill', name: 'Bill' },
]

/** The pages of the market, above each of them. */
export function MarketTabs({ market }: { readonly market: MarketView }): JSX.Element {
  const counts: Partial<Record<Page, number>> = {
    requests: market.requests.filter(({ state }) => state === 'open').length,
    auctions: market.auctions.filter(({ phase }) => phase !== 'paid' && phase !== 'failed').length,
  }
  return (
    <nav class="tabs" aria-label="Market">
      {TABS.map(({ page, name }) => (
        <a key={page} href={addressOf(page)} aria-current={route.value.page === page ? 'page' : undefined}>
          {name}
          <Badge count={counts[page] ?? 0} />
        </a>
      ))}
    </nav>
  )
}

function Badge({ count }: { readonly count: number }): JSX.Element | null {
  return count === 0 ? null : (
    <span class="badge">
      {count}
      <span class="unseen"> waiting</span>
    </span>
  )
}
