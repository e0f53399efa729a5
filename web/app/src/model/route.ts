import { signal } from '@preact/signals'

/** The pages of a home. The address says which (`#/buy/water`), so that back and forth work. */
const MARKET_PAGES = ['buy', 'requests', 'auctions', 'trades', 'bill', 'wallet', 'rules'] as const
const NEIGHBOUR_PAGES = ['neighbours', 'caring'] as const
const PAGES = ['home', ...MARKET_PAGES, ...NEIGHBOUR_PAGES] as const
export type MarketPage = (typeof MARKET_PAGES)[number]
export type NeighbourPage = (typeof NEIGHBOUR_PAGES)[number]
export type Page = (typeof PAGES)[number]

export const isNeighbourPage = (page: Page): page is NeighbourPage =>
  NEIGHBOUR_PAGES.some((known) => known === page)

export interface Route {
  readonly page: Page
  /** What of the page: a resource, an auction. Empty for all. */
  readonly detail: string
}

export const route = signal<Route>(routeOf(location.hash))

/** Where an address leads; whatever is unknown leads home, so do places within the page. */
export function routeOf(hash: string): Route {
  const [, name = '', detail = ''] = /^#\/([a-z]+)(?:\/([0-9A-Za-z-]{1,80}))?$/.exec(hash) ?? []
  const page = PAGES.find((known) => known === name)
  return page === undefined ? { page: 'home', detail: '' } : { page, detail }
}

/** The address of a page. */
export const addressOf = (page: Page, detail = ''): string =>
  detail === '' ? `#/${page}` : `#/${page}/${detail}`

/** Follows the address; a new page begins at its top, and a screen reader begins at its heading. */
export function followAddress(): void {
  addEventListener('hashchange', () => {
    const next = routeOf(location.hash)
    const before = route.value
    route.value = next
    if (next.page === before.page) return
    scrollTo(0, 0)
    requestAnimationFrame(() => document.querySelector<HTMLElement>('main h1')?.focus())
  })
}

export function goTo(page: Page, detail = ''): void {
  location.hash = addressOf(page, detail)
}
