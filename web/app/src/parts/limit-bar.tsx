import type { JSX } from 'preact'
import { percent } from '../words/format.ts'
import { LEVELS, levelOf } from '../words/level.ts'

interface LimitBarProps {
  readonly label: string
  readonly used: number
  readonly limit: number | null
  /** The same in words, for who cannot see the bar. */
  readonly words: string
  readonly thin?: boolean
}

/** How much of a limit is used; marks stand at the shares where alarms are raised. */
export function LimitBar({ label, used, limit, words, thin }: LimitBarProps): JSX.Element {
  const share = limit === null ? 0 : Math.max(0, Math.min(100, percent(used, limit)))
  return (
    <div
      class={`bar bar-${levelOf(used, limit)}${thin === true ? ' bar-thin' : ''}`}
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={share}
      aria-valuetext={words}
    >
      <div class="bar-fill" style={{ width: `${share}%` }} />
      {thin === true ? null : (
        <>
          <i class="bar-mark" style={{ left: `${LEVELS.warn}%` }} />
          <i class="bar-mark" style={{ left: `${LEVELS.high}%` }} />
        </>
      )}
    </div>
  )
}
