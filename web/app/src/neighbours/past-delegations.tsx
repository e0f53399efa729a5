import type { JSX } from 'preact'
import type { DelegationView } from '../../../delegation-model.ts'
import { nowMs } from '../model/live.ts'
import { Icon } from '../parts/icons.tsx'
import { count, moment, shortHex } from '../words/format.ts'
import { sct } from '../words/money.ts'

/** What was agreed before and is over, or came to nothing, the newest first. */
export function PastDelegations({ list }: { readonly list: readonly DelegationView[] }): JSX.Element | null {
  if (list.length === 0) return null
  return (
    <section aria-labelledby="past-title">
      <h2 class="section-title" id="past-title">
        Before
      </h2>
      <ul class="card trades">
        {list.map((each) => (
          <Past key={each.negotiation} past={each} />
        ))}
      </ul>
    </section>
  )
}

function Past({ past }: { readonly past: DelegationView }): JSX.Element {
  const { role, peer, untilMs, watchedSlots, because } = past
  const watched = wasWatched(past)
  return (
    <li class="trade" data-testid="past">
      <span class="lot-icon lot-power">
        <Icon name={watched ? 'check' : 'refused'} />
      </span>
      <div class="trade-what">
        <p class="trade-title">{titleOf(past)}</p>
        <p class="alarm-meta">
          {watched ? <span>ended {moment(untilMs, nowMs.value)}</span> : null}
          <span>
            {role === 'delegator' ? 'with' : 'for'} {shortHex(peer)}
          </span>
        </p>
      </div>
      <div class="trade-price">{watched ? <Paid past={past} /> : null}</div>
      <p class="trade-text">
        {watched ? `${count(watchedSlots)} readings watched. ` : ''}
        {because}
      </p>
    </li>
  )
}

const wasWatched = ({ state }: DelegationView): boolean => state === 'ended' || state === 'closed'

function titleOf({ role, state }: DelegationView): string {
  const what = role === 'delegator' ? 'This home' : 'Their home'
  if (state === 'declined') return `${what}: declined`
  return state === 'failed' ? `${what}: came to nothing` : `${what} was watched`
}

function Paid({ past }: { readonly past: DelegationView }): JSX.Element {
  const { role, paidMicroSct, rewardMicroSct, earnedMicroSct } = past
  if (paidMicroSct === null) {
    return (
      <>
        <strong>{sct(earnedMicroSct)}</strong>
        <small class="soft">not paid yet</small>
      </>
    )
  }
  return (
    <>
      <strong>
        {paidMicroSct === 0 ? '' : role === 'delegator' ? '−' : '+'}
        {sct(paidMicroSct)}
      </strong>
      <small class="soft">
        {role === 'delegator' && paidMicroSct < rewardMicroSct
          ? `${sct(rewardMicroSct - paidMicroSct)} came back`
          : `of ${sct(rewardMicroSct)}`}
      </small>
    </>
  )
}
