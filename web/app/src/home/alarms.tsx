import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { AlarmView } from '../../../read-model.ts'
import { acknowledgeAlarm } from '../model/actions.ts'
import { nowMs } from '../model/live.ts'
import { Card, Empty } from '../parts/card.tsx'
import { Icon } from '../parts/icons.tsx'
import { count, moment } from '../words/format.ts'

/** How many alarms stand there before "show all". */
const SHOWN = 5

/** What the community or this gateway warned of, the newest first. */
export function Alarms({ alarms }: { readonly alarms: readonly AlarmView[] }): JSX.Element {
  const [all, setAll] = useState(false)
  const fresh = alarms.filter(({ state }) => state === 'new').length
  const shown = all ? alarms : alarms.slice(0, SHOWN)
  const aside = fresh === 0 ? null : <span class="chip chip-over">{count(fresh)} new</span>
  return (
    <Card id="alarms" title="Alarms" icon="bell" aside={aside}>
      {alarms.length === 0 ? (
        <Empty icon="check">No alarms. You are told here as soon as there is one.</Empty>
      ) : null}
      <ul class="alarms">
        {shown.map((alarm) => (
          <Alarm key={alarm.id} alarm={alarm} />
        ))}
      </ul>
      {alarms.length > SHOWN ? (
        <button type="button" class="button button-wide" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? 'Show fewer' : `Show all ${count(alarms.length)}`}
        </button>
      ) : null}
    </Card>
  )
}

/** The newest alarm that nobody has seen, where it cannot be missed. */
export function NewestAlarm({ alarms }: { readonly alarms: readonly AlarmView[] }): JSX.Element | null {
  const fresh = alarms.filter(({ state }) => state === 'new')
  const newest = fresh[0]
  if (newest === undefined) return null
  return (
    <a class={`banner banner-${newest.severity}`} href="#alarms-title" data-testid="newest-alarm">
      <Icon name={newest.severity} />
      <p>{newest.text}</p>
      <span>{fresh.length === 1 ? 'See alarm' : `See all ${count(fresh.length)}`}</span>
    </a>
  )
}

function Alarm({ alarm }: { readonly alarm: AlarmView }): JSX.Element {
  const where = alarm.block === null ? 'not on the ledger yet' : `block ${count(alarm.block)}`
  return (
    <li class={`alarm alarm-${alarm.severity} alarm-${alarm.state}`} data-testid="alarm">
      <span class="alarm-icon">
        <Icon name={alarm.severity} />
      </span>
      <div class="alarm-words">
        <p>
          <span class="unseen">{alarm.severity}: </span>
          {alarm.text}
        </p>
        <p class="alarm-meta">
          <span>{moment(alarm.atMs, nowMs.value)}</span>
          <span>{where}</span>
        </p>
      </div>
      {alarm.state === 'new' ? (
        <button
          type="button"
          class="button"
          aria-label={`Seen: ${alarm.text}`}
          onClick={() => void acknowledgeAlarm(alarm.id)}
        >
          Seen
        </button>
      ) : (
        <span class="alarm-seen">
          <Icon name="check" />
          <span class="unseen">seen</span>
        </span>
      )}
    </li>
  )
}
