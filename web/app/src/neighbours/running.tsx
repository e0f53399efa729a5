import type { JSX } from 'preact'
import type { DelegationView } from '../../../delegation-model.ts'
import { Countdown } from '../market/countdown.tsx'
import { endDelegation } from '../model/delegation.ts'
import { nowMs } from '../model/live.ts'
import { addressOf } from '../model/route.ts'
import { ConfirmButton } from '../parts/confirm-button.tsx'
import { Icon } from '../parts/icons.tsx'
import { Row, Rows } from '../parts/rows.tsx'
import { count, duration, moment, percent } from '../words/format.ts'
import { aboutEuro, sct } from '../words/money.ts'
import { functionsText } from './offer-draft.ts'
import { sctPrice } from './offer-rows.tsx'
import { Who } from './who.tsx'

/** A delegation that both homes keep: how long still, what is watched, what is earned, and its end. */
export function Running({ delegation }: { readonly delegation: DelegationView }): JSX.Element {
  const { negotiation, role, peer, state, untilMs } = delegation
  const title = `running-${negotiation}`
  return (
    <article class="card handover is-running" aria-labelledby={title} data-testid="running">
      <header class="lot-head">
        <span class="lot-icon lot-power">
          <Icon name="people" />
        </span>
        <div>
          <h2 id={title}>
            {role === 'delegator' ? '' : 'You watch the home of '}
            <Who account={peer} />
            {role === 'delegator' ? ' watches this home' : ''}
          </h2>
          <p class="soft">{stateText(delegation)}</p>
        </div>
        {state === 'active' ? <Countdown untilMs={untilMs} label="Ends in" /> : null}
      </header>
      <Progress delegation={delegation} />
      <Figures delegation={delegation} />
      <div class="buttons">
        {role === 'delegatee' ? (
          <a class="button button-loud" href={addressOf('caring')}>
            Look after it
          </a>
        ) : null}
        {state === 'ending' ? null : <EndNow delegation={delegation} />}
      </div>
    </article>
  )
}

function stateText({ state, role, functions, fromMs }: DelegationView): string {
  if (state === 'ending') return 'Ending: from the next reading on nothing more goes there.'
  if (state === 'registered') return `Agreed on the ledger, begins ${moment(fromMs, nowMs.value)}.`
  const shared = functionsText(functions)
  return role === 'delegator' ? `${shared} go to them now.` : `${shared} come to you now.`
}

function Progress({ delegation }: { readonly delegation: DelegationView }): JSX.Element {
  const { fromMs, untilMs } = delegation
  const all = Math.max(1, untilMs - fromMs)
  const gone = Math.min(all, Math.max(0, nowMs.value - fromMs))
  const share = percent(gone, all)
  return (
    <div
      class="bar bar-fine bar-thin"
      role="meter"
      aria-label="Time that is over"
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={share}
      aria-valuetext={`${duration(gone)} of ${duration(all)} are over`}
    >
      <div class="bar-fill" style={{ width: `${share}%` }} />
    </div>
  )
}

function Figures({ delegation }: { readonly delegation: DelegationView }): JSX.Element {
  const { watchedSlots, slots, earnedMicroSct, rewardMicroSct, untilMs, text } = delegation
  return (
    <>
      <Rows>
        <Row name="Watched so far" more={`of ${count(slots)} that were agreed`}>
          {`${count(watchedSlots)} ${watchedSlots === 1 ? 'reading' : 'readings'}`}
        </Row>
        <Row
          name="Reward so far"
          more={[aboutEuro(earnedMicroSct, sctPrice()), `of ${sct(rewardMicroSct)}`]
            .filter((part) => part !== '')
            .join(', ')}
          strong
        >
          {sct(earnedMicroSct)}
        </Row>
        <Row name="Ends by itself">{moment(untilMs, nowMs.value)}</Row>
      </Rows>
      {text === '' ? null : <blockquote class="note-text">{text}</blockquote>}
    </>
  )
}

function EndNow({ delegation }: { readonly delegation: DelegationView }): JSX.Element {
  const { negotiation, role } = delegation
  const confirm = role === 'delegator' ? 'Press again: take it back' : 'Press again: stop watching'
  return <ConfirmButton label="End now" confirm={confirm} act={() => endDelegation({ negotiation })} />
}
