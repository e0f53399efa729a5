import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { BOARDS, CHAIN, type Message, messageOf, PEOPLE, TIME } from '../model/origins.ts'
import { at, goTo, redrawn, placeOf, recording, shown } from '../model/player.ts'
import { lineWords, timeWords, whoWords } from '../model/words.ts'

const ROWS = 60
const ROW = 26
const HEAD = 30
const COLUMN_LEAST = 118
const GUTTER = 96

interface Row extends Message {
  readonly at: number
  readonly time: string
  readonly words: string
}

const ORDER = [PEOPLE, TIME, BOARDS]

/** People, time and boards to the left, the chain to the right, gateways by their names between. */
function lifelinesOf(rows: readonly Row[]): string[] {
  const names = [...new Set(rows.flatMap(({ from, to }) => [from, to]))]
  const gateways = names.filter((name) => name !== CHAIN && !ORDER.includes(name)).sort()
  return [
    ...ORDER.filter((name) => names.includes(name)),
    ...gateways,
    ...(names.includes(CHAIN) ? [CHAIN] : []),
  ]
}

function rowsAround(place: number): Row[] {
  const lines = shown()
  const first = Math.max(0, Math.min(place - Math.floor(ROWS / 2), lines.length - ROWS))
  return lines.slice(first, first + ROWS).flatMap((index) => {
    const line = recording.lines[index]
    if (line === undefined) return []
    const words = `${whoWords(line)}: ${lineWords(line)}`
    return [{ at: index, time: timeWords(line.atMs), words, ...messageOf(recording, line) }]
  })
}

function arrow(from: number, to: number, y: number): JSX.Element {
  if (from === to) return <path class="arrow" d={`M${from},${y - 7}h14v9h-10`} marker-end="url(#told)" />
  return <path class="arrow" d={`M${from},${y}H${to > from ? to - 2 : to + 2}`} marker-end="url(#told)" />
}

function Told({ row, y, from, to }: { row: Row; y: number; from: number; to: number }): JSX.Element {
  const current = row.at === at.value
  const rightward = to > from
  return (
    <g
      class={current ? 'told current' : 'told'}
      onClick={() => goTo(row.at)}
      role="button"
      aria-current={current ? 'step' : undefined}
    >
      <rect class="hit" x={0} y={y - ROW / 2} width="100%" height={ROW} />
      <text class="clock" x={8} y={y + 4}>
        {row.time}
      </text>
      {arrow(from, to, y)}
      <text
        class="words"
        x={rightward ? to - 10 : to + (from === to ? 20 : 12)}
        y={y - (from === to ? -4 : 4)}
        text-anchor={rightward ? 'end' : 'start'}
      >
        {row.words}
      </text>
    </g>
  )
}

/** The inner width of an element as it is now. */
function useWidth(frame: { readonly current: HTMLElement | null }): number {
  const [width, setWidth] = useState(0)
  useEffect(() => {
    const host = frame.current
    if (host === null) return
    const observer = new ResizeObserver(() => setWidth(host.clientWidth))
    observer.observe(host)
    return () => observer.disconnect()
  }, [frame])
  return width
}

/** Who told whom what, across all processes, around the shown step. */
export function Sequence(): JSX.Element {
  redrawn()
  const frame = useRef<HTMLDivElement>(null)
  const room = useWidth(frame)
  const place = placeOf(at.value)
  const rows = rowsAround(place)
  const lifelines = lifelinesOf(rows)
  const column = Math.max(COLUMN_LEAST, (room - GUTTER) / Math.max(1, lifelines.length))
  const xOf = (name: string): number => Math.round(GUTTER + (lifelines.indexOf(name) + 0.5) * column)
  const width = Math.floor(GUTTER + lifelines.length * column)
  const height = rows.length * ROW + 14
  const current = rows.findIndex((row) => row.at === at.value)
  useEffect(() => {
    const host = frame.current
    if (host === null || current < 0) return
    const y = HEAD + current * ROW
    const isSeen = y > host.scrollTop + HEAD + ROW && y < host.scrollTop + host.clientHeight - 2 * ROW
    if (!isSeen) host.scrollTop = y - host.clientHeight / 2
  }, [current, at.value])
  return (
    <section class="panel sequence" aria-label="Messages">
      <div class="scrolling" ref={frame} tabIndex={0} role="group" aria-label="Messages between machines">
        {rows.length === 0 && <p class="hint">Nothing matches. Widen what is shown.</p>}
        <svg class="lifeline-heads" width={width} height={rows.length === 0 ? 0 : HEAD} aria-hidden="true">
          {lifelines.map((name) => (
            <text key={name} x={xOf(name)} y={19} text-anchor="middle" class={name === CHAIN ? 'chain' : ''}>
              {name}
            </text>
          ))}
        </svg>
        <svg class="messages" width={width} height={rows.length === 0 ? 0 : height}>
          <defs>
            <marker
              id="told"
              viewBox="0 0 8 8"
              refX="7"
              refY="4"
              markerWidth="7"
              markerHeight="7"
              orient="auto"
            >
              <path d="M0,0L8,4L0,8z" />
            </marker>
          </defs>
          {lifelines.map((name) => (
            <line key={name} class="lifeline" x1={xOf(name)} x2={xOf(name)} y1={0} y2={height} />
          ))}
          {rows.map((row, index) => (
            <Told key={row.at} row={row} y={14 + index * ROW} from={xOf(row.from)} to={xOf(row.to)} />
          ))}
        </svg>
      </div>
    </section>
  )
}
