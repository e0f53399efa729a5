import type { JSX } from 'preact'
import { nowMs } from '../model/live.ts'
import { duration } from '../words/format.ts'

interface CountdownProps {
  readonly untilMs: number
  readonly label: string
}

/** How long something still lasts, by the gateway's clock. */
export function Countdown({ untilMs, label }: CountdownProps): JSX.Element {
  const left = untilMs - nowMs.value
  return (
    <p class={`countdown${left < 15_000 ? ' is-soon' : ''}`}>
      <span>{label}</span>
      <strong>{left <= 0 ? 'a moment' : duration(left)}</strong>
    </p>
  )
}
