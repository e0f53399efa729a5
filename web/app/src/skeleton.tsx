import type { JSX } from 'preact'

/** The shape of the page while the first view is on its way. */
export function Skeleton(): JSX.Element {
  return (
    <div class="skeleton" aria-busy="true">
      <h1 class="unseen">Meterhood</h1>
      <p class="unseen" role="status">
        Waiting for the gateway
      </p>
      <div class="bone bone-title" />
      <div class="tiles">
        <div class="bone bone-tile" />
        <div class="bone bone-tile" />
        <div class="bone bone-tile" />
      </div>
      <div class="bone bone-card" />
    </div>
  )
}
