import { signal } from '@preact/signals'
import type { JSX } from 'preact'
import { at, choose, filter, redrawn, jumpTo, pinned, recording, track } from '../model/player.ts'
import type { Track } from '../model/recording.ts'
import { aboutWords, actorWords, stateWords, whole } from '../model/words.ts'

const KINDS = [
  ['trade', 'Trades'],
  ['delegation', 'Delegations'],
  ['alarm', 'Alarms'],
  ['tx', 'Transactions'],
] as const

const kind = signal<(typeof KINDS)[number][0]>('trade')
const wanted = signal('')
const openGateway = signal<string | null>(null)
const SUBJECTS_MOST = 200
/** Machines that are there once for each call, lot or delegation: the newest of them are listed. */
const MANY_MOST = 12

function Subjects(): JSX.Element {
  const all = recording.subjects(kind.value)
  const found = all.filter(({ about }) => about.toLowerCase().includes(wanted.value.trim().toLowerCase()))
  const listed = kind.value === 'tx' ? found.slice(-SUBJECTS_MOST) : found.slice(0, SUBJECTS_MOST)
  return (
    <>
      <div class="tabs" role="group" aria-label="Jump to">
        {KINDS.map(([name, words]) => (
          <button
            type="button"
            key={name}
            aria-pressed={kind.value === name}
            onClick={() => (kind.value = name)}
          >
            {words}
          </button>
        ))}
      </div>
      <input
        type="search"
        placeholder="Number or hash"
        aria-label="Number or hash"
        value={wanted.value}
        onInput={(event) => (wanted.value = event.currentTarget.value)}
      />
      <ul class="subjects" data-testid="subjects">
        {listed.map(({ about, count }) => (
          <li key={about}>
            <button
              type="button"
              title={about}
              aria-pressed={filter.value.about === about}
              onClick={() => jumpTo(about)}
            >
              <span>{aboutWords(recording, about)}</span>
              <small>{whole(count)}</small>
            </button>
          </li>
        ))}
        {found.length === 0 && <li class="hint">None in this recording.</li>}
        {found.length > listed.length && <li class="hint">and {whole(found.length - listed.length)} more</li>}
      </ul>
    </>
  )
}

function Chosen(): JSX.Element | null {
  const { gateway, machine, about } = filter.value
  const chips: readonly (readonly [string, Parameters<typeof choose>[0]])[] = [
    ...(about === null ? [] : [[aboutWords(recording, about), { about: null }] as const]),
    ...(gateway === null ? [] : [[gateway, { gateway: null }] as const]),
    ...(machine === null ? [] : [[machine, { machine: null }] as const]),
  ]
  return (
    <div class="chosen">
      {chips.map(([words, without]) => (
        <button
          type="button"
          class="chip on"
          key={words}
          aria-label={`${words} × remove`}
          onClick={() => choose(without)}
        >
          {words} ×
        </button>
      ))}
      <label class="check">
        <input
          type="checkbox"
          checked={filter.value.changesOnly}
          onChange={(event) => choose({ changesOnly: event.currentTarget.checked })}
        />
        Only what changes a state
      </label>
    </div>
  )
}

function Machines({ tracks }: { readonly tracks: readonly Track[] }): JSX.Element {
  const single = tracks.filter(({ machine }) => machine !== 'intent')
  const calls = tracks.filter(({ machine }) => machine === 'intent')
  const listed = [...single.slice(0, 3 * MANY_MOST), ...calls.slice(-MANY_MOST).reverse()]
  return (
    <ul class="machines">
      {listed.map((each) => {
        const standing = recording.standing(each, at.value)
        return (
          <li key={each.key}>
            <button
              type="button"
              aria-pressed={track.value?.key === each.key}
              class={standing === undefined ? 'later' : standing.ended ? 'ended' : ''}
              onClick={() => (pinned.value = each.key)}
            >
              <span>{actorWords(each.machine, each.actor)}</span>
              <small>{standing === undefined ? 'not begun' : stateWords(standing.state)}</small>
            </button>
          </li>
        )
      })}
      {calls.length > MANY_MOST && <li class="hint">and {whole(calls.length - MANY_MOST)} older calls</li>}
    </ul>
  )
}

function Gateways(): JSX.Element {
  const names = [...recording.gateways.keys()].sort()
  return (
    <ul class="gateways" data-testid="gateways">
      {names.map((name) => {
        const tracks = recording.gateways.get(name) ?? []
        const main = tracks.find(({ machine }) => machine.endsWith('-gateway'))
        const standing = main === undefined ? undefined : recording.standing(main, at.value)
        const isOpen = openGateway.value === name
        const state = standing?.state
        const words = typeof state === 'object' && state !== null ? Object.keys(state)[0] : stateWords(state)
        return (
          <li key={name}>
            <div class="gateway-row">
              <button
                type="button"
                class="gateway"
                aria-expanded={isOpen}
                onClick={() => (openGateway.value = isOpen ? null : name)}
              >
                <span>{name}</span>
                <small>{words ?? ''}</small>
              </button>
              <button
                type="button"
                class="only"
                aria-pressed={filter.value.gateway === name}
                onClick={() => choose({ gateway: filter.value.gateway === name ? null : name })}
              >
                only
              </button>
            </div>
            {isOpen && <Machines tracks={tracks} />}
          </li>
        )
      })}
    </ul>
  )
}

/** Finds a trade, an alarm, a machine: what is shown, and how every gateway stands at this moment. */
export function Finder(): JSX.Element {
  redrawn()
  const machines = Object.keys(recording.charts)
  return (
    <aside class="panel finder" aria-label="Find">
      <Chosen />
      <Subjects />
      <div class="finder-head">
        <h2>Gateways</h2>
        <select
          aria-label="Machine"
          value={filter.value.machine ?? ''}
          onChange={({ currentTarget: { value } }) => choose({ machine: value === '' ? null : value })}
        >
          <option value="">every machine</option>
          {machines.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </div>
      <Gateways />
    </aside>
  )
}
