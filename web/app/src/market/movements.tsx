import type { JSX } from 'preact'
import type { MovementView } from '../../../market-model.ts'
import { sct } from '../words/money.ts'

const KINDS: Readonly<Record<MovementView['kind'], string>> = {
  locked: 'locked',
  pays: 'paid',
  gets: 'received',
  returned: 'came back',
  forfeited: 'lost',
}

const SIGNS: Readonly<Record<MovementView['kind'], string>> = {
  locked: '',
  pays: '−',
  gets: '+',
  returned: '+',
  forfeited: '−',
}

/** Who pays what: each movement of SCT of an auction, done or still to come. */
export function Movements({
  movements,
}: {
  readonly movements: readonly MovementView[]
}): JSX.Element | null {
  if (movements.length === 0) return null
  return (
    <ul class="movements" aria-label="Who pays what">
      {movements.map(({ text, kind, microSct, done }) => (
        <li key={`${kind}-${text}`} class={`movement movement-${kind}${done ? '' : ' is-to-come'}`}>
          <span>
            {text}
            <small>{done ? KINDS[kind] : 'to come'}</small>
          </span>
          <strong>
            {SIGNS[kind]}
            {sct(microSct)}
          </strong>
        </li>
      ))}
    </ul>
  )
}
