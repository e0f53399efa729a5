import type { JSX } from 'preact'
import type { DelegationsView } from '../../../delegation-model.ts'
import type { MarketView } from '../../../market-model.ts'
import { askedOf, unseenOf } from '../model/delegation.ts'
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
  { page: 'neighbours', name: 'Neighbours', icon: 'people', holds: ['neighbours', 'caring'] },
]

/** The market of this gateway; null where there is none, or none yet. */
export function marketOf(): MarketView | null {
  const told = view.value
  return told !== null && told.role === 'home' ? told.market : null
}

/** The delegations of this gateway; null where there are none, or none yet. */
export function delegationsOf(): DelegationsView | null {
  const told = view.value
  return told !== null && told.role === 'home' ? told.delegations : null
}

/** Where somebody can go; nowhere while there is only one page. */
function placesHere(): readonly Place[] {
  const market = marketOf()
  const delegations = delegationsOf()
  const shown = PLACES.filter(({ page }) => {
    if (page === 'neighbours') return delegations !== null
    return page === 'home' || market !== null
  })
  return shown.length === 1 ? [] : shown
}

/** Whether the bar of places is there. */
export const hasNav = (): boolean => placesHere().length > 0

/** What waits for the people of the home at a place. */
function waitingAt(page: Page): number {
  if (page === 'requests') return marketOf()?.requests.filter(({ state }) => state === 'open').length ?? 0
  const delegations = page === 'neighbours' ? delegationsOf() : null
  return delegations === null ? 0 : askedOf(delegations).length + unseenOf(delegations)
}

/** The places of the app: a bar at the thumb on a phone, a row at the top on a desk. */
export function Nav(): JSX.Element | null {
  const places = placesHere()
  if (places.length === 0) return null
  return (
    <nav class="nav" aria-label="Places">
      {places.map(({ page, name, icon, holds }) => {
        const here = holds.includes(route.value.page)
        return (
          <a key={page} href={addressOf(page)} aria-current={here ? 'page' : undefined}>
            <Icon name={icon} />
            <span>{name}</span>
            <Badge count={waitingAt(page)} />
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

/** Whom this home asks, and for whom it cares. */
export function NeighbourTabs({ delegations }: { readonly delegations: DelegationsView }): JSX.Element {
  const tabs = [
    { page: 'neighbours', name: 'Neighbours', count: askedOf(delegations).length },
    { page: 'caring', name: 'Caring for', count: unseenOf(delegations) },
  ] as const
  return (
    <nav class="tabs" aria-label="Neighbours">
      {tabs.map(({ page, name, count }) => (
        <a key={page} href={addressOf(page)} aria-current={route.value.page === page ? 'page' : undefined}>
          {name}
          <Badge count={count} />
        </a>
      ))}
    </nav>
  )
}

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
