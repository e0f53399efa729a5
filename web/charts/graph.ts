import type { ElkExtendedEdge, ElkNode } from 'elkjs/lib/elk-api.js'
import type { Chart, ChartState } from '../../actors/inspection/chart.ts'
import { NAME_SIZE, SMALL_SIZE, type TransitionWords, transitionWords, widthOf } from './words.ts'

/** Lays a graph out: elkjs, in a worker of the browser or in this very process. */
export type LayOut = (graph: ElkNode) => Promise<ElkNode>

export const LINE_HEIGHT = 15
const TITLE_HEIGHT = 26
const PADDING = 12
const DOT = 10
const ANY_WIDTH = 34
const LEAST_WIDTH = 64

/** What is said inside a state, below its name. */
export interface InnerLine {
  readonly text: string
  /** The transition that it stands for: one that stays in the state. */
  readonly transition: number | null
}

/** Edges with the same ends are drawn as one, with a line for each transition. */
export interface DrawnEdge {
  readonly id: string
  readonly source: string
  readonly target: string
  readonly words: readonly TransitionWords[]
}

export const initialId = (state: string): string => `${state}@initial`
/** Where transitions begin that a state takes in whichever of its own states it is. */
export const anyId = (state: string): string => `${state}@any`

const isWithin = (inner: string, outer: string): boolean => inner.startsWith(`${outer}.`)

/** Transitions that leave the machine where it is are said inside their state. */
export function innerLines(chart: Chart, state: ChartState): InnerLine[] {
  const said = [
    ...state.entry.map((name) => `entry / ${name}`),
    ...state.exit.map((name) => `exit / ${name}`),
    ...state.invokes.map((name) => `invoke ${name}`),
  ].map((text): InnerLine => ({ text, transition: null }))
  const staying = chart.transitions.flatMap(({ source, targets, reenters }, number): InnerLine[] => {
    const stays = targets.length === 0 || (targets.length === 1 && targets[0] === source)
    if (source !== state.id || !stays) return []
    const { when, does } = transitionWords(chart, number)
    const again = reenters && targets.length > 0 ? '↻ ' : ''
    return [{ text: `${again}${when}${does === '' ? '' : ` ${does}`}`, transition: number }]
  })
  return [...said, ...staying]
}

/** The edges of a chart. */
export function drawnEdges(chart: Chart): DrawnEdge[] {
  const edges = new Map<string, DrawnEdge>()
  chart.transitions.forEach(({ source, targets }, number) => {
    for (const target of targets) {
      if (target === source) continue
      const from = isWithin(target, source) ? anyId(source) : source
      const id = `${from}>${target}`
      const words = [...(edges.get(id)?.words ?? []), transitionWords(chart, number)]
      edges.set(id, { id, source: from, target, words })
    }
  })
  return [...edges.values()]
}

function labelOf({ words }: DrawnEdge) {
  const lines = words.flatMap(({ when, does }) => (does === '' ? [when] : [when, does]))
  const width = Math.max(...lines.map((line) => widthOf(line, SMALL_SIZE))) + 8
  return { text: lines.join('\n'), width, height: lines.length * LINE_HEIGHT + 2 }
}

function nodeOf(chart: Chart, state: ChartState, anys: ReadonlySet<string>): ElkNode {
  const lines = innerLines(chart, state)
  const width = Math.max(
    LEAST_WIDTH,
    widthOf(state.name, NAME_SIZE) + 2 * PADDING + 8,
    ...lines.map(({ text }) => widthOf(text, SMALL_SIZE) + 2 * PADDING),
  )
  const height = TITLE_HEIGHT + lines.length * LINE_HEIGHT + (lines.length > 0 ? 6 : 4)
  if (state.states.length === 0) return { id: state.id, width, height }
  const begins = state.initial === null ? [] : [{ id: initialId(state.id), width: DOT, height: DOT }]
  const any = anys.has(anyId(state.id)) ? [{ id: anyId(state.id), width: ANY_WIDTH, height: 18 }] : []
  return {
    id: state.id,
    children: [...begins, ...any, ...state.states.map((each) => nodeOf(chart, each, anys))],
    layoutOptions: {
      'elk.padding': `[top=${height + 8},left=${PADDING + 4},bottom=${PADDING + 4},right=${PADDING + 4}]`,
      'elk.nodeSize.constraints': '[MINIMUM_SIZE]',
      'elk.nodeSize.minimum': `(${width + 16},${height})`,
    },
  }
}

function beginnings(state: ChartState): ElkExtendedEdge[] {
  const inner = state.states.flatMap(beginnings)
  if (state.initial === null) return inner
  const id = initialId(state.id)
  return [{ id, sources: [id], targets: [state.initial] }, ...inner]
}

const OPTIONS = {
  'elk.algorithm': 'layered',
  'elk.direction': 'DOWN',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.json.edgeCoords': 'ROOT',
  'elk.json.shapeCoords': 'ROOT',
  'elk.spacing.nodeNode': '26',
  'elk.spacing.edgeLabel': '3',
  'elk.spacing.edgeEdge': '12',
  'elk.spacing.edgeNode': '14',
  'elk.layered.spacing.nodeNodeBetweenLayers': '26',
  'elk.layered.spacing.edgeNodeBetweenLayers': '12',
  // What begins first stands first: the states' own order, not the least number of edges that go back.
  'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
  'elk.layered.cycleBreaking.strategy': 'MODEL_ORDER',
  'elk.layered.nodePlacement.strategy': 'BRANDES_KOEPF',
  'elk.layered.nodePlacement.bk.fixedAlignment': 'BALANCED',
  'elk.randomSeed': '1',
} as const

/** A chart as a graph that elkjs lays out. */
export function graphOf(chart: Chart): ElkNode {
  const edges = drawnEdges(chart)
  const anys = new Set(edges.map(({ source }) => source).filter((id) => id.endsWith('@any')))
  return {
    id: 'drawing',
    layoutOptions: OPTIONS,
    children: [nodeOf(chart, chart.root, anys)],
    edges: [
      ...beginnings(chart.root),
      ...edges.map((edge) => {
        const { id, source, target } = edge
        return { id, sources: [source], targets: [target], labels: [labelOf(edge)] }
      }),
    ],
  }
}
