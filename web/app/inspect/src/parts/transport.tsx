import type { JSX } from 'preact'
import {
  at,
  follow,
  following,
  goToCause,
  goToPlace,
  redrawn,
  line,
  placeOf,
  playing,
  shown,
  speed,
  stepBy,
  togglePlay,
} from '../model/player.ts'
import { timeWords, whole } from '../model/words.ts'

const SPEEDS = [0.25, 1, 4, 16] as const

interface KeyProps {
  readonly label: string
  readonly hint: string
  readonly icon: string
  readonly onClick: () => void
  readonly pressed?: boolean
  readonly disabled?: boolean
}

const Key = ({ label, hint, icon, onClick, pressed, disabled = false }: KeyProps): JSX.Element => (
  <button
    type="button"
    class="key"
    aria-label={label}
    title={`${label} (${hint})`}
    aria-pressed={pressed}
    disabled={disabled}
    onClick={onClick}
  >
    <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">
      <path d={icon} />
    </svg>
  </button>
)

const ICONS = {
  first: 'M6 5v14M19 5 9 12l10 7z',
  back: 'M17 5 7 12l10 7z',
  play: 'M7 4.5 19 12 7 19.5z',
  pause: 'M7 5h3.5v14H7zM13.5 5H17v14h-3.5z',
  on: 'm7 5 10 7-10 7z',
  last: 'M18 5v14M5 5l10 7-10 7z',
} as const

/** Steps, and plays by itself. */
function Steps({ place, last }: { readonly place: number; readonly last: number }): JSX.Element {
  return (
    <div class="keys">
      <Key
        label="First step"
        hint="Home"
        icon={ICONS.first}
        onClick={() => goToPlace(0)}
        disabled={place <= 0}
      />
      <Key label="Step back" hint="←" icon={ICONS.back} onClick={() => stepBy(-1)} disabled={place <= 0} />
      <Key
        label={playing.value ? 'Pause' : 'Play'}
        hint="Space"
        icon={playing.value ? ICONS.pause : ICONS.play}
        pressed={playing.value}
        onClick={togglePlay}
        disabled={last < 0}
      />
      <Key label="Step on" hint="→" icon={ICONS.on} onClick={() => stepBy(1)} disabled={place >= last} />
      <Key
        label="Last step"
        hint="End"
        icon={ICONS.last}
        onClick={() => goToPlace(last)}
        disabled={place >= last}
      />
      <select
        aria-label="Speed"
        value={speed.value}
        onChange={(event) => (speed.value = Number(event.currentTarget.value))}
      >
        {SPEEDS.map((each) => (
          <option value={each} key={each}>
            {each}×
          </option>
        ))}
      </select>
    </div>
  )
}

function Ways(): JSX.Element {
  return (
    <div class="keys">
      <button type="button" class="text-key" onClick={goToCause} title="What brought this about (C)">
        Cause
      </button>
      <button
        type="button"
        class="text-key"
        aria-pressed={following.value}
        onClick={follow}
        title="Show what happens as it happens (L)"
      >
        Newest
      </button>
    </div>
  )
}

/** Time travel: step, play, scrub, or follow what is being added. */
export function Transport(): JSX.Element {
  redrawn()
  const lines = shown()
  const place = placeOf(at.value)
  const last = Math.max(0, lines.length - 1)
  const moment = line.value
  const position = `${whole(place + 1)} of ${whole(lines.length)}`
  return (
    <section class="transport" aria-label="Time">
      <Steps place={place} last={lines.length - 1} />
      <input
        class="scrub"
        type="range"
        min={0}
        max={last}
        value={Math.max(0, place)}
        aria-label="Step"
        aria-valuetext={`${position}, ${moment === null ? '' : timeWords(moment.atMs)}`}
        onInput={(event) => goToPlace(Number(event.currentTarget.value))}
      />
      <p class="moment">
        <b data-testid="moment">{moment === null ? '–' : timeWords(moment.atMs)}</b>
        <span data-testid="position" data-line={at.value}>
          {position}
        </span>
      </p>
      <Ways />
    </section>
  )
}
