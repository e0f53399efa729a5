import elkjs from 'elkjs/lib/elk.bundled.js'
import type { Chart } from '../../actors/inspection/chart.ts'
import { NAME_SIZE, SMALL_SIZE } from './words.ts'
import { drawChart } from './svg.ts'

/** A drawing that stands alone brings its own looks; it is read on paper and on dark screens alike. */
const STYLE = `<style>
.chart{background:#fff;font-family:-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
.box{fill:#fff;stroke:#566560;stroke-width:1.2}
.compound>.box,.parallel>.box{fill:#f6f8f5}
.box.region{stroke-dasharray:5 4}
.box.inner{fill:none}
.name{font-size:${NAME_SIZE}px;font-weight:600;fill:#14201d}
.said,.does,.any-word{font-size:${SMALL_SIZE}px;fill:#566560}
.when{font-size:${SMALL_SIZE}px;fill:#0a5f50;font-weight:500}
.line{fill:none;stroke:#566560;stroke-width:1.1}
.tip,.dot{fill:#14201d}
.ground{fill:#fff;fill-opacity:.88}
.any{fill:#eef2ee;stroke:#566560;stroke-dasharray:2 2}
</style>`

/** The drawing of a machine as a document: the same bytes from the same chart. */
export async function documentOf(chart: Chart): Promise<string> {
  const elk = new elkjs.default()
  const { svg } = await drawChart(chart, (graph) => elk.layout(graph), STYLE)
  return `${svg}\n`
}
