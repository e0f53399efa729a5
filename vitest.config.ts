import { configDefaults, defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Minutes of real gateways: only a run that counts machines takes them (`npm run coverage:machines`). */
const LONG = [
  'specs/models/delegation.spec.ts',
  'specs/models/gateways.spec.ts',
  'specs/crashes/board.spec.ts',
  'specs/crashes/calls.spec.ts',
  'specs/crashes/archive.spec.ts',
  'specs/crashes/prices.spec.ts',
]
const isCounted = process.env['METERHOOD_COVERAGE'] !== undefined

/** Whole communities run for minutes: they begin first, so that nothing is waited for in the end. */
const ofMinutes = ({ moduleId }: TestSpecification): boolean =>
  /\/specs\/(audit|e2e|market|chain\/(forge|network))\//.test(moduleId)

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return [...sorted.filter(ofMinutes), ...sorted.filter((file) => !ofMinutes(file))]
  }
}

export default defineConfig({
  test: {
    include: ['specs/**/*.spec.ts'],
    exclude: [...configDefaults.exclude, 'build/**', ...(isCounted ? [] : LONG)],
    globalSetup: ['specs/built.ts'],
    setupFiles: ['specs/setup.ts'],
    pool: 'forks',
    maxWorkers: 3,
    sequence: { sequencer: LongFirst },
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Polls end at the first success; the limit is for a busy machine.
    expect: { poll: { timeout: 20_000 } },
    // Unpersistable XState children are refused only by the development build (statelyai/xstate#5331).
    execArgv: ['--conditions=development'],
  },
})
