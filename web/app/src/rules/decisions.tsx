import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { DecisionView } from '../../../market-model.ts'
import { nowMs } from '../model/live.ts'
import { Icon } from '../parts/icons.tsx'
import { count, moment } from '../words/format.ts'

interface DecisionsProps {
  readonly decisions: readonly DecisionView[]
  /** How many stand there before "show all". */
  readonly shown: number
}

/** What rules decided and why, in words. */
export function Decisions({ decisions, shown }: DecisionsProps): JSX.Element {
  const [all, setAll] = useState(false)
  return (
    <>
      <ul class="decisions">
        {(all ? decisions : decisions.slice(0, shown)).map((decision, index) => (
          <li
            key={`${decision.atMs}-${index}`}
            class={decision.acted ? 'decision is-acted' : 'decision'}
            data-testid="decision"
          >
            <Icon name={decision.acted ? 'check' : 'refused'} />
            <div>
              <p>
                <span class="unseen">{decision.acted ? 'Acted: ' : 'Did nothing: '}</span>
                {decision.text}
              </p>
              <p class="alarm-meta">
                <span>{moment(decision.atMs, nowMs.value)}</span>
                {decision.rule === null ? null : <span>{decision.rule}</span>}
              </p>
            </div>
          </li>
        ))}
      </ul>
      {decisions.length <= shown ? null : (
        <button type="button" class="button button-wide" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? 'Show fewer' : `Show all ${count(decisions.length)}`}
        </button>
      )}
    </>
  )
}
