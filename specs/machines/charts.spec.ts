import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { catalogue } from '../../actors/catalogue.ts'
import { chartOf } from '../../actors/inspection/chart.ts'
import { documentOf } from '../../web/charts/documents.ts'

const FOLDER = join('docs', 'machines')
const charts = Object.entries(catalogue).map(([name, machine]) => ({ name, chart: chartOf(machine) }))

describe('the drawings of docs/machines', () => {
  it.each(charts)('show $name as it is; else `npm run generate:machines`', async ({ name, chart }) => {
    expect(readFileSync(join(FOLDER, `${name}.svg`), 'utf8')).toBe(await documentOf(chart))
  })

  it('are those of the catalogue and no others', () => {
    const drawn = readdirSync(FOLDER).filter((file) => file.endsWith('.svg'))
    expect(drawn.sort()).toEqual(charts.map(({ name }) => `${name}.svg`).sort())
  })

  it.each(charts)('name every guard, delay and action of $name', ({ chart }) => {
    const words = chart.transitions.flatMap(({ on, guard, actions }) => [on, guard ?? '', ...actions])
    expect(words.filter((each) => each === 'unnamed' || each.startsWith('xstate.'))).toEqual([])
  })
})
