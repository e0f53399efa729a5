import { signal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Line } from '../../../../../actors/inspection/recording.ts'
import type { Drawing } from '../../../../charts/svg.ts'
import { activeStates, drawingOf } from '../model/drawings.ts'
import { at, redrawn, line, recording, track } from '../model/player.ts'
import type { Track } from '../model/recording.ts'
import { actorWords, stateWords } from '../model/words.ts'

/** Null: as large as fits. */
export const zoom = signal<number | null>(null)
const STEP = 1.25
const LEAST = 0.3
const MOST = 3
/** A chart is not made smaller than this to fit: its words could not be read. */
const LEAST_FIT = 0.85

const shownScale = signal(1)

export function zoomBy(factor: number): void {
  const scale = (zoom.value ?? shownScale.value) * factor
  zoom.value = Math.min(MOST, Math.max(LEAST, scale))
}

type Standing = Exclude<Line, { kind: 'note' }>

/** Lights the active states and traces the transitions that the shown line took. */
function light(host: Element, standing: Standing, isActing: boolean): Element | null {
  const chart = recording.charts[standing.machine]
  if (chart === undefined) return null
  const active = new Set(activeStates(chart.root, standing.state))
  for (const state of host.querySelectorAll('[data-state]')) {
    state.classList.toggle('active', active.has(state.getAttribute('data-state') ?? ''))
  }
  const taken = new Set(isActing && standing.kind === 'step' ? standing.transitions.flat().map(String) : [])
  for (const edge of host.querySelectorAll('[data-transitions]')) {
    const numbers = (edge.getAttribute('data-transitions') ?? '').split(' ')
    edge.classList.toggle(
      'taken',
      numbers.some((each) => taken.has(each)),
    )
  }
  for (const words of host.querySelectorAll('[data-transition]')) {
    words.classList.toggle('taken', taken.has(words.getAttribute('data-transition') ?? ''))
  }
  return host.querySelector('.edge.taken') ?? [...host.querySelectorAll('.state.active')].at(-1) ?? null
}

/** Moves the drawing only as far as it must, so that `element` is seen. */
function reveal(frame: HTMLElement, element: Element): void {
  const inner = element.getBoundingClientRect()
  const outer = frame.getBoundingClientRect()
  const move = (from: number, to: number, least: number, most: number): number => {
    if (from >= least && to <= most) return 0
    return (from + to) / 2 - (least + most) / 2
  }
  frame.scrollLeft += move(inner.left, inner.right, outer.left, outer.right)
  frame.scrollTop += move(inner.top, inner.bottom, outer.top, outer.bottom)
}

function useDrawing(shown: Track | null): Drawing | null {
  const [drawing, setDrawing] = useState<{ machine: string; drawing: Drawing } | null>(null)
  const machine = shown?.machine ?? ''
  const chart = recording.charts[machine]
  useEffect(() => {
    if (chart === undefined) return
    let isWanted = true
    void drawingOf(machine, chart).then((drawn) => {
      if (isWanted) setDrawing({ machine, drawing: drawn })
    })
    return () => {
      isWanted = false
    }
  }, [machine, chart])
  return drawing?.machine === machine ? drawing.drawing : null
}

function Canvas({ shown }: { readonly shown: Track }): JSX.Element {
  const drawing = useDrawing(shown)
  const frame = useRef<HTMLDivElement>(null)
  const [room, setRoom] = useState({ width: 0, height: 0 })
  useEffect(() => {
    const host = frame.current
    if (host === null) return
    const observer = new ResizeObserver(() => setRoom({ width: host.clientWidth, height: host.clientHeight }))
    observer.observe(host)
    return () => observer.disconnect()
  }, [])
  const fit =
    drawing === null ? 1 : Math.min(1.2, (room.width - 4) / drawing.width, (room.height - 4) / drawing.height)
  const scale = zoom.value ?? Math.max(LEAST_FIT, fit)
  shownScale.value = scale
  const current = at.value
  useEffect(() => {
    const host = frame.current
    const svg = host?.querySelector('svg')
    if (host === null || svg === null || svg === undefined || drawing === null) return
    svg.setAttribute('width', String(Math.round(drawing.width * scale)))
    svg.setAttribute('height', String(Math.round(drawing.height * scale)))
    const standing = recording.standing(shown, current)
    const seen = standing === undefined ? null : light(host, standing, standing === line.value)
    if (seen !== null) reveal(host, seen)
    host.dataset['line'] = String(current)
  }, [drawing, scale, shown, current, room])
  return (
    <div
      class="canvas"
      ref={frame}
      tabIndex={0}
      role="group"
      aria-label="State chart; arrows scroll it"
      onWheel={onWheel}
    >
      {drawing === null ? <p class="hint">Drawing …</p> : <Picture svg={drawing.svg} />}
    </div>
  )
}

function onWheel(event: WheelEvent): void {
  if (!event.ctrlKey && !event.metaKey) return
  event.preventDefault()
  zoomBy(event.deltaY < 0 ? 1.1 : 1 / 1.1)
}

/** The drawing is this program's own, from names that it has escaped. */
const Picture = ({ svg }: { readonly svg: string }): JSX.Element => (
  <div class="picture" dangerouslySetInnerHTML={{ __html: svg }} />
)

function Tools(): JSX.Element {
  return (
    <div class="tools" role="group" aria-label="Zoom">
      <button type="button" onClick={() => zoomBy(1 / STEP)} aria-label="− Smaller" title="Smaller (−)">
        −
      </button>
      <button type="button" class="scale" onClick={() => (zoom.value = null)} title="Fit (0)">
        {zoom.value === null ? 'Fit' : `${Math.round(zoom.value * 100)} %`}
      </button>
      <button type="button" onClick={() => zoomBy(STEP)} aria-label="+ Larger" title="Larger (+)">
        +
      </button>
    </div>
  )
}

/** The state chart of the machine that acts. */
export function ChartView(): JSX.Element {
  redrawn()
  const shown = track.value
  if (shown === null) {
    return (
      <section class="panel chart-panel" aria-label="State chart">
        <p class="hint">No machine has done anything yet.</p>
      </section>
    )
  }
  const standing = recording.standing(shown, at.value)
  return (
    <section class="panel chart-panel" aria-label="State chart">
      <header class="panel-head">
        <h2>
          <span class="who">{shown.gateway}</span> {actorWords(shown.machine, shown.actor)}
        </h2>
        <p class="state-words" data-testid="state">
          {standing === undefined ? 'not begun' : stateWords(standing.state)}
        </p>
        <Tools />
      </header>
      <Canvas shown={shown} />
    </section>
  )
}
