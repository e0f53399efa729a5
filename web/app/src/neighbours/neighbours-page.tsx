import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { OfferForm as Offer } from '../../../delegation-model.ts'
import type { Refusal } from '../../../messages.ts'
import { isHandedOver, propose, stageOf } from '../model/delegation.ts'
import { nowMs } from '../model/live.ts'
import { newRequestId, notice } from '../model/market.ts'
import { Card, Empty } from '../parts/card.tsx'
import { Nothing, PageHead } from '../parts/page-head.tsx'
import { shortHex } from '../words/format.ts'
import { Consent } from './consent.tsx'
import { Pending } from './pending.tsx'
import type { NeighboursProps } from './neighbours-pages.tsx'
import { firstDraft, stepSOf } from './offer-draft.ts'
import { OfferForm } from './offer-form.tsx'
import { PastDelegations } from './past-delegations.tsx'
import { Running } from './running.tsx'

/** Whom this home asks to watch it, who watches it now, and what became of it. */
export function NeighboursPage(props: NeighboursProps): JSX.Element {
  const { list } = props.delegations
  const running = list.filter((each) => stageOf(each) === 'running')
  const pending = list.filter((each) => stageOf(each) === 'pending')
  return (
    <>
      <PageHead title="Neighbours">
        Going away? A neighbour can watch this home for you, for a time and for a reward.
      </PageHead>
      <div class="columns columns-even">
        <div class="column">
          {running.length + pending.length === 0 ? <NobodyWatches {...props} /> : null}
          {pending.map((each) => (
            <Pending key={each.negotiation} delegation={each} home={props.home} />
          ))}
          {running.map((each) => (
            <Running key={each.negotiation} delegation={each} />
          ))}
        </div>
        <div class="column">
          <Ask {...props} />
        </div>
      </div>
      <PastDelegations list={list.filter((each) => stageOf(each) === 'over')} />
    </>
  )
}

function NobodyWatches({ delegations }: NeighboursProps): JSX.Element {
  return (
    <Nothing title="Nobody watches this home but its community">
      <p>
        {delegations.neighbours.length === 0
          ? 'No other home has joined yet. As soon as one has, you can ask it here.'
          : 'Ask a neighbour here. They answer on their own page; nothing changes before both agree.'}
      </p>
    </Nothing>
  )
}

function Ask(props: NeighboursProps): JSX.Element {
  const { neighbours } = props.delegations
  const [asked, setAsked] = useState(0)
  if (isHandedOver(props.delegations)) {
    return (
      <Card id="ask" title="Ask a neighbour" icon="people">
        <Empty icon="lock">One neighbour at a time watches this home. End that first, or take it back.</Empty>
      </Card>
    )
  }
  return (
    <Card id="ask" title="Ask a neighbour" icon="people">
      {neighbours.length === 0 ? (
        <Empty icon="people">There is nobody to ask yet.</Empty>
      ) : (
        <AskForm key={asked} {...props} done={() => setAsked(asked + 1)} />
      )}
    </Card>
  )
}

function AskForm({ home, delegations, done }: NeighboursProps & { done: () => void }): JSX.Element {
  const { neighbours } = delegations
  const [peer, setPeer] = useState(neighbours[0] ?? '')
  const [requestId, setRequestId] = useState(newRequestId)
  const stepS = stepSOf(home.sampleMs)
  // Another wish is another request; the same wish sent again is the same one.
  const changed = (): void => setRequestId(newRequestId())
  const send = async (offer: Offer): Promise<Refusal | null> => {
    const answer = await propose({ requestId, peer, ...offer })
    if (answer !== null) return answer
    notice.value = { on: 'neighbours', text: `You asked ${shortHex(peer)}. They have a day to answer.` }
    done()
    return null
  }
  return (
    <OfferForm
      id="ask"
      first={firstDraft(nowMs.value, stepS)}
      facts={{ stepS, balanceMicroSct: home.market?.wallet.balanceMicroSct ?? null }}
      verb="Ask them"
      send={send}
      changed={changed}
      consent={(functions) => <Consent role="delegator" functions={functions} sampleMs={home.sampleMs} />}
    >
      <label class="picker">
        <span>Neighbour</span>
        <select
          value={peer}
          onChange={({ currentTarget }) => {
            setPeer(currentTarget.value)
            changed()
          }}
        >
          {neighbours.map((account) => (
            <option key={account} value={account}>
              {shortHex(account)}
            </option>
          ))}
        </select>
      </label>
    </OfferForm>
  )
}
