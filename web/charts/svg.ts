import type { ElkEdgeSection, ElkNode } from 'elkjs/lib/elk-api.js'
import type { Chart, ChartState } from '../../actors/inspection/chart.ts'
import {
  anyId,
  type DrawnEdge,
  drawnEdges,
  graphOf,
  initialId,
  innerLines,
  type LayOut,
  LINE_HEIGHT,
} from './graph.ts'

/** A drawing as text, and how large it is in its own units. */
export interface Drawing {
  readonly svg: string
  readonly width: number
  readonly height: number
}

const MARGIN = 8
const INSET = 12
const NAME_LINE = 18
const FIRST_LINE = 34

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

const round = (value: number | undefined): number => Math.round((value ?? 0) * 10) / 10

type Attributes = Readonly<Record<string, string | number>>

function tag(name: string, attributes: Attributes, inside = ''): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(String(value))}"`)
  return `<${name}${written.join('')}${inside === '' ? '/>' : `>${inside}</${name}>`}`
}

const text = (className: string, x: number, y: number, words: string, more: Attributes = {}): string =>
  tag('text', { class: className, x: round(x), y: round(y), ...more }, escaped(words))

/** Every node of a laid-out graph by its id. */
function placesOf(node: ElkNode, places = new Map<string, ElkNode>()): ReadonlyMap<string, ElkNode> {
  places.set(node.id, node)
  for (const child of node.children ?? []) placesOf(child, places)
  return places
}

function box({ x, y, width, height }: ElkNode, inset: number, className: string): string {
  return tag('rect', {
    class: className,
    x: round((x ?? 0) + inset),
    y: round((y ?? 0) + inset),
    width: round((width ?? 0) - 2 * inset),
    height: round((height ?? 0) - 2 * inset),
    rx: 8 - inset,
  })
}

function stateOf(
  chart: Chart,
  state: ChartState,
  places: ReadonlyMap<string, ElkNode>,
  isRegion: boolean,
): string {
  const place = places.get(state.id)
  if (place === undefined) return ''
  const x = (place.x ?? 0) + INSET
  const y = place.y ?? 0
  const lines = innerLines(chart, state).map(({ text: words, transition }, at) =>
    text(
      'said',
      x,
      y + FIRST_LINE + at * LINE_HEIGHT + 6,
      words,
      transition === null ? {} : { 'data-transition': transition },
    ),
  )
  const shape = isRegion ? 'box region' : 'box'
  const own = [
    box(place, 0, shape),
    state.type === 'final' ? box(place, 3, 'box inner') : '',
    text('name', x, y + NAME_LINE, state.name),
    ...lines,
  ]
  const inner = state.states.map((each) => stateOf(chart, each, places, state.type === 'parallel'))
  const kind = `state ${state.type}`
  return tag('g', { class: kind, 'data-state': state.id }, own.join('')) + inner.join('')
}

const pathOf = ({ startPoint, bendPoints = [], endPoint }: ElkEdgeSection): string =>
  `M${[startPoint, ...bendPoints, endPoint].map(({ x, y }) => `${round(x)},${round(y)}`).join('L')}`

function edgeOf(edge: DrawnEdge, laid: NonNullable<ElkNode['edges']>[number]): string {
  const paths = (laid.sections ?? []).map((section) =>
    tag('path', { class: 'line', d: pathOf(section), 'marker-end': 'url(#arrow)' }),
  )
  const numbers = edge.words.map(({ number }) => number).join(' ')
  const label = laid.labels?.[0]
  if (label === undefined) return tag('g', { class: 'edge', 'data-transitions': numbers }, paths.join(''))
  const { x = 0, y = 0 } = label
  const back = tag('rect', {
    class: 'ground',
    x: round(x),
    y: round(y),
    width: round(label.width),
    height: round(label.height),
  })
  let at = 0
  const next = (): number => y + (at += LINE_HEIGHT) - 3
  const lines = edge.words.flatMap(({ number, when, does }) => [
    text('when', x + 4, next(), when, { 'data-transition': number }),
    ...(does === '' ? [] : [text('does', x + 4, next(), does, { 'data-transition': number })]),
  ])
  return tag('g', { class: 'edge', 'data-transitions': numbers }, paths.join('') + back + lines.join(''))
}

function marksOf(state: ChartState, places: ReadonlyMap<string, ElkNode>): string {
  const dot = places.get(initialId(state.id))
  const any = places.get(anyId(state.id))
  const own = [
    dot === undefined
      ? ''
      : tag('circle', { class: 'dot', cx: round((dot.x ?? 0) + 5), cy: round((dot.y ?? 0) + 5), r: 5 }),
    any === undefined
      ? ''
      : box(any, 0, 'any') + text('any-word', (any.x ?? 0) + 6, (any.y ?? 0) + 13, 'any'),
  ]
  return own.join('') + state.states.map((each) => marksOf(each, places)).join('')
}

const ARROW = tag(
  'defs',
  {},
  tag(
    'marker',
    {
      id: 'arrow',
      viewBox: '0 0 8 8',
      refX: 8,
      refY: 4,
      markerWidth: 8,
      markerHeight: 8,
      orient: 'auto',
      markerUnits: 'userSpaceOnUse',
    },
    tag('path', { class: 'tip', d: 'M0,0L8,4L0,8z' }),
  ),
)

/** Draws a chart; `head` goes before everything else, such as a style sheet of its own. */
export async function drawChart(chart: Chart, layOut: LayOut, head = ''): Promise<Drawing> {
  const laid = await layOut(graphOf(chart))
  const places = placesOf(laid)
  const laidEdges = new Map((laid.edges ?? []).map((edge) => [edge.id, edge]))
  const begins = [...laidEdges.values()]
    .filter(({ id }) => id.endsWith('@initial'))
    .flatMap(({ sections = [] }) => sections)
    .map((section) => tag('path', { class: 'line', d: pathOf(section), 'marker-end': 'url(#arrow)' }))
  const edges = drawnEdges(chart).map((edge) => {
    const found = laidEdges.get(edge.id)
    return found === undefined ? '' : edgeOf(edge, found)
  })
  const width = Math.ceil(laid.width ?? 0) + 2 * MARGIN
  const height = Math.ceil(laid.height ?? 0) + 2 * MARGIN
  const inside = [stateOf(chart, chart.root, places, false), marksOf(chart.root, places), ...begins, ...edges]
  const body = tag('g', { transform: `translate(${MARGIN},${MARGIN})` }, inside.join('\n'))
  const viewBox = `0 0 ${width} ${height}`
  const named = { role: 'img', 'aria-label': `State chart of ${chart.id}` }
  const svg = tag(
    'svg',
    { xmlns: 'http://www.w3.org/2000/svg', class: 'chart', viewBox, width, height, ...named },
    `${head}${ARROW}\n${body}\n`,
  )
  return { svg, width, height }
}
