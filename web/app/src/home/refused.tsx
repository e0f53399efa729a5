import type { JSX } from 'preact'
import type { RefusedView } from '../../../read-model.ts'
import { nowMs } from '../model/live.ts'
import { count, moment } from '../words/format.ts'

interface RefusedProps {
  readonly refused: readonly RefusedView[]
  readonly total: number
  /** Complete readings so far. */
  readonly measured: number
}

/** Data that was not good enough to be sealed, with the reason. */
export function Refused({ refused, total, measured }: RefusedProps): JSX.Element {
  if (refused.length === 0 && total === 0) {
    return (
      <p class="quiet">
        {measured === 0 ? 'The first reading is on its way.' : 'No reading had to be refused.'}
      </p>
    )
  }
  return (
    <details class="refused">
      <summary>
        {count(total)} {total === 1 ? 'reading' : 'readings'} refused
      </summary>
      <ul>
        {refused.map((item) => (
          <li key={`${item.atMs}-${item.code}-${item.board ?? ''}`}>
            <p>{item.text}</p>
            <p class="alarm-meta">
              <span>{moment(item.atMs, nowMs.value)}</span>
              {item.board === null ? null : <span>{item.board} board</span>}
            </p>
          </li>
        ))}
      </ul>
    </details>
  )
}
