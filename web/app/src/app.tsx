import type { JSX } from 'preact'
import { CommunityPage } from './community/community-page.tsx'
import { HomePage } from './home/home-page.tsx'
import { MarketPages } from './market/market-pages.tsx'
import { NeighboursPages } from './neighbours/neighbours-pages.tsx'
import { link, view } from './model/live.ts'
import { isNeighbourPage, route } from './model/route.ts'
import { Frame } from './parts/frame.tsx'
import { SignIn } from './sign-in.tsx'
import { Skeleton } from './skeleton.tsx'

/** The page of this gateway: its role decides which. */
export function App(): JSX.Element {
  return <Frame>{pageOf()}</Frame>
}

function pageOf(): JSX.Element {
  if (link.value === 'signed-out') return <SignIn />
  const told = view.value
  if (told === null) return <Skeleton />
  if (told.role === 'community') return <CommunityPage community={told} />
  const { page } = route.value
  if (page === 'home') return <HomePage home={told} />
  if (isNeighbourPage(page)) return <NeighboursPages home={told} page={page} />
  return <MarketPages home={told} page={page} />
}
