import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { catalogue } from '../actors/catalogue.ts'
import { chartOf } from '../actors/inspection/chart.ts'
import { documentOf } from '../web/charts/documents.ts'

const FOLDER = join('docs', 'machines')

/** Draws every machine of the catalogue to docs/machines; a drawing of a machine that is gone goes, too. */
mkdirSync(FOLDER, { recursive: true })
for (const file of readdirSync(FOLDER)) if (file.endsWith('.svg')) rmSync(join(FOLDER, file))
for (const [name, machine] of Object.entries(catalogue)) {
  writeFileSync(join(FOLDER, `${name}.svg`), await documentOf(chartOf(machine)))
}
console.log(`${Object.keys(catalogue).length} drawings in ${FOLDER}`)
