import type { ComponentChildren, JSX } from 'preact'
import { percent, type Scale } from '../words/format.ts'
import { levelOf, type Level } from '../words/level.ts'
import { Icon } from './icons.tsx'
import { LimitBar } from './limit-bar.tsx'

const LEVEL_WORDS: Readonly<Record<Level, string>> = {
  none: 'no limit yet',
  fine: 'on track',
  warn: 'close to the limit',
  high: 'nearly at the limit',
  over: 'at the limit',
}

export interface TileProps {
  readonly kind: 'energy' | 'power' | 'water'
  readonly title: string
  /** What the big number is: "used", "now". */
  readonly verb: string
  /** Null before the first reading. */
  readonly used: number | null
  readonly limit: number | null
  readonly scale: Scale
  /** What the limit is called: "quota", "contract". */
  readonly limitName: string
  /** Without a limit: whether one is to come. */
  readonly withoutLimit?: 'yet' | 'any more'
  readonly children?: ComponentChildren
}

/** One resource: how much is used, how much is left, and how near the limit is. */
export function Tile(props: TileProps): JSX.Element {
  const { kind, title, verb, used, limit } = props
  const level = used === null ? 'none' : levelOf(used, limit)
  return (
    <article class={`tile tile-${kind} is-${level}`} aria-labelledby={`tile-${kind}`}>
      <header class="tile-head">
        <h2 id={`tile-${kind}`}>
          <span class="tile-icon">
            <Icon name={kind} />
          </span>
          {title}
        </h2>
        {used === null || limit === null ? null : (
          <span class={`chip chip-${level}`} title={LEVEL_WORDS[level]}>
            {percent(Math.max(0, used), limit)} %
          </span>
        )}
      </header>
      <TileNumber {...props} />
      <LimitBar label={`${title} ${verb}`} used={used ?? 0} limit={limit} words={wordsOf(props)} />
      <LimitLine {...props} />
      {props.children === undefined ? null : <div class="tile-more">{props.children}</div>}
    </article>
  )
}

function TileNumber({ kind, used, scale, verb }: TileProps): JSX.Element {
  if (used === null) return <p class="tile-waiting">Waiting for the first reading</p>
  return (
    <p class="tile-number" data-testid={`${kind}-used`}>
      <strong>{scale.number(used)}</strong> <span>{scale.unit}</span> <small>{verb}</small>
    </p>
  )
}

function LimitLine(props: TileProps): JSX.Element {
  const { kind, used, limit, scale, limitName } = props
  if (limit === null) {
    return (
      <p class="tile-limit">
        <span>{`No ${limitName} ${props.withoutLimit ?? 'yet'}`}</span>
      </p>
    )
  }
  const left = limit - (used ?? 0)
  return (
    <p class="tile-limit">
      <span data-testid={`${kind}-left`}>
        {left >= 0 ? `${scale.text(left)} left` : `${scale.text(-left)} over`}
      </span>
      <span>
        {limitName} {scale.text(limit)}
      </span>
    </p>
  )
}

function wordsOf({ used, limit, scale, limitName, verb }: TileProps): string {
  if (used === null) return 'waiting for the first reading'
  if (limit === null) return `${scale.text(used)} ${verb}, no ${limitName} yet`
  const level = LEVEL_WORDS[levelOf(used, limit)]
  return `${scale.text(used)} ${verb} of ${limitName} ${scale.text(limit)}: ${level}`
}
