import type { JSX } from 'preact'
import type { SentAlarmView } from '../../../read-model.ts'
import { nowMs } from '../model/live.ts'
import { Card, Empty } from '../parts/card.tsx'
import { Icon } from '../parts/icons.tsx'
import { codeWords, count, moment, shortHex } from '../words/format.ts'

const SHOWN = 8

interface AlarmsSentProps {
  readonly alarms: readonly SentAlarmView[]
  readonly total: number
}

/** Which alarms went to whom; their words are sealed to the home. */
export function AlarmsSent({ alarms, total }: AlarmsSentProps): JSX.Element {
  return (
    <Card id="alarms" title="Alarms sent" icon="bell" aside={<span>{count(total)}</span>}>
      {alarms.length === 0 ? <Empty icon="check">No home needed to be warned.</Empty> : null}
      <ul class="alarms">
        {alarms.slice(0, SHOWN).map((alarm) => (
          <li key={alarm.number} class={`alarm alarm-${alarm.severity}`} data-testid="alarm-sent">
            <span class="alarm-icon">
              <Icon name={alarm.severity} />
            </span>
            <div class="alarm-words">
              <p>
                {codeWords(alarm.code)} <span class="soft">to {alarm.homeName ?? shortHex(alarm.home)}</span>
              </p>
              <p class="alarm-meta">
                <span>{moment(alarm.atMs, nowMs.value)}</span>
                <span>{alarm.block === null ? 'not on the ledger yet' : `block ${count(alarm.block)}`}</span>
              </p>
            </div>
          </li>
        ))}
      </ul>
    </Card>
  )
}
