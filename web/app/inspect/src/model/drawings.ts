import type { ElkNode } from 'elkjs/lib/elk-api.js'
import workerUrl from 'elkjs/lib/elk-worker.min.js?url'
import type { Chart, ChartState } from '../../../../../actors/inspection/chart.ts'
import { drawChart, type Drawing } from '../../../../charts/svg.ts'

type LayOut = (graph: ElkNode) => Promise<ElkNode>

let laying: Promise<LayOut> | undefined

/** elkjs is loaded with the first chart, and works beside the page. */
function loadLayout(): Promise<LayOut> {
  laying ??= import('elkjs/lib/elk-api.js').then(({ default: Elk }) => {
    const elk = new Elk({ workerUrl })
    return (graph) => elk.layout(graph)
  })
  return laying
}

const drawings = new Map<string, Promise<Drawing>>()

/** The drawing of a machine; laid out once. */
export function drawingOf(machine: string, chart: Chart): Promise<Drawing> {
  const known = drawings.get(machine)
  if (known !== undefined) return known
  const drawing = loadLayout().then((layOut) => drawChart(chart, layOut))
  drawings.set(machine, drawing)
  return drawing
}

/** The ids of the states that a state value names, the machine's own included. */
export function activeStates(state: ChartState, value: unknown): string[] {
  const inner = (name: string, deeper: unknown): string[] => {
    const found = state.states.find((each) => each.name === name)
    return found === undefined ? [] : activeStates(found, deeper)
  }
  if (typeof value === 'string') return [state.id, ...inner(value, undefined)]
  if (typeof value !== 'object' || value === null) return [state.id]
  return [state.id, ...Object.entries(value).flatMap(([name, deeper]) => inner(name, deeper))]
}
