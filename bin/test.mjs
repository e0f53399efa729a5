#!/usr/bin/env node
// `npm test`: style, types, then every spec; ends with what was left out and `N passed, N failed`.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

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
const results = join(folder, 'results.json')
const vitest = spawnSync(
  process.execPath,
  [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${results}`,
    ...only,
  ],
  { stdio: 'inherit', env: { ...process.env, NO_COLOR: process.env.CI ? '1' : process.env.NO_COLOR } },
)

const left = []
if (existsSync(results)) {
  const report = JSON.parse(readFileSync(results, 'utf8'))
  passed += report.numPassedTests
  failed += report.numFailedTests
  for (const file of report.testResults) {
    if (file.status === 'failed' && file.assertionResults.length === 0) failed += 1
    for (const test of file.assertionResults) {
      if (['pending', 'skipped', 'todo', 'disabled'].includes(test.status)) left.push(test.fullName)
    }
  }
} else {
  failed += 1
}
if (vitest.status !== 0 && failed === 0) failed += 1
rmSync(folder, { recursive: true, force: true })

if (left.length > 0) {
  console.log(`\nLeft out on this machine (${left.length}):`)
  for (const name of left.slice(0, 40)) console.log(`  - ${name}`)
  console.log('`npx meterhood doctor` says which tools are missing and how to get them.')
  if (process.env.CI === 'true') failed += left.length
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
