import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { DelegationView, OfferForm as Offer } from '../../../delegation-model.ts'
import type { Refusal } from '../../../messages.ts'
import type { HomeView } from '../../../read-model.ts'
import { Countdown } from '../market/countdown.tsx'
import { accept, counter, declineTerms } from '../model/delegation.ts'
import { nowMs } from '../model/live.ts'
import { ConfirmButton } from '../parts/confirm-button.tsx'
import { Icon } from '../parts/icons.tsx'
import { Consent } from './consent.tsx'
import { draftOf, stepSOf } from './offer-draft.ts'
import { OfferForm } from './offer-form.tsx'
import { OfferRows } from './offer-rows.tsx'
import { Who } from './who.tsx'

interface PendingProps {
  readonly delegation: DelegationView
  readonly home: HomeView
}

/** A proposal that both homes have not agreed on yet, or that is not on the ledger yet. */
export function Pending({ delegation, home }: PendingProps): JSX.Element {
  const { negotiation, ourTurn, answerByMs } = delegation
  const [changing, setChanging] = useState(false)
  const title = `pending-${negotiation}`
  return (
    <article
      class={`card handover${ourTurn ? ' is-asked' : ''}`}
      aria-labelledby={title}
      data-testid="pending"
    >
      <header class="lot-head">
        <span class="lot-icon lot-power">
          <Icon name={ourTurn ? 'inbox' : 'people'} />
        </span>
        <div>
          <h2 id={title}>
            <Title delegation={delegation} />
          </h2>
          <p class="soft">{stateText(delegation)}</p>
        </div>
        {answerByMs === null ? null : <Countdown untilMs={answerByMs} label="To answer" />}
      </header>
      {changing && ourTurn ? (
        <CounterForm delegation={delegation} home={home} close={() => setChanging(false)} />
      ) : (
        <>
          <OfferRows delegation={delegation} />
          {ourTurn ? <Answer delegation={delegation} home={home} change={() => setChanging(true)} /> : null}
        </>
      )}
      {ourTurn || delegation.state === 'consented' ? null : <TakeBack delegation={delegation} />}
    </article>
  )
}

function Title({ delegation }: { readonly delegation: DelegationView }): JSX.Element {
  const { role, peer, ourTurn, state } = delegation
  const who = <Who account={peer} />
  if (role === 'delegatee') return <>Watch the home of {who}?</>
  return ourTurn || state !== 'proposed' ? <>{who} would watch this home</> : <>You asked {who}</>
}

function stateText({ role, state, ourTurn }: DelegationView): string {
  if (state === 'consented') return 'Both agree. It is on its way to the ledger.'
  if (!ourTurn) return 'Waiting for their answer.'
  if (state === 'proposed') return 'They ask you to watch their home while they are away.'
  return role === 'delegator' ? 'They offer other terms.' : 'They changed the terms.'
}

interface AnswerProps extends PendingProps {
  readonly change: () => void
}

function Answer({ delegation, home, change }: AnswerProps): JSX.Element {
  const { negotiation, role, functions } = delegation
  const confirm = role === 'delegator' ? 'Press again: hand it over' : 'Press again: I will watch it'
  return (
    <>
      <details class="explained" open>
        <summary>What you agree to</summary>
        <Consent role={role} functions={functions} sampleMs={home.sampleMs} />
      </details>
      <div class="buttons">
        <ConfirmButton label="Accept" confirm={confirm} act={() => accept({ negotiation })} urgent />
        <button type="button" class="button" onClick={change}>
          Offer other terms
        </button>
        <ConfirmButton
          label="No, thanks"
          confirm="Press again: decline"
          act={() => declineTerms({ negotiation })}
        />
      </div>
    </>
  )
}

function TakeBack({ delegation: { negotiation } }: { readonly delegation: DelegationView }): JSX.Element {
  return (
    <div class="buttons">
      <ConfirmButton
        label="Take it back"
        confirm="Press again: nothing is agreed"
        act={() => declineTerms({ negotiation })}
      />
    </div>
  )
}

interface CounterProps extends PendingProps {
  readonly close: () => void
}

function CounterForm({ delegation, home, close }: CounterProps): JSX.Element {
  const { negotiation, role } = delegation
  const stepS = stepSOf(home.sampleMs)
  const pays = role === 'delegator' ? (home.market?.wallet.balanceMicroSct ?? null) : null
  const send = async (offer: Offer): Promise<Refusal | null> => {
    const answer = await counter({ negotiation, ...offer })
    if (answer === null) close()
    return answer
  }
  return (
    <OfferForm
      id={`counter-${negotiation}`}
      first={draftOf(delegation, nowMs.value, stepS)}
      facts={{ stepS, balanceMicroSct: pays }}
      verb="Offer this instead"
      send={send}
      close={close}
      consent={(functions) => <Consent role={role} functions={functions} sampleMs={home.sampleMs} />}
    />
  )
}
