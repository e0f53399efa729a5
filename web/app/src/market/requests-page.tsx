import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { RequestView, WalletView } from '../../../market-model.ts'
import { nowMs } from '../model/live.ts'
import { decline } from '../model/market.ts'
import { Icon } from '../parts/icons.tsx'
import { Nothing, PageHead } from '../parts/page-head.tsx'
import { Row, Rows } from '../parts/rows.tsx'
import { shortHex } from '../words/format.ts'
import { aboutEuro, lotText, sct } from '../words/money.ts'
import { AskedAbout } from './asked-about.tsx'
import { BidForm } from './bid-form.tsx'
import { Countdown } from './countdown.tsx'
import type { MarketPageProps } from './market-pages.tsx'
import { windowText } from './lot-words.ts'

/** What neighbours ask for, as far as this home likes to be asked. */
export function RequestsPage({ home, market }: MarketPageProps): JSX.Element {
  const { requests, wallet } = market
  const open = requests.filter(({ state }) => state === 'open')
  const rest = requests.filter(({ state }) => state !== 'open')
  return (
    <>
      <PageHead title="Requests">
        Neighbours who need more than their quota. Bid what you want for it, or let it pass.
      </PageHead>
      {requests.length === 0 ? (
        <Nothing title="Nobody asks for anything now">
          <p>
            A request appears here as soon as a neighbour makes one. With a rule your home can answer by
            itself.
          </p>
          <a class="button" href="#/rules">
            State a rule
          </a>
        </Nothing>
      ) : null}
      <ul class="cards">
        {[...open, ...rest].map((request) => (
          <li key={request.auctionId}>
            <Request request={request} wallet={wallet} sampleMs={home.sampleMs} />
          </li>
        ))}
      </ul>
      <AskedAbout preferences={market.preferences} />
    </>
  )
}

interface RequestProps {
  readonly request: RequestView
  readonly wallet: WalletView
  readonly sampleMs: number
}

const STATE_WORDS: Readonly<Record<RequestView['state'], string>> = {
  open: 'Open',
  bid: 'You bid',
  declined: 'Passed',
  closed: 'Closed',
}

function Request({ request, wallet, sampleMs }: RequestProps): JSX.Element {
  const { auctionId, resource, amount, state, closesAtMs, buyer } = request
  const [bidding, setBidding] = useState(false)
  const title = `request-${auctionId}`
  const short = state === 'open' && request.spare !== null && request.spare < amount
  return (
    <article class={`card request is-${state}`} aria-labelledby={title} data-testid="request">
      <header class="lot-head">
        <span class={`lot-icon lot-${resource}`}>
          <Icon name={resource} />
        </span>
        <div>
          <h2 id={title}>{lotText(resource, amount)}</h2>
          <p class="soft">
            asked by {shortHex(buyer)}
            {resource === 'power' ? `, ${windowText(request, nowMs.value)}` : ''}
          </p>
        </div>
        {state === 'open' ? (
          <Countdown untilMs={closesAtMs} label="Closes in" />
        ) : (
          <span class={state === 'bid' ? 'chip' : 'chip chip-none'}>{STATE_WORDS[state]}</span>
        )}
      </header>
      {state === 'open' || state === 'bid' ? <RequestFigures request={request} wallet={wallet} /> : null}
      <p class={short ? 'because is-short' : 'because'}>
        <Icon name={short ? 'warning' : state === 'open' || state === 'bid' ? 'check' : 'notice'} />
        {request.because}
      </p>
      {state !== 'open' ? null : bidding ? (
        <BidForm {...{ request, wallet, sampleMs }} close={() => setBidding(false)} />
      ) : (
        <div class="buttons">
          <button type="button" class="button button-loud" onClick={() => setBidding(true)}>
            Bid
          </button>
          <PassButton auctionId={auctionId} />
        </div>
      )}
    </article>
  )
}

function RequestFigures({ request, wallet }: Omit<RequestProps, 'sampleMs'>): JSX.Element {
  const { resource, spare, estimateMicroSct, ceilingMicroSct, ownValueMicroSct } = request
  return (
    <Rows>
      <Row name="You can spare">{spare === null ? 'not known yet' : lotText(resource, spare)}</Row>
      <Row
        name="Estimate"
        more={estimateMicroSct === null ? '' : aboutEuro(estimateMicroSct, wallet.sctSellMicroEur)}
      >
        {estimateMicroSct === null ? 'not known yet' : sct(estimateMicroSct)}
      </Row>
      {ownValueMicroSct === null ? (
        <Row name="Ceiling">{sct(ceilingMicroSct)}</Row>
      ) : (
        <Row name="Your sealed bid" strong>
          {sct(ownValueMicroSct)}
        </Row>
      )}
    </Rows>
  )
}

function PassButton({ auctionId }: { readonly auctionId: string }): JSX.Element {
  const [sending, setSending] = useState(false)
  const pass = async (): Promise<void> => {
    setSending(true)
    await decline(auctionId)
    setSending(false)
  }
  return (
    <button type="button" class="button" disabled={sending} onClick={() => void pass()}>
      No, thanks
    </button>
  )
}
