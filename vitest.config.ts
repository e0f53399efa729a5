import { configDefaults, defineConfig } from 'vitest/config'

/** Minutes of real gateways: only a run that counts machines takes them (`npm run coverage:machines`). */
const LONG = ['specs/models/gateways.spec.ts', 'specs/crashes/board.spec.ts', 'specs/crashes/calls.spec.ts']
const isCounted = process.env['METERHOOD_COVERAGE'] !== undefined

export default defineConfig({
  test: {
    include: ['specs/**/*.spec.ts'],
    exclude: [...configDefaults.exclude, 'build/**', ...(isCounted ? [] : LONG)],
    setupFiles: ['specs/setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Polls end at the first success; the limit is for a busy machine.
    expect: { poll: { timeout: 20_000 } },
    // Unpersistable XState children are refused only by the development build (statelyai/xstate#5331).
    execArgv: ['--conditions=development'],
  },
})
