import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { catalogue } from '../../actors/catalogue.ts'

const SPECS = join(import.meta.dirname, '..')
const TREES = join(SPECS, 'trees')

/** Trees of contracts have a stricter spec of their own. */
const OF_CONTRACTS = ['delegation-registry', 'quota', 'resource-monitoring', 'token', 'trading']
/** A machine of another name than its tree. */
const TREE_OF: Readonly<Record<string, string>> = { intent: 'contract-proxy' }

const treeNames = readdirSync(TREES)
  .filter((file) => file.endsWith('.tree'))
  .map((file) => file.slice(0, -'.tree'.length))

function titlesUnder(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return titlesUnder(path)
    if (!entry.name.endsWith('.spec.ts')) return []
    const text = readFileSync(path, 'utf8')
    return [...text.matchAll(/\bit(?:\.\w+\([^)]*\))?\(\s*(?:'([^']+)'|"([^"]+)"|`([^`]+)`)/gu)].map(
      ([, single, double, template]) => single ?? double ?? template ?? '',
    )
  })
}

const leavesOf = (tree: string): string[] =>
  readFileSync(join(TREES, `${tree}.tree`), 'utf8')
    .split('\n')
    .flatMap((line) => /^[│├└─ ]*it (.+)$/u.exec(line)?.[1] ?? [])

it('every machine of the catalogue has a tree', () => {
  const untold = Object.keys(catalogue).filter((name) => !treeNames.includes(TREE_OF[name] ?? name))
  expect(untold).toEqual([])
})

it('every leaf of a tree is the title of a test', () => {
  const titles = new Set(titlesUnder(SPECS))
  const missing = treeNames
    .filter((tree) => !OF_CONTRACTS.includes(tree))
    .flatMap((tree) => leavesOf(tree).map((leaf) => ({ tree, leaf })))
    .filter(({ leaf }) => !titles.has(leaf))
  expect(missing).toEqual([])
})
