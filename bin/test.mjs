#!/usr/bin/env node
// `npm test`: style, types, then every spec, in CI the LAN in short; ends with what was left out and `N passed, N failed`.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'

/** What `npm run test:lan -- --ci` takes at most on two busy cores, its second attempt included. */
const LAN_MS = 7 * 60_000
/** Less time is not worth beginning it. */
const LAN_LEAST_MS = 150_000
/** More failing files than this are no matter of chance. */
const AGAIN_MOST = 6
const AGAIN_UNTIL_MS = 38 * 60_000
const AGAIN_MS = 6 * 60_000
/** `.ci/run` has 45 minutes, and installs for some of them. */
const MOST_MS = 41 * 60_000
/** At least a millisecond: none would be no limit. */
const timeLeft = () => Math.max(1, Math.floor(MOST_MS - performance.now()))

const only = process.argv.slice(2)
const node = (script, ...args) => [process.execPath, [script, ...args]]
const checks = [
  ['format', ...node('node_modules/prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.')],
  ['types', ...node('node_modules/typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.json')],
  [
    'types of the pages',
    ...node('node_modules/typescript/bin/tsc', '--noEmit', '-p', 'web/app/tsconfig.json'),
  ],
  ['lint', ...node('node_modules/eslint/bin/eslint.js', '.')],
]

let passed = 0
let failed = 0
const tell = (name, ok) => {
  console.log(`${ok ? '✓' : '✗'} ${name}`)
  if (ok) passed += 1
  else failed += 1
}

if (only.length === 0) {
  for (const [name, command, args] of checks) {
    tell(name, spawnSync(command, args, { stdio: 'inherit' }).status === 0)
  }
}
if (!existsSync('dist/bin/meterhood.js')) spawnSync(process.execPath, ['bin/build.mjs'], { stdio: 'inherit' })

const folder = mkdtempSync(join(tmpdir(), 'meterhood-test-'))

/** Runs these spec files, or all; null when there are no results at all. */
function run(name, files, flags = [], timeout = undefined) {
  const results = join(folder, `${name}.json`)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${results}`]
  const { status } = spawnSync(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', ...reporters, ...flags, ...files],
    {
      stdio: 'inherit',
      timeout,
      env: { ...process.env, NO_COLOR: process.env.CI ? '1' : process.env.NO_COLOR },
    },
  )
  const report = existsSync(results) ? JSON.parse(readFileSync(results, 'utf8')) : null
  return { status, report, broken: report?.testResults.filter((file) => file.status === 'failed') ?? [] }
}

const failedOf = (file) => file.assertionResults.filter(({ status }) => status === 'failed')

/** A file that did not even start, or whose end failed, is a failure too. */
const countFailed = (files) => files.reduce((sum, file) => sum + Math.max(1, failedOf(file).length), 0)

const first = run('results', only)
let broken = first.broken
/** What there is of each file: where it was tried once more, that. */
let files = first.report?.testResults ?? []
const again = []
// Real processes on a busy machine: what failed beside other specs is tried once more alone (decision 102).
if (broken.length > 0 && broken.length <= AGAIN_MOST && performance.now() < AGAIN_UNTIL_MS) {
  console.log(`\nOnce more, alone: ${broken.map(({ name }) => relative('.', name)).join(', ')}`)
  const names = broken.map((file) => relative('.', file.name))
  const timeout = Math.min(AGAIN_MS, timeLeft())
  const second = run('again', names, ['--no-file-parallelism'], timeout)
  if (second.report !== null) {
    const still = new Set(second.broken.map(({ name }) => name))
    for (const file of broken.filter(({ name }) => !still.has(name))) {
      const titles = failedOf(file).map(({ fullName }) => fullName)
      again.push(...(titles.length > 0 ? titles : [relative('.', file.name)]))
    }
    broken = second.broken
    const retried = new Map(second.report.testResults.map((file) => [file.name, file]))
    files = files.map((file) => retried.get(file.name) ?? file)
  }
}

/** Runs the LAN of namespaces in short, or those of its rows; null when it came to nothing. */
function runLan(words) {
  const args = ['--import', 'tsx', 'specs/lan/run.ts', '--ci', '--json', ...words]
  const { stdout } = spawnSync(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    timeout: Math.min(LAN_MS, timeLeft()),
  })
  try {
    return JSON.parse(stdout)
  } catch {
    return null
  }
}

/** Real processes here, too: the rows that failed are tried once more (decision 102). */
function checkLan() {
  console.log('\nLAN of network namespaces, in short (`npm run test:lan` is the whole of it):')
  const hasTime = () => timeLeft() > LAN_LEAST_MS
  if (!hasTime()) {
    console.log('The LAN was LEFT OUT: the specs took the time that `.ci/run` has. Run `npm run test:lan`.')
    return
  }
  const firstRows = runLan([]) ?? (hasTime() ? runLan([]) : null)
  if (firstRows === null) return tell('the LAN', false)
  if (firstRows.leftOut?.kind === 'right') {
    console.log(`The LAN was LEFT OUT: this kernel refuses network namespaces (${firstRows.leftOut.words}).`)
    return
  }
  if (firstRows.leftOut !== null) return tell(`the LAN (it needs ${firstRows.leftOut.words})`, false)
  const bad = firstRows.rows.filter(({ ok }) => !ok).map(({ fault }) => fault)
  const mayTry = bad.length > 0 && hasTime()
  const second = mayTry ? (runLan(bad)?.rows ?? []) : []
  for (const { fault, ok } of firstRows.rows) {
    const mended = second.some((row) => row.fault === fault && row.ok)
    if (mended) again.push(`LAN: ${fault}`)
    if (ok || mended) passed += 1
    else failed += 1
  }
}

const left = []
failed += countFailed(broken)
if (first.report === null) failed += 1
else {
  const tests = files.flatMap((file) => file.assertionResults)
  const open = tests.filter(({ status }) => ['pending', 'skipped', 'todo', 'disabled'].includes(status))
  left.push(...open.map(({ fullName }) => fullName))
  passed += tests.length - left.length - broken.flatMap(failedOf).length
}
if (first.status !== 0 && failed === 0 && again.length === 0) failed += 1
if (only.length === 0 && process.env.CI === 'true') checkLan()
rmSync(folder, { recursive: true, force: true })

if (again.length > 0) {
  console.log(`\nFailed beside the others and passed alone (${again.length}):`)
  for (const name of again) console.log(`  - ${name}`)
}
if (left.length > 0) {
  console.log(`\nLeft out on this machine (${left.length}):`)
  for (const name of left.slice(0, 40)) console.log(`  - ${name}`)
  console.log('`npx meterhood doctor` says which tools are missing and how to get them.')
  if (process.env.CI === 'true') failed += left.length
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
