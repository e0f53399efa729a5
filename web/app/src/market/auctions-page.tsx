import type { JSX } from 'preact'
import type { AuctionView } from '../../../market-model.ts'
import { nowMs } from '../model/live.ts'
import { cancelOffer } from '../model/market.ts'
import { ConfirmButton } from '../parts/confirm-button.tsx'
import { Icon } from '../parts/icons.tsx'
import { Nothing, PageHead } from '../parts/page-head.tsx'
import { moment, shortHex } from '../words/format.ts'
import { lotText, sct } from '../words/money.ts'
import { dealText, FAILURE_WORDS, windowText } from './lot-words.ts'
import type { MarketPageProps } from './market-pages.tsx'
import { Movements } from './movements.tsx'
import { Phases } from './phases.tsx'
import { Seals } from './seals.tsx'

const isOver = ({ phase }: AuctionView): boolean => phase === 'paid' || phase === 'failed'

/** The auctions that this home takes part in, as they go. */
export function AuctionsPage({ market }: MarketPageProps): JSX.Element {
  const running = market.auctions.filter((auction) => !isOver(auction))
  const over = market.auctions.filter(isOver)
  return (
    <>
      <PageHead title="Auctions">Where you buy or bid now, step by step.</PageHead>
      {running.length === 0 ? (
        <Nothing title="No auction is running">
          <p>Ask for what you need, or bid for what a neighbour needs.</p>
          <div class="buttons">
            <a class="button button-loud" href="#/buy">
              Buy
            </a>
            <a class="button" href="#/requests">
              See requests
            </a>
          </div>
        </Nothing>
      ) : null}
      <ul class="cards">
        {running.map((auction) => (
          <li key={auction.id}>
            <Auction auction={auction} />
          </li>
        ))}
      </ul>
      {over.length === 0 ? null : (
        <section aria-labelledby="over-title">
          <h2 class="section-title" id="over-title">
            Over
          </h2>
          <ul class="cards">
            {over.map((auction) => (
              <li key={auction.id}>
                <details class="card over" data-testid="auction-over">
                  <summary>
                    <AuctionHead auction={auction} />
                  </summary>
                  <AuctionSteps auction={auction} />
                </details>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  )
}

function Auction({ auction }: { readonly auction: AuctionView }): JSX.Element {
  return (
    <article class="card" aria-labelledby={`auction-${auction.id}`} data-testid="auction">
      <AuctionHead auction={auction} />
      <AuctionSteps auction={auction} />
    </article>
  )
}

function AuctionHead({ auction }: { readonly auction: AuctionView }): JSX.Element {
  const { id, role, resource, byRule, openedAtMs } = auction
  return (
    <div class="lot-head">
      <span class={`lot-icon lot-${resource}`}>
        <Icon name={resource} />
      </span>
      <div>
        <h2 id={`auction-${id}`}>{dealText(role, auction, false)}</h2>
        <p class="soft">
          {byRule ? 'by your rule, ' : ''}
          {moment(openedAtMs, nowMs.value)}
          {resource === 'power' ? `, ${windowText(auction, nowMs.value)}` : ''}
        </p>
      </div>
      <Outcome auction={auction} />
    </div>
  )
}

function AuctionSteps({ auction }: { readonly auction: AuctionView }): JSX.Element {
  return (
    <div class="auction">
      <Phases auction={auction} />
      <p class="auction-text">{auction.failure === null ? auction.text : FAILURE_WORDS[auction.failure]}</p>
      <Seals auction={auction} />
      <Result auction={auction} />
      <Movements movements={auction.movements} />
      {auction.cancellable ? (
        <ConfirmButton
          label="Take it back"
          confirm="Press again: the offer ends"
          act={() => cancelOffer(auction.id)}
        />
      ) : null}
    </div>
  )
}

function Outcome({ auction }: { readonly auction: AuctionView }): JSX.Element | null {
  const { phase, won, role } = auction
  if (phase === 'failed') return <span class="chip chip-high">Failed</span>
  if (role === 'seller' && won === false) return <span class="chip chip-none">Not won</span>
  if (phase === 'paid') return <span class="chip">Paid</span>
  return won === true ? <span class="chip">{role === 'seller' ? 'You won' : 'Awarded'}</span> : null
}

function Result({ auction }: { readonly auction: AuctionView }): JSX.Element | null {
  const { priceMicroSct, role, seller, buyer, delivered, resource, amount } = auction
  if (priceMicroSct === null) return null
  const other = role === 'buyer' ? seller : buyer
  return (
    <p class="result" data-testid="result">
      <span>
        {role === 'buyer' ? 'You pay' : 'You get'} <strong>{sct(priceMicroSct)}</strong>
        {other === null ? '' : ` ${role === 'buyer' ? 'to' : 'from'} ${shortHex(other)}`}
      </span>
      {delivered === null ? null : (
        <small>
          {lotText(resource, delivered)} of {lotText(resource, amount)} delivered
        </small>
      )}
    </p>
  )
}
