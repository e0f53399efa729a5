import { cpus } from 'node:os'
import '../protocols/p2p/polyfill.ts'
import { messageOf } from '../protocols/rules/fault.ts'
import type { BenchRow } from './recovery.ts'

const BENCHES: Readonly<Record<string, () => Promise<{ run(): Promise<{ rows: readonly BenchRow[] }> }>>> = {
  clear: () => import('./clear.ts'),
  flood: () => import('./flood.ts'),
  gas: () => import('./gas.ts'),
  geth: () => import('./geth.ts'),
  inspect: () => import('./inspect.ts'),
  latency: () => import('./latency.ts'),
  recovery: () => import('./recovery.ts'),
}

const number = (value: number | null): string =>
  value === null ? '–' : String(Math.round(value * 100) / 100)

function table(rows: readonly BenchRow[]): string {
  const cells = rows.map((row) => [
    row.case,
    number(row.value),
    row.unit,
    number(row.limit),
    number(row.baseline),
    row.ok ? '✓' : '✗',
  ])
  const lines = [['case', 'value', 'unit', 'limit', 'baseline', ''], ...cells]
  const widths =
    lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? []
  return lines
    .map((line) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
    .join('\n')
}

/** Runs a benchmark of this folder by name: a table for people, with `json` one object on standard output. */
export async function bench(name: string, json: boolean): Promise<number> {
  const load = BENCHES[name]
  if (load === undefined) {
    console.error(`bench: there is no "${name}"; choose ${Object.keys(BENCHES).join(', ')}`)
    return 2
  }
  try {
    const { rows } = await (await load()).run()
    const processor = cpus()
    const machine = `${processor.length} × ${processor[0]?.model ?? 'unknown'}, Node ${process.versions.node}`
    console.log(json ? JSON.stringify({ name, machine, rows }) : `${machine}\n${table(rows)}`)
    return rows.every((row) => row.ok) ? 0 : 1
  } catch (thrown) {
    console.error(messageOf(thrown))
    return 1
  }
}

const [, entry = '', name = '', ...flags] = process.argv
if (/run\.(ts|js)$/.test(entry)) process.exit(await bench(name, flags.includes('--json')))
