import type { JSX } from 'preact'
import { count } from '../words/format.ts'

export interface Step {
  readonly name: string
  readonly number: number
  readonly meaning: string
}

/** The way of the readings, place by place; each number was counted at that place. */
export function Steps({ steps }: { readonly steps: readonly Step[] }): JSX.Element {
  return (
    <ol class="steps">
      {steps.map(({ name, number, meaning }) => (
        <li key={name} title={meaning}>
          <strong data-testid={`count-${name.toLowerCase()}`}>{count(number)}</strong>
          <span>{name}</span>
        </li>
      ))}
    </ol>
  )
}
