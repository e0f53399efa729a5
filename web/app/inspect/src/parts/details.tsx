import type { JSX } from 'preact'
import type { Line } from '../../../../../actors/inspection/recording.ts'
import { transitionWords } from '../../../../charts/words.ts'
import { messageOf } from '../model/origins.ts'
import { at, redrawn, jumpTo, line, recording } from '../model/player.ts'
import { aboutWords, lineWords, shortId, stateWords, timeWords, whoWords } from '../model/words.ts'

function valueWords(value: unknown): string {
  if (value === null) return '–'
  if (typeof value === 'string') return shortId(value)
  if (typeof value === 'object') return JSON.stringify(value)
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
}

interface TableProps {
  readonly title: string
  readonly fields: Readonly<Record<string, unknown>>
  readonly before?: Readonly<Record<string, unknown>> | undefined
}

function Fields({ title, fields, before }: TableProps): JSX.Element | null {
  const entries = Object.entries(fields)
  if (entries.length === 0) return null
  return (
    <>
      <h3>{title}</h3>
      <table class="fields">
        <tbody>
          {entries.map(([name, value]) => {
            const changed = before !== undefined && JSON.stringify(before[name]) !== JSON.stringify(value)
            return (
              <tr key={name} class={changed ? 'changed' : ''}>
                <th scope="row">{name}</th>
                <td title={typeof value === 'string' ? value : undefined}>{valueWords(value)}</td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </>
  )
}

/** The line of the same machine before this one. */
function lineBefore(now: Line): Exclude<Line, { kind: 'note' }> | undefined {
  if (now.kind === 'note') return undefined
  const track = recording.tracks.get(`${now.gateway}/${now.actor}`)
  return track === undefined ? undefined : recording.standing(track, at.value - 1)
}

function Transitions({ now }: { readonly now: Extract<Line, { kind: 'step' }> }): JSX.Element {
  const chart = recording.charts[now.machine]
  const numbers = now.transitions.flat()
  if (chart === undefined || numbers.length === 0) return <p class="soft">No transition: nothing to do.</p>
  return (
    <ol class="transitions">
      {numbers.map((number, index) => {
        const { when } = transitionWords(chart, number)
        const { source = '', targets = [] } = chart.transitions[number] ?? {}
        const short = (id: string): string => id.slice(chart.id.length + 1) || chart.root.name
        const to = targets.length === 0 ? 'stays' : targets.map(short).join(', ')
        return (
          <li key={index}>
            <b>{when}</b> {short(source)} → {to}
          </li>
        )
      })}
    </ol>
  )
}

function origin(now: Line): string {
  const { from, to } = messageOf(recording, now)
  return from === to ? 'from its own gateway' : from === now.gateway ? `to the ${to}` : `from ${from}`
}

function StepDetails({ now }: { readonly now: Exclude<Line, { kind: 'note' }> }): JSX.Element {
  const before = lineBefore(now)
  const fields =
    now.kind === 'step'
      ? Object.fromEntries(Object.entries(now.event).filter(([name]) => name !== 'type'))
      : {}
  return (
    <>
      {now.kind === 'step' && (
        <>
          <Fields title="Event" fields={fields} />
          <h3>Transitions</h3>
          <Transitions now={now} />
          {now.actions.length > 0 && <p class="soft">does {now.actions.join(', ')}</p>}
        </>
      )}
      <h3>State</h3>
      <p>{stateWords(now.state)}</p>
      <Fields title="Context" fields={now.context} before={before?.context} />
      <h3>Queue</h3>
      <p data-testid="queue">
        {now.kind === 'step' && now.waiting > 0 ? `${now.waiting} more events wait` : 'nothing waits'}
      </p>
    </>
  )
}

/** What the shown line says: who did what, why, and how it stands afterwards. */
export function Details(): JSX.Element {
  redrawn()
  const now = line.value
  if (now === null) {
    return (
      <section class="panel details" aria-label="Step">
        <p class="hint">Nothing has been recorded yet.</p>
      </section>
    )
  }
  return (
    <section class="panel details" aria-label="Step">
      <header class="panel-head">
        <h2 data-testid="what">
          <span class="who">{now.gateway}</span> {whoWords(now)}: {lineWords(now)}
        </h2>
        <p class="soft">
          {timeWords(now.atMs)}, {origin(now)}
        </p>
      </header>
      <div class="scrolling" tabIndex={0} role="group" aria-label="Details">
        {now.kind === 'note' ? <Fields title={now.name} fields={now.details} /> : <StepDetails now={now} />}
        {now.about.length > 0 && <h3>About</h3>}
        <ul class="abouts">
          {[...new Set(now.about.map((each) => recording.nameOf(each)))].map((about) => (
            <li key={about}>
              <button type="button" class="chip" title={about} onClick={() => jumpTo(about)}>
                {aboutWords(recording, about)}
              </button>
            </li>
          ))}
        </ul>
      </div>
    </section>
  )
}
