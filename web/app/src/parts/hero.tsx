import type { ComponentChildren, JSX } from 'preact'
import type { PeriodView } from '../../../read-model.ts'
import { nowMs } from '../model/live.ts'
import { duration } from '../words/format.ts'

interface HeroProps {
  readonly over: string
  readonly title: string
  readonly state: string
  readonly ok: boolean
  readonly children?: ComponentChildren
}

/** Who this is and how it is, in one sentence. */
export function Hero({ over, title, state, ok, children }: HeroProps): JSX.Element {
  return (
    <div class="hero">
      <div>
        <p class="hero-over">{over}</p>
        <h1>{title}</h1>
        <p class={`hero-state ${ok ? 'is-fine' : 'is-warn'}`} data-testid="state">
          <i />
          {state}
        </p>
      </div>
      <div class="hero-facts">{children}</div>
    </div>
  )
}

/** A small figure beside the title. */
export function Fact({
  name,
  children,
}: {
  readonly name: string
  readonly children: ComponentChildren
}): JSX.Element {
  return (
    <p class="fact">
      <span>{name}</span>
      <strong>{children}</strong>
    </p>
  )
}

/** How long the billing period still lasts. */
export function PeriodFact({ period }: { readonly period: PeriodView }): JSX.Element {
  const left = period.endsAtMs - nowMs.value
  return <Fact name="Period ends in">{left > 0 ? duration(left) : 'a moment'}</Fact>
}
