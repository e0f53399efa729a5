import type { JSX } from 'preact'
import type { CareView } from '../../../delegation-model.ts'
import { Countdown } from '../market/countdown.tsx'
import { saw } from '../model/delegation.ts'
import { nowMs } from '../model/live.ts'
import { addressOf } from '../model/route.ts'
import { Empty } from '../parts/card.tsx'
import { Banner } from '../parts/frame.tsx'
import { Icon } from '../parts/icons.tsx'
import { Nothing, PageHead } from '../parts/page-head.tsx'
import {
  ago,
  codeWords,
  count,
  energyScale,
  moment,
  powerScale,
  shortHex,
  waterScale,
} from '../words/format.ts'
import type { NeighboursProps } from './neighbours-pages.tsx'
import { PeakLine } from './peak-line.tsx'
import { Who } from './who.tsx'

/** The homes of neighbours that this one watches: never to be taken for its own. */
export function CaringPage({ delegations }: NeighboursProps): JSX.Element {
  const { caring } = delegations
  return (
    <>
      <PageHead title="Caring for">
        Homes of neighbours that you watch while they are away. What you see here is theirs, not yours.
      </PageHead>
      {caring.length === 0 ? (
        <Nothing title="You watch no other home now">
          <p>When a neighbour asks you to, it stands under Neighbours. Once you accept, you see it here.</p>
          <a class="button" href={addressOf('neighbours')}>
            See what you are asked
          </a>
        </Nothing>
      ) : null}
      {caring.map((care) => (
        <Care key={care.id} care={care} />
      ))}
    </>
  )
}

function Care({ care }: { readonly care: CareView }): JSX.Element {
  const { id, home, untilMs, functions } = care
  const title = `care-${id}`
  return (
    <section class="card care" aria-labelledby={title} data-testid="care">
      <header class="lot-head">
        <span class="lot-icon care-icon">
          <Icon name="home" />
        </span>
        <div>
          <h2 id={title}>
            Home of <Who account={home} />
          </h2>
          <p class="soft">A neighbour’s home, not this one</p>
        </div>
        <Countdown untilMs={untilMs} label="You watch it for" />
      </header>
      <Warnings care={care} />
      {functions.includes('readings') ? <Readings care={care} /> : null}
      {functions.includes('alarms') ? <CaredAlarms care={care} /> : null}
    </section>
  )
}

function Warnings({ care }: { readonly care: CareView }): JSX.Element {
  return (
    <>
      {care.silent ? (
        <Banner>Nothing comes from their home. Their gateway or their line may be down.</Banner>
      ) : null}
      {care.over ? <Banner>More power or water is used there now than their quotas allow.</Banner> : null}
    </>
  )
}

function Readings({ care }: { readonly care: CareView }): JSX.Element {
  const { newest, recentPeakW, opened, missed } = care
  if (newest === null) return <Empty icon="power">Waiting for their first reading.</Empty>
  const { atMs, powerW, peakPowerW, importWh, exportWh, waterMl } = newest
  const energy = energyScale(Math.max(importWh, exportWh))
  const missing = missed === 0 ? '' : `, ${count(missed)} did not come`
  return (
    <>
      <div class="care-tiles">
        <Figure
          name={powerW < 0 ? 'Power, to the grid' : 'Power now'}
          more={`peak ${powerScale(0).text(peakPowerW)}`}
        >
          {powerScale(0).text(Math.abs(powerW))}
        </Figure>
        <Figure
          name="Energy meter"
          more={exportWh === 0 ? 'from the grid' : `${energy.text(exportWh)} given to the grid`}
        >
          {energy.text(importWh)}
        </Figure>
        <Figure name="Water meter" more="used in all">
          {waterScale(waterMl).text(waterMl)}
        </Figure>
      </div>
      <PeakLine peaksW={recentPeakW} />
      <p class="form-hint">
        Newest {ago(atMs, nowMs.value)}. {count(opened)} readings opened{missing}.
      </p>
    </>
  )
}

interface FigureProps {
  readonly name: string
  readonly more: string
  readonly children: string
}

function Figure({ name, more, children }: FigureProps): JSX.Element {
  return (
    <p class="care-figure">
      <span>{name}</span>
      <strong>{children}</strong>
      <small>{more}</small>
    </p>
  )
}

function CaredAlarms({ care }: { readonly care: CareView }): JSX.Element {
  const { alarms, unseenAlarms, negotiation, home } = care
  return (
    <>
      <div class="care-head">
        <h3>
          <Icon name="bell" />
          Alarms of their home
        </h3>
        {unseenAlarms === 0 ? null : (
          <button type="button" class="button button-loud" onClick={() => void saw({ negotiation })}>
            I saw {unseenAlarms === 1 ? 'it' : 'them'}
            <span class="unseen">: alarms of the home of {shortHex(home)}</span>
          </button>
        )}
      </div>
      {alarms.length === 0 ? (
        <Empty icon="check">No alarms about their home. They come here, not to them.</Empty>
      ) : null}
      <ul class="alarms">
        {alarms.map(({ number, atMs, code, text, seen }) => (
          <li
            key={number}
            class={`alarm alarm-warning alarm-${seen ? 'acknowledged' : 'new'}`}
            data-testid="cared-alarm"
          >
            <span class="alarm-icon">
              <Icon name="warning" />
            </span>
            <div class="alarm-words">
              <p>{text}</p>
              <p class="alarm-meta">
                <span>{moment(atMs, nowMs.value)}</span>
                <span>{codeWords(code)}</span>
              </p>
            </div>
            {seen ? (
              <span class="alarm-seen">
                <Icon name="check" />
                <span class="unseen">seen</span>
              </span>
            ) : null}
          </li>
        ))}
      </ul>
    </>
  )
}
