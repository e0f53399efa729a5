// Mutation testing (`npm run mutation -- GROUP [FILE…]`): bench/mutation.ts says which files and which specs a group has.
const group = process.env.METERHOOD_MUTATION_GROUP ?? 'rules'
const mutate = JSON.parse(process.env.METERHOOD_MUTATION_FILES ?? '["protocols/rules/**/*.ts"]')
const types = process.env.METERHOOD_MUTATION_TYPES ?? 'tsconfig.json'

/** @type {import('@stryker-mutator/api/core').PartialStrykerOptions} */
export default {
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner', '@stryker-mutator/typescript-checker'],
  vitest: { configFile: 'vitest.mutation.config.ts', related: false },
  checkers: ['typescript'],
  tsconfigFile: types,
  mutate,
  concurrency: Number(process.env.METERHOOD_MUTATION_WORKERS ?? 1),
  coverageAnalysis: 'perTest',
  ignoreStatic: process.env.METERHOOD_MUTATION_LOADING !== 'true',
  ignorePatterns: ['dist', 'docs', 'hardware/profiles', 'web/app', 'build', '.meterhood', 'specs/e2e'],
  tempDirName: 'build/stryker',
  incremental: true,
  incrementalFile: `build/mutation/${group}.incremental.json`,
  reporters: ['json', 'clear-text', 'progress-append-only'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false, reportScoreTable: true },
  jsonReporter: { fileName: `build/mutation/${group}.json` },
  timeoutMS: 10_000,
  allowEmpty: true,
}
