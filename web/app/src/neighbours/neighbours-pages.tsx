import type { JSX } from 'preact'
import type { DelegationsView } from '../../../delegation-model.ts'
import type { HomeView } from '../../../read-model.ts'
import type { NeighbourPage } from '../model/route.ts'
import { NeighbourTabs } from '../parts/nav.tsx'
import { Nothing, PageHead } from '../parts/page-head.tsx'
import { CaringPage } from './caring-page.tsx'
import { NeighboursPage } from './neighbours-page.tsx'

/** What both pages are given. */
export interface NeighboursProps {
  readonly home: HomeView
  readonly delegations: DelegationsView
}

/** Who watches this home while its people are away, and whom they watch. */
export function NeighboursPages({ home, page }: { home: HomeView; page: NeighbourPage }): JSX.Element {
  const { delegations } = home
  if (delegations === null) return <NoNeighbours />
  const Shown = page === 'caring' ? CaringPage : NeighboursPage
  return (
    <>
      <NeighbourTabs delegations={delegations} />
      <Shown home={home} delegations={delegations} />
    </>
  )
}

function NoNeighbours(): JSX.Element {
  return (
    <>
      <PageHead title="Neighbours" />
      <Nothing title="There are no neighbours here yet">
        <p>They appear here by themselves when this home has joined its community.</p>
        <a class="button" href="#/home">
          Back to the home
        </a>
      </Nothing>
    </>
  )
}
