import { signal } from '@preact/signals'
import type { JSX } from 'preact'
import { redrawn, recording } from './model/player.ts'
import { reading } from './model/read.ts'
import { whole } from './model/words.ts'
import { ChartView } from './parts/chart-view.tsx'
import { Details } from './parts/details.tsx'
import { Finder } from './parts/finder.tsx'
import { Sequence } from './parts/sequence.tsx'
import { Transport } from './parts/transport.tsx'

/** On a phone one panel is seen at a time. */
const VIEWS = [
  ['chart', 'Chart'],
  ['messages', 'Messages'],
  ['step', 'Step'],
  ['find', 'Find'],
] as const
const seen = signal<(typeof VIEWS)[number][0]>('chart')

const LINK = {
  ...{ waiting: 'Opening', reading: 'Reading', live: 'Open', away: 'Away', failed: 'Failed' },
  ...{ none: 'Nothing recorded', refused: 'Signed out' },
} as const

function Head(): JSX.Element {
  redrawn()
  const { names, state, unreadable } = reading.value
  const steps = `${whole(recording.lines.length)} steps, ${whole(recording.gateways.size)} gateways`
  return (
    <header class="head">
      <h1>State charts</h1>
      <p class="file" data-testid="file">
        {names.join(', ')}
      </p>
      <p class="soft">{steps}</p>
      {unreadable > 0 && <p class="warning">{whole(unreadable)} lines cannot be read and are left out</p>}
      <span class={`link link-${state}`} role="status">
        <i />
        {LINK[state]}
      </span>
    </header>
  )
}

function Progress(): JSX.Element {
  const { bytes, of, names } = reading.value
  const percent = of === 0 ? 0 : Math.min(100, Math.floor((bytes / of) * 100))
  return (
    <div class="centred">
      <p>Reading {names.join(', ')}</p>
      <progress max={100} value={percent} aria-label="Read" />
      <p class="soft">{percent} %</p>
    </div>
  )
}

const Failed = (): JSX.Element => (
  <div class="centred" role="alert">
    <h2>This is no recording</h2>
    <p>{reading.value.failure}</p>
    <p class="soft">
      Make one with <code>meterhood start --record run.mhr --for 90s</code>, then open it with{' '}
      <code>meterhood inspect run.mhr</code>.
    </p>
  </div>
)

const None = (): JSX.Element => (
  <div class="centred">
    <h2>Nothing is recorded</h2>
    <p class="soft">
      This gateway was started without a recording. Start it with <code>--record run.mhr</code>, and every
      step of its machines appears here as it happens.
    </p>
  </div>
)

const Refused = (): JSX.Element => (
  <div class="centred" role="alert">
    <h2>Only who runs the community sees its machines</h2>
    <p>{reading.value.failure}</p>
    <p class="soft">Open the link that the gateway printed when it started, then come back to this page.</p>
  </div>
)

const Empty = (): JSX.Element => (
  <div class="centred">
    <h2>Nothing has happened yet</h2>
    <p class="soft">The recording has begun. What the machines do appears here as they do it.</p>
  </div>
)

function Body(): JSX.Element {
  redrawn()
  const { state } = reading.value
  if (state === 'failed') return <Failed />
  if (state === 'none') return <None />
  if (state === 'refused') return <Refused />
  if (state === 'waiting' || state === 'reading') return <Progress />
  if (recording.lines.length === 0) return <Empty />
  return (
    <>
      <nav class="views" aria-label="View">
        {VIEWS.map(([name, words]) => (
          <button
            type="button"
            key={name}
            aria-pressed={seen.value === name}
            onClick={() => (seen.value = name)}
          >
            {words}
          </button>
        ))}
      </nav>
      <div class={`panels seen-${seen.value}`}>
        <Finder />
        <ChartView />
        <Details />
        <Sequence />
      </div>
      <Transport />
    </>
  )
}

export function App(): JSX.Element {
  return (
    <>
      <Head />
      <main>
        <Body />
      </main>
    </>
  )
}
